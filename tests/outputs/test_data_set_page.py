"""The page of a data set: what stands in it, that it is safe, and that it is seen in a real browser."""

import base64
import json
import re
import shutil
import warnings
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from caloscope import dataset
from caloscope.dataset import DataSet, MapInfo, Row, open_data_set
from caloscope.geometry import View, view
from caloscope.outputs.data_page import write_page
from caloscope.outputs.data_page.facts import facts, text
from caloscope.outputs.data_page.planes import planes
from caloscope.outputs.data_page.scales import scale_of, short
from caloscope.outputs.data_page.sums import add_up
from caloscope.outputs.data_page.timeline import MAX_STEPS, Stretch, Timeline, thinned, timeline
from caloscope.outputs.data_page.trends import trends
from caloscope.records import BinRange, MapRecord

HOSTILE = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
RUNS = (320001, 320010)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]


def axes(on: View) -> tuple[BinRange, ...]:
    plane = tuple(BinRange(axis.title, axis.bins, axis.low, axis.high) for axis in (on.y, on.x))
    return (BinRange("depth", len(on.depths), 0.5, len(on.depths) + 0.5), *plane) if on.depths else plane


def info(name: str, era: str = "2018") -> MapInfo:
    on = view(name.split("/", maxsplit=1)[0], era)
    noise = "binomial" if on.depths else "overdispersed"
    return MapInfo(name, on.name, "digi", noise, "Ecal", on.version, "counts", on.shape, axes(on))


ENDCAP, HCAL = info("EE+/digi"), info("HCAL/digi")
TIMING = MapInfo(
    "plain/Hcal.Timing", "plain", "Hcal.Timing", "", "", "", "float", (6, 9),
    (BinRange(f"time {HOSTILE}", 6, -12.5, 12.5), BinRange("i#eta", 9, -20, 20)),
)  # fmt: skip
LINE = MapInfo("plain/line", "plain", "line", "", "", "", "counts", (20,), (BinRange("ADC", 20, 0, 50),))
CUBE = MapInfo("plain/cube", "plain", "cube", "", "", "", "counts", (3, 4, 5), ())
MAPS = (ENDCAP, HCAL, TIMING, LINE, CUBE)
DEAD = (10, 4)


def record(one: MapInfo, events: int | None, span: int, rng: np.random.Generator) -> MapRecord:
    """A row of a map; one endcap cell is dead, and one bin outside the endcap holds counts."""
    plain = () if one.geometry else one.axes
    if one.kind == "float":
        return MapRecord(rng.normal(0, 2, one.shape).astype(np.float32), axes=plain)
    counts = rng.poisson(500 * span, one.shape).astype(np.uint32)
    if one is ENDCAP:
        exists = view("EE+", "2018").exists
        counts[~exists] = 0
        counts[DEAD], counts[0, 0] = 0, 7
    return MapRecord(counts, events, 50.0 if events else None, span, axes=plain)


def rows() -> Iterator[Row]:
    rng = np.random.default_rng(3)
    for run, lumis in zip(RUNS, ((1, 2, 3, 7, 8), (5, 15)), strict=True):
        for lumi in lumis:
            span = 10 if lumi == 15 else 1
            known = {one.name: None if one is LINE else 1000 * span for one in MAPS}
            maps = {one.name: record(one, known[one.name], span, rng) for one in MAPS}
            if lumi == 2:
                del maps["EE+/digi"]
            yield Row(run, lumi, 1.53e9 + lumi, maps)


