"""The report of a study: tables that read back, a page that is safe and is seen in a real browser."""

import csv
import json
import re
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from math import inf, isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from caloscope.geometry import view
from caloscope.study.report import write_report
from caloscope.study.report.parts import parts
from caloscope.study.report.scenes import MOST, chosen, scene
from caloscope.study.report.sections import sections
from caloscope.study.report.tables import NAMES, header, write_tables
from caloscope.study.results import Interval, Results
from tests.study.report import invented

HOSTILE = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">$x^2"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]
FAULTS = (*invented.FAULTS, (f"cell x0.9 {HOSTILE}", f"cell {HOSTILE}", 0.9))
DETECTORS = invented.DETECTORS | {HOSTILE: 5.0}


@pytest.fixture(scope="module")
def study() -> Results:
    made = invented.results(DETECTORS, FAULTS, f"Study {HOSTILE}")
    return replace(made, about=HOSTILE, map=f"EE+/digi{HOSTILE}", text=HOSTILE, made_with={HOSTILE: HOSTILE})


@pytest.fixture(scope="module")
def folder(study: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("study") / "new"
    examples = invented.examples(view("EE+", "2018"), detector=HOSTILE)
    with pytest.MonkeyPatch.context() as patch:
        # The pictures of paper take the longest and have a test of their own.
        patch.setattr("caloscope.study.report.write.write_pictures", lambda *_: None)
        write_report(study, examples, view("EE+", "2018"), made)
    return made


def body(folder: Path) -> str:
    """The page without Plotly's own script."""
    page = (folder / "report.html").read_text("utf-8")
    return page.partition("<body>")[2].rpartition("<footer>")[0]


def figures(folder: Path) -> list[dict[str, Any]]:
    found = re.findall(r'<script type="application/json">(.*?)</script>', body(folder), re.DOTALL)
    return [json.loads(each) for each in found]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_read_back_to_the_same_numbers(folder: Path, study: Results) -> None:
    rows = read(folder / "faults.csv")
    assert list(rows[0]) == header("faults")
    assert len(rows) == len(study.faults)
    for row, line in zip(rows, study.faults, strict=True):
        assert (row["detector"], row["fault"]) == (line.setting.detector, line.fault)
        for name in ("found", "delay", "mean_delay", "fdr"):
            values = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
            for text, number in zip(values, getattr(line, name), strict=True):
                assert (text == "") if isnan(number) else (float(text) == number)
    assert any(row["delay"] == "inf" for row in rows), "what is infinite is called so"
    assert [float(row["rate"]) for row in read(folder / "clean.csv")] == [
        each.rate.value for each in study.clean
    ]
    columns = [(row["lumis"], row["clean_lumis"]) for row in read(folder / "clean.csv")]
    assert columns == [("3700", "14800")] * len(study.clean), "learned from, and judged"
    assert len(read(folder / "curves.csv")) == sum(len(each.x) for each in study.curves)
    assert [int(row["size"]) for row in read(folder / "costs.csv")] == [each.size for each in study.costs]


def test_parquet_holds_what_csv_holds(folder: Path, study: Results) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for name in NAMES:
        assert parquet.read_table(folder / f"{name}.parquet").column_names == header(name)
    table = parquet.read_table(folder / "ranking.parquet").to_pydict()
    assert table["slower"] == [each.slower.value for each in study.ranking]
    assert inf in parquet.read_table(folder / "faults.parquet").to_pydict()["delay"]


def test_nothing_at_all_is_a_report_too(tmp_path: Path) -> None:
    write_report(Results("", "", "EE+/digi", 1.0), [], view("EE+", "2018"), tmp_path)
    assert "<figure>" not in body(tmp_path)
    assert read(tmp_path / "faults.csv") == []


class Reader(HTMLParser):
    """Notes which elements are open and what the page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.headings: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        self.headings += [dict(attrs)] if tag == "th" else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_nobody(folder: Path) -> None:
    reader = Reader()
    reader.feed((folder / "report.html").read_text("utf-8"))
    assert reader.open == []
    tables = {f"{name}.csv" for name in NAMES}
    assert [link for link in reader.loads if not link.startswith(("#", "data:")) and link not in tables] == []
    assert all(heading["scope"] in ("row", "col") for heading in reader.headings)


def test_every_figure_has_a_caption(folder: Path) -> None:
    html = body(folder)
    captions = re.findall(r"<figcaption><b>Figure (\d+)\. .+?</b> (.+?)</figcaption>", html, re.DOTALL)
    assert [int(number) for number, _ in captions] == list(range(1, html.count("<figure>") + 1))
    assert len(figures(folder)) == len(captions) == html.count('role="img"')
    drawn = [words for _, words in captions if "Counts, expectation" not in words]
    assert len(drawn) == 13
    assert all("95 %" in words or "in the table at the end" in words for words in drawn)
    assert all("Look " in words for words in drawn)


def test_hostile_words_stay_words(folder: Path) -> None:
    html = (folder / "report.html").read_text("utf-8")
    assert "<script>document" not in html
    assert "<img" not in body(folder)
    assert html.count("<script>") == 2, "only Plotly and what draws with it are run"
    assert HOSTILE in unescape(re.sub(r"<[^>]*>", " ", body(folder)))
    for drawn in figures(folder):
        assert "<script" not in json.dumps(drawn), "nor does Plotly get markup that is not ours"
        assert "<img" not in json.dumps(drawn)


def test_a_detector_looks_the_same_everywhere(folder: Path) -> None:
    seen: dict[str, set[tuple[str, str]]] = {}
    for drawn in figures(folder):
        for trace in drawn["data"]:
            if trace["type"] == "scatter" and trace.get("name"):
                seen.setdefault(trace["name"], set()).add((trace["line"]["color"], trace["line"]["dash"]))
    assert len(seen) >= len(DETECTORS) + 1
    assert all(len(looks) == 1 for looks in seen.values())
    assert seen["oracle"] == {("#000000", "dash")}


def test_the_oracle_and_all_detectors_are_in_the_delay_curves() -> None:
    found = {
        drawing.name: drawing for part in sections(parts(invented.results())) for drawing in part.drawings
    }
    chart: Any = found["delay"]
    assert [panel.title for panel in chart.panels] == ["cell", "4 x 4 cells"]
    assert {line.name for line in chart.panels[0].lines} == {*invented.DETECTORS, "oracle"}
    assert [words for _, words in chart.panels[1].x.ticks] == ["x0.5", "x0.9", "x2"]
    oracle = next(line for line in chart.panels[0].lines if line.name == "oracle")
    assert [each.value for each in oracle.y] == [1.5, 2.0, pytest.approx(3.5)]
    transfer: Any = found["transfer-1"]
    assert [grid.title for grid in transfer.grids] == list(invented.DETECTORS)
    grid = transfer.grids[0]
    assert [tile.value for tile in (grid.tiles[i][i] for i in range(3))] == [0.0] * 3, "at home"
    assert grid.tiles[0][2].value > grid.tiles[0][1].value > 0.0


def test_seeds_are_put_together() -> None:
    made = invented.results()
    first = next(line for line in made.ranking if line.setting.matrix == "default")
    again = replace(first, setting=replace(first.setting, seed=2), slower=Interval(2.0, 1.0, 5.0))
    line = parts(replace(made, ranking=(*made.ranking, again))).ranking(parts(made).main)["reference"]
    assert line.slower == Interval((first.slower.value + 2.0) / 2, 1.0, 5.0)


def test_examples_are_hits_and_misses_of_many_faults() -> None:
    on = view("EE+", "2018")
    few = chosen(invented.examples(on, invented.MORE_FAULTS))
    assert len(few) == MOST
    assert len({each.fault for each in few}) >= MOST - 1
    assert 2 <= sum(each.delay is None for each in few) <= 6
    assert "Missed" in scene(next(each for each in few if each.delay is None), on).note


def test_of_depths_the_one_with_the_fault_is_shown() -> None:
    on = view("HCAL", "2018")
    shown = scene(invented.examples(on)[0], on)
    assert f"depth {on.depths[1]}" in shown.note
    assert np.nansum(shown.faulty) == 1
    assert shown.counts.shape == on.shape[1:]


def test_pictures_for_paper(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    made = invented.results({"reference $": 1.3}, invented.FAULTS[:2])
    write_report(
        replace(made, curves=()), invented.examples(view("EE+", "2018"))[:1], view("EE+", "2018"), tmp_path
    )
    names = {each.stem for each in (tmp_path / "figures").iterdir()}
    assert names >= {"ranking", "glance", "delay", "found", "fdr", "transfer-1", "cost", "examples"}
    for name in names:
        assert (tmp_path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_an_old_parquet_is_not_left_beside_new_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clean.parquet").write_text("old")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.delitem(__import__("sys").modules, "caloscope.study.report.parquet", raising=False)
    write_tables(invented.results(), tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(f"{name}.csv" for name in NAMES)


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
def opened(browser: Browser, folder: Path) -> Iterator[Page]:
    """The page without a network, which must neither complain nor ask for anything but itself."""
    shown = browser.new_page(viewport={"width": 1400, "height": 900})
    complaints: list[str] = []
    asked: list[str] = []
    shown.context.set_offline(True)
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    page = (folder / "report.html").as_uri()
    shown.goto(page)
    shown.wait_for_selector("body[data-drawn]", timeout=60_000)
    yield shown
    shown.close()
    assert complaints == []
    assert asked == [page] + [url for url in asked if url.startswith(("data:", "blob:"))]


@pytest.mark.browser
def test_the_page_in_a_browser(opened: Page, folder: Path) -> None:
    plots = opened.locator(".plot[role=img]")
    assert plots.count() == len(figures(folder))
    for index in range(plots.count()):
        assert plots.nth(index).locator(".main-svg").count() >= 1
    assert opened.title().startswith("Study <script>"), "what is no markup is shown letter for letter"
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1400
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.locator("#all summary").focus()
    opened.keyboard.press("Enter")
    assert opened.locator("#all table").is_visible()


@pytest.mark.browser
def test_figures_fit_on_a_laptop(opened: Page) -> None:
    opened.set_viewport_size({"width": 1280, "height": 800})
    cut_off = (
        "[...document.querySelectorAll('.plot')].filter(each => each.scrollWidth > each.clientWidth).length"
    )
    assert opened.evaluate(cut_off) == 0
    edge = opened.evaluate("document.querySelector('main').getBoundingClientRect().right")
    names = opened.locator(".legendtext").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().right)"
    )
    assert len(names) > 10
    assert max(names) < edge
