"""The page on a phone, on a tablet and on a desk: no word is cut off, whatever a store holds."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from caloscope.errors import Fault
from caloscope.records import LumiState, Reason
from caloscope.store import Entry, FileRow, LumiRow, Store

from .conftest import Watched
from .filling import BARREL, BUNDLES, ENDCAP, HADRON, RUN, incident, members, result, view_of

pytestmark = pytest.mark.browser

STREAM = "Express_HLTMonitor_of_a_very_long_name_without_any_space_in_it"
WORDS = "aWordThatHasNoSpaceAndNoHyphenAndIsTooLongForEveryColumnOfThisPage"

CUT = """() => {
  const root = document.documentElement, width = root.clientWidth, found = [];
  if (root.scrollWidth > width) found.push(`the page is ${root.scrollWidth} wide`);
  const edgeThatCuts = (box, element) => {
    if (box.left < -0.5 || box.right > width + 0.5) return "page";
    for (let around = element; around !== document.body; around = around.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(around), edge = around.getBoundingClientRect();
      const across = overflowX !== "visible" && (box.left < edge.left - 1 || box.right > edge.right + 1);
      const down = overflowY === "hidden" && (box.top < edge.top - 3 || box.bottom > edge.bottom + 3);
      if (across || down) return around.className;
    }
    return null;
  };
  const elsewhere = "option, svg, script, noscript, .hidden, .skip";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, element = text.parentElement, range = document.createRange();
    if (!text.data.trim() || element.closest(elsewhere) || !element.checkVisibility()) continue;
    range.selectNodeContents(text);
    const lines = [...range.getClientRects()].filter((box) => box.width > 1);
    const by = lines.map((box) => edgeThatCuts(box, element)).find((name) => name !== null);
    if (by !== undefined) found.push(`${text.data.trim().slice(0, 60)} (${by})`);
  }
  for (const control of document.querySelectorAll("select, input, button")) {
    const { right } = control.getBoundingClientRect();
    if (control.checkVisibility() && right > width) found.push(control.id || control.textContent);
  }
  return found;
}"""
"""Texts that an edge cuts, and by which; a list of nothing where all can be read."""


def told(lumi: int) -> LumiRow:
    """Conditions of which there is much to say: a part off, another trigger, a detail without end."""
    detail = f"found in the table of conditions by hand, {WORDS}"
    state = LumiState.SPECIAL if lumi == 3 else LumiState.COLLISIONS
    off = ("EB+", "HBHEa") if lumi >= 5 else ()
    return LumiRow(STREAM, RUN, lumi, state, "told", detail, off, f"trigger_key_{lumi // 4}_{WORDS}", 8123)


@pytest.fixture
def full(store: Store) -> Store:
    """A run in which everything has a long name, and raised thresholds."""
    module = members(view_of(BARREL), "supermodule")
    tower = "12 cells in HEM15, from ieta -20, iphi 68, depth 2"
    for lumi in range(1, 7):
        results = [result(bundle, lumi, label=STREAM) for bundle in BUNDLES]
        results[0] = replace(result(BARREL, lumi, label=STREAM, bad=module), degraded=tuple(Reason)[-3:])
        results = [replace(each, detail="thresholds raised by 20 nats") for each in results]
        failed = Reason.DETECTOR_FAILED
        results[-1] = result(HADRON, lumi, label=STREAM, unknown=failed, detail=f"found {WORDS}")
        found = [
            replace(incident(BARREL, module, f"EB-04 {WORDS}", 2, lumi), label=STREAM),
            replace(incident(ENDCAP, members(view_of(ENDCAP), "sector"), tower, 1, lumi), label=STREAM),
        ]
        store.record_all([Entry(results, found if lumi > 1 else found[1:], lumis=[told(lumi)])])
    name = f"/spool/DQM_V0001_{WORDS}_R000355558_L000000004.root"
    store.note_file(FileRow(name, 1, 1, "WAITING", Fault.UNREADABLE, f"found {WORDS}", next_try=9e9))
    return store


@pytest.mark.parametrize("width", [420, 768, 1400])
def test_no_word_is_cut_off(watched: Watched, full: Store, width: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    for query in (f"?label={STREAM}", f"?label={STREAM}&run={RUN}&lumi=3&show=evidence&commissioning=1", ""):
        watched.open(query)
        for summary in page.locator("details:visible > summary").all():
            summary.click()
        assert page.evaluate(CUT) == [], query


def test_what_a_window_is_made_smaller_to_is_drawn_anew(watched: Watched, tmp_path: Path) -> None:
    """On a phone the plots of a card stand below each other, round ones as high as wide."""
    page = watched.page
    watched.open()
    page.set_viewport_size({"width": 420, "height": 900})
    plots = page.locator("#map-EEp-digi .plot .nsewdrag")
    expect(plots).to_have_count(2)
    page.wait_for_timeout(600)
    first, second = (plots.nth(place).bounding_box() for place in (0, 1))
    assert first is not None
    assert second is not None
    assert second["y"] > first["y"] + first["height"]
    assert abs(first["width"] - first["height"]) < 3
    assert page.evaluate(CUT) == []