PROVENANCE: dict[str, Any] = {
    "version": "0.9",
    "command": f"caloscope convert {HOSTILE}",
    "sources": [{"name": "a.root"}, {"name": "b.root", "fault": "TRUNCATED", "detail": f"b.root {HOSTILE}"}],
    "dropped": [{"map": "*", "why": "NOT_CERTIFIED", "count": 3, "lumisections": {"320001": [[4, 6]]}}],
    "assumptions": ["era 2018 taken from run 320001"],
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("set") / "data.h5"
    label = f"ZeroBias {HOSTILE}"
    dataset.write(made, list(rows()), 7, sorted(MAPS, key=lambda m: m.name), label=label, era="2018",
                  provenance=PROVENANCE)  # fmt: skip
    return made


@pytest.fixture(scope="module")
def data(path: Path) -> Iterator[DataSet]:
    with open_data_set(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(data: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("page") / "page.html"
    assert write_page(data, made, name=f"data {HOSTILE}.h5") == 5
    assert [each.name for each in made.parent.iterdir()] == ["page.html"]
    return made


def body(page: Path) -> str:
    """The page without Plotly's own script."""
    return page.read_text("utf-8").partition("<body>")[2].rpartition("<footer>")[0]


def figures(page: Path) -> list[dict[str, Any]]:
    found = re.findall(r'<script type="application/json">(.*?)</script>', body(page), re.DOTALL)
    return [json.loads(each) for each in found]


def unpacked(coded: dict[str, Any]) -> Any:
    values = np.frombuffer(base64.b64decode(coded["bdata"]), f"<{coded['dtype']}")
    return values.reshape([int(n) for n in coded["shape"].split(",")]) if "shape" in coded else values


def test_facts_are_those_of_the_data_set(data: DataSet) -> None:
    said = facts(data)
    assert [(r.run, r.first, r.last, r.number, r.gaps, r.missing) for r in said.runs] == [
        (RUNS[0], 1, 8, 5, ((4, 6),), 3),
        (RUNS[1], 5, 15, 2, (), 0),
    ]
    assert (said.lumis, said.era, said.version, said.sources) == (7, "2018", "0.9", 2)
    assert said.left_out[0] == ("*", "NOT_CERTIFIED", 3, (320001,))
    assert len(said.unreadable) == 1
    endcap = next(one for one in said.maps if one.info.name == "EE+/digi")
    assert (endcap.present, endcap.spans) == (6, {1: 5, 10: 1})
    assert endcap.events is not None
    assert endcap.events[:4] == (6, 1000, 1000, 10000)
    assert endcap.pileup is not None


@pytest.mark.parametrize(
    "provenance",
    [
        {"dropped": 3, "sources": "x", "assumptions": {}},
        {"dropped": [{"count": "many"}, 4, {"why": None}], "sources": [1, None]},
        {"dropped": [{"map": 1, "why": 2, "count": 1, "lumisections": {"9" * 9999: 1, "x": 2}}]},
    ],
)
def test_a_provenance_of_nonsense_is_no_matter(provenance: dict[str, Any], tmp_path: Path) -> None:
    made = tmp_path / "data.h5"
    dataset.write(made, list(rows()), 7, list(MAPS), label="x", era="2018", provenance=provenance)
    with open_data_set(made) as opened:
        said = facts(opened)
    assert said.lumis == 7
    assert all(left.runs == () for left in said.left_out)


def test_text_is_one_short_line() -> None:
    assert text("a\nb\x1b[31m\u202e") == "a b [31m "
    assert len(text("x" * 10_000)) == 300


def test_the_mean_is_per_event_and_of_cells_alone(data: DataSet) -> None:
    sums = add_up(data, "EE+/digi", view)
    events = data.events("EE+/digi")
    counts = data.counts("EE+/digi", 0, 7).astype(np.float64)
    there = data.present("EE+/digi")
    assert sums.per == "event"
    np.testing.assert_allclose(sums.mean, counts[there].sum(axis=0) / events[there].sum())
    assert sums.outside == 42
    exists = view("EE+", "2018").exists
    np.testing.assert_allclose(sums.row_totals[there], counts[there][:, exists].sum(axis=1))
    assert np.isnan(sums.row_totals[~there]).all()
    (plane,) = planes(sums, 9)
    assert np.argwhere(plane.never).tolist() == [list(DEAD)]


def test_without_events_the_mean_is_per_lumisection(data: DataSet) -> None:
    sums = add_up(data, "plain/line", view)
    counts = data.counts("plain/line", 0, 7).astype(np.float64)
    assert sums.per == "lumisection"
    np.testing.assert_allclose(sums.mean, counts.sum(axis=0) / 16)
    assert [each.name for each in trends(data, sums)] == ["counts per LS"]


def test_slices_add_up_to_the_same(data: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = add_up(data, "HCAL/digi", view)
    monkeypatch.setattr("caloscope.outputs.data_page.sums.SLICE_BYTES", 1)
    sliced = add_up(data, "HCAL/digi", view)
    np.testing.assert_allclose(sliced.mean, whole.mean)
    np.testing.assert_array_equal(sliced.row_totals, whole.row_totals)


def test_another_geometry_is_drawn_bin_by_bin(data: DataSet) -> None:
    sums = add_up(data, "EE+/digi", lambda name, _era: view("EE-" if name == "EE+" else name, "2018"))
    assert sums.view is None
    assert sums.exists.all()


@pytest.mark.parametrize(
    ("values", "ends", "logarithmic"),
    [
        ([], None, False),
        ([5.0, 5.0], ("5",), False),
        ([0.0] * 3, ("0",), False),
        ([*np.linspace(1, 2, 1000), 1e9], ("≤ 1.01", "≥ 1.99"), False),
        (np.geomspace(1e-3, 10, 1000), ("≤ 0.0011", "≥ 9.12"), True),
        ([-3.0, 4.0], ("≤ -2.93", "≥ 3.93"), False),
        ([1e-300, 1e300], ("≤ 1.00e+298", "≥ 9.90e+299"), True),
    ],
)
def test_one_cell_does_not_spoil_the_scale(
    values: Any, ends: tuple[str, ...] | None, logarithmic: bool
) -> None:
    scale = scale_of(np.asarray(values, np.float64))
    if ends is None:
        assert scale is None
        return
    assert scale is not None
    words = [tick for _, tick in scale.ticks]
    assert (words[0], words[-1]) == (ends[0], ends[-1])
    assert len(words) <= 12
    assert scale.logarithmic is logarithmic


def test_numbers_are_short() -> None:
    assert [short(v) for v in (0, 0.01234, 12.345, 1234567, 1e-9)] == [
        "0",
        "0.0123",
        "12.3",
        "1,234,567",
        "1.00e-09",
    ]


def test_runs_stand_side_by_side_and_spans_have_their_width(data: DataSet) -> None:
    spans = np.maximum(data.spans("HCAL/digi"), 1)
    line = timeline(data, spans)
    assert (line.x1 - line.x0).tolist() == spans.tolist()
    assert [(run.run, run.first) for run in line.runs] == [(RUNS[0], 1), (RUNS[1], 5)]
    assert line.runs[1].start > line.runs[0].end
    assert line.runs[1].at(5) == line.x1[5] - 0.5


def test_long_lines_are_thinned_within_runs() -> None:
    x0 = np.r_[np.arange(5000.0), 6000 + np.arange(5001.0)]
    line = Timeline(x0, x0 + 1, (Stretch(1, 0, 5000, 1), Stretch(2, 6000, 11001, 1)))
    first, last, level = thinned(line, x0.copy())
    assert len(level) <= MAX_STEPS + 2
    assert not np.any((first < 5000) & (last > 5000))
    assert level.min() < 4
    np.testing.assert_allclose(level, (first + last - 1) / 2)


def test_the_page_says_what_the_data_set_holds(page: Path) -> None:
    words = unescape(re.sub(r"<[^>]*>", " ", body(page)))
    for wanted in ("EE+/digi", "6 x 9", "320001, 320010", "NOT_CERTIFIED", "4-6", "Caloscope 0.9",
                   "3 missing between", "1 cell without counts", "0.5", "42 counts more",
                   "events are not known", "real numbers", "up to 10 LS"):  # fmt: skip
        assert wanted in words, wanted
    assert view("EE+", "2018").describe(DEAD) in words


def test_every_figure_has_words_and_a_table(page: Path) -> None:
    html = body(page)
    described = re.findall(r'class="plot" role="img" aria-label="([^"]+)"', html)
    assert len(described) == len(figures(page)) == html.count("<figure>") == 10
    assert "depth 1: median" in " ".join(described)
    for part in html.split('<section class="map"')[1:]:
        assert part.count("<table>") == part.count("<figure>")


def test_the_figures_hold_the_numbers(page: Path, data: DataSet) -> None:
    drawn, trend = figures(page)[:2]
    grey, coloured, *rings = drawn["data"]
    mean = unpacked(coloured["z"])
    exists = view("EE+", "2018").exists
    assert mean.shape == (20, 20)
    assert np.isnan(mean[~exists]).all(), "bins that are no cells stay white"
    assert np.argwhere(np.isfinite(unpacked(grey["z"]))).tolist() == [list(DEAD)]
    assert grey["colorscale"][0][1] not in ("#440154", "#fde725")
    assert len(rings) == 2
    assert drawn["layout"]["xaxis"]["title"]["text"] == "ix"
    x, y = (unpacked(trend["data"][0][letter]) for letter in "xy")
    assert len(x) == 3 * 6
    assert np.isnan(y[2::3]).sum() >= 2, "a gap is not bridged"
    assert len(trend["layout"]["shapes"]) > 1


def test_hostile_words_stay_words(page: Path) -> None:
    html = page.read_text("utf-8")
    assert "<script>document" not in html
    assert "<img" not in body(page)
    assert html.count("<script>") == 2, "only Plotly and what draws with it are run"
    axis = next(f for f in figures(page) if "time" in str(f["layout"]["yaxis"]["title"]))
    assert axis["layout"]["yaxis"]["title"]["text"].startswith("time &lt;script&gt;")
    assert axis["layout"]["xaxis"]["title"]["text"] == "iη"
    assert not re.search(r'(?:src|href)="(?!#|data:,)', html.partition("<script>")[0])


def test_only_so_many_maps_are_drawn(data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caloscope.outputs.data_page.page.MOST_MAPS", 2)
    assert write_page(data, tmp_path / "few.html", name="x") == 2
    assert "2 of 5 maps are drawn" in body(tmp_path / "few.html")
    assert write_page(data, tmp_path / "all.html", name="x", everything=True) == 5


def test_a_failure_leaves_nothing(data: DataSet, tmp_path: Path) -> None:
    def fail(_name: str, _number: int) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_page(data, tmp_path / "page.html", name="x", tell=fail)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium is installed")
    with warnings.catch_warnings(), sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def opened(browser: Browser, page: Path) -> Iterator[Page]:
    """The page without a network, which must neither complain nor ask for anything but itself."""
    shown = browser.new_page(viewport={"width": 1400, "height": 900})
    complaints: list[str] = []
    asked: list[str] = []
    shown.context.set_offline(True)
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(page.as_uri())
    shown.wait_for_selector("body[data-drawn]", timeout=60_000)
    yield shown
    shown.close()
    assert complaints == []
    assert asked == [page.as_uri()] + [url for url in asked if url.startswith(("data:", "blob:"))]


@pytest.mark.browser
def test_the_page_in_a_browser(opened: Page) -> None:
    assert opened.locator("h2").count() == 4 + 5
    plots = opened.locator(".plot[role=img]")
    assert plots.count() == 10
    for index in range(10):
        plot = plots.nth(index)
        assert plot.locator(".main-svg").count() >= 1
        assert len(plot.get_attribute("aria-label") or "") > 20
    assert opened.locator(".heatmaplayer image").count() >= 1 + 2 * 3
    assert opened.locator(".scatterlayer .trace").count() > 10
    assert "broken" not in opened.title().split("<")[0]
    assert opened.title().startswith("ZeroBias <script>"), "what is no markup is shown letter for letter"


@pytest.mark.browser
def test_the_page_is_used_with_the_keyboard(opened: Page) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    links = opened.locator("#maps table a")
    assert links.count() == 5
    links.nth(2).focus()
    opened.keyboard.press("Enter")
    assert opened.url.endswith("#map-3")
    assert opened.locator("#map-3 h2").is_visible()
    opened.locator("#map-1 summary").focus()
    opened.keyboard.press("Enter")
    assert opened.locator("#map-1 .cells li").is_visible()


@pytest.mark.browser
def test_the_page_fits_paper(opened: Page) -> None:
    opened.set_viewport_size({"width": 703, "height": 1000})
    opened.emulate_media(media="print")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 703
