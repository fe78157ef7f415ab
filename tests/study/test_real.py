"""A study on measured files: small ones of the ML4DQM format made here, and the public ones of CMS."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.detectors.base import Observation, Score
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.records import LumiId
from caloscope.study.protocols import protocol_of
from caloscope.study.real.asked import RealStudy
from caloscope.study.real.injected import DIGIS, HITS, OWN
from caloscope.study.real.lines import ALL, InjectedLine, classes
from caloscope.study.real.loading import loaded
from caloscope.study.real.lost import LostHits
from caloscope.study.real.text import RealText, SampleText
from caloscope.study.real.whole import measure
from caloscope.study.shipped import found, names

from ..running import caloscope

ON = view("HCAL", "2017")
EVENTS = (1350, 1379, 1366, 1930, 1868, 1911)
DEAD = (0, 30, 40)
FAULT = f"{ON.describe(DEAD)} low"
SAMPLE: dict[str, Any] = {"file": "hcal.h5", "map": "HCAL/digi", "era": "2017", "together": 3}
TEXT: dict[str, Any] = {"title": "small", "protocol": "real", "groups": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With one file: six lumisections, one digi in 3,000 without rec hit, a channel dead in the last three.

    HF counts every event, and has no rec hits in its deeper depths; one cell has more rec hits than digis.
    """
    rng = np.random.default_rng(1)
    events = np.array(EVENTS).reshape(6, 1, 1, 1)
    rate = np.where(ON.exists, rng.uniform(0.2, 0.8, ON.shape), 0.0)
    forward = np.zeros(ON.shape, np.bool_)
    forward[..., :13] = forward[..., -13:] = True
    digis = np.where(ON.exists & forward, events, rng.binomial(events, rate))
    digis[3:, *DEAD] = 0
    hits = digis - rng.binomial(digis, 1 / 3000) * ~forward
    hits[:, 2:][:, forward[2:]] = 0
    hits[0, 0, 20, 30] = digis[0, 0, 20, 30] + 2
    where = tmp_path_factory.mktemp("measured")
    _write(where / "hcal.h5", digis, hits)
    digis[4], hits[4] = digis[1], hits[1]
    _write(where / "twice.h5", digis, hits)
    return where


def _write(path: Path, digis: NDArray[np.int64], hits: NDArray[np.int64]) -> None:
    with h5py.File(path, "w") as file:
        for depth in range(7):
            for task, counts in (("DigiTask", digis), ("RecHitTask", hits)):
                name = f"{task}_Occupancy_depth_depth{depth + 1}"
                file.create_dataset(name, data=counts[:, depth].astype(np.float32))
        file.attrs["run"] = 306138


def _line(lines: tuple[InjectedLine, ...], **wanted: object) -> InjectedLine:
    (one,) = [each for each in lines if all(getattr(each, name) == value for name, value in wanted.items())]
    return one


@pytest.mark.parametrize(
    ("changes", "sample", "words"),
    [
        ({"colour": "red"}, {}, "colour is no key"),
        ({}, {"colour": "red"}, "colour is no key"),
        ({}, {"map": "HCAL/digits"}, "found 'HCAL/digits', one of"),
        ({}, {"minus": "EB/rechit"}, "two maps of one view"),
        ({}, {"era": "1999"}, "1999"),
        ({}, {"faults": {"4": ["HBM99 low"]}}, "found 'HBM99', names are like"),
        ({}, {"faults": {"4": [ON.describe(DEAD)]}}, "'HARDWARE low' or 'HARDWARE high'"),
        ({}, {"known": ["HBM99"]}, "found 'HBM99'"),
        ({"detectors": ["reference", "crystal-ball"]}, {}, "found 'crystal-ball', one of"),
        ({"factors": [1.5]}, {}, "factors"),
        ({"bins": [100.0, 30.0]}, {}, "from low to high"),
    ],
)
def test_a_text_that_will_not_do_is_refused(
    changes: Mapping[str, Any], sample: Mapping[str, Any], words: str, tmp_path: Path
) -> None:
    tables = {**TEXT, **changes, "sample": {"digis": {**SAMPLE, **sample}}}
    path = tmp_path / "study.toml"
    path.write_text("\n".join(_toml(tables)), "utf-8")
    with pytest.raises(UsageError) as caught:
        protocol_of(path)
    told = str(caught.value)
    assert words in told
    assert "\n" not in told


def _toml(tables: Mapping[str, Any]) -> list[str]:
    """Top level, one sample, its faults; lists and strings are written as Python does."""
    (sample,) = tables["sample"].values()
    lines = [f"{key} = {value!r}" for key, value in tables.items() if key != "sample"]
    lines += ["[sample.digis]", *(f"{k} = {v!r}" for k, v in sample.items() if k != "faults")]
    faults = sample.get("faults", {})
    return [*lines, "[sample.digis.faults]", *(f"{k} = {v!r}" for k, v in faults.items())]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"file": "none.h5"}, "found no file, expected that of sample 'digis'"),
        ({"faults": {"7": [FAULT]}}, "found faults in lumisection 7, expected 1 to 6"),
        ({"map": "HO/digi", "together": 5}, "found 6 lumisections, expected 7 or more"),
        ({"file": "twice.h5"}, "found lumisection 2 again as 5"),
    ],
)
def test_a_file_that_will_not_do_is_refused(changes: Mapping[str, Any], words: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=words):
        loaded("digis", SampleText.model_validate({**SAMPLE, **changes}), folder)


def test_blocks_are_held_out_in_turn(folder: Path) -> None:
    of = loaded("digis", SampleText.model_validate({**SAMPLE, "together": 4}), folder)
    assert [(fold.learned, fold.judged) for fold in of.folds()] == [
        ((4, 5), (0, 1, 2, 3)),
        ((0, 1, 2, 3), (4, 5)),
    ]
    assert of.told
    np.testing.assert_array_equal(of.events, EVENTS)


def test_faults_that_are_there_and_faults_that_are_made_are_found(folder: Path) -> None:
    faults = {str(lumi): [FAULT] for lumi in (4, 5, 6)}
    sample = {**SAMPLE, "faults": faults}
    text = RealText.model_validate({**TEXT, "detectors": ["pull"], "sample": {"digis": sample}})
    brought = measure(text, [loaded("digis", text.sample["digis"], folder)])
    assert [(each.lumi, each.found, each.flagged) for each in brought.present] == [
        (4, True, 1),
        (5, True, 1),
        (6, True, 1),
    ]
    (quiet,) = brought.quiet
    assert (quiet.judged, quiet.lumis) == (6, 6)
    # Learned from lumisections in which it is dead, the channel counts too much where it is alive.
    assert {one[1] for one in quiet.incidents} <= {ON.describe(DEAD)}
    gone = _line(brought.injected, factor=0.0, expects=ALL)
    half = _line(brought.injected, factor=0.5, expects=">=300")
    fifth = _line(brought.injected, factor=0.8, expects=">=300")
    assert gone.first.value == 1.0
    assert half.first.value == 1.0
    assert fifth.first.value < half.first.value
    assert gone.trials == sum(
        each.trials for each in brought.injected if each.factor == 0.0 and each.expects != ALL
    )
    assert gone.trials == pytest.approx(2 * 0.02 * ON.exists.sum(), rel=0.02)
    assert gone.wrong.low <= quiet.flags / quiet.cells <= gone.wrong.high


def test_what_is_not_listed_counts_as_false(folder: Path) -> None:
    text = RealText.model_validate({**TEXT, "detectors": ["pull"], "sample": {"digis": SAMPLE}})
    (quiet,) = measure(text, [loaded("digis", text.sample["digis"], folder)]).quiet
    assert (4, ON.describe(DEAD), "low") in quiet.incidents
    assert quiet.flags >= 3


def test_the_difference_shows_rec_hits_that_fail_and_nothing_of_digis(folder: Path, tmp_path: Path) -> None:
    samples = {
        "digis": SAMPLE,
        "hits": {**SAMPLE, "map": "HCAL/rechit"},
        "lost": {**SAMPLE, "minus": "HCAL/rechit"},
    }
    known = {"factors": [0.8], "detectors": ["pull", "lost"], "bins": []}
    text = RealStudy.model_validate({**TEXT, **known, "sample": samples})
    told = text.measure(tmp_path / "out", [], lambda _: None, folder)
    with (tmp_path / "out" / "compared.csv").open() as file:
        rows = {(row["kind"], row["map"], row["detector"]): row for row in csv.DictReader(file)}
    share = {key: float(row["first"]) for key, row in rows.items()}
    assert share[HITS, "difference", "lost"] == 1.0
    assert share[HITS, "HCAL/digi", "pull"] == 0.0
    assert 0.1 < share[HITS, "HCAL/rechit", "pull"] < 1.0
    assert share[DIGIS, "difference", "lost"] == 0.0
    assert share[DIGIS, "HCAL/digi", "pull"] == pytest.approx(share[DIGIS, "HCAL/rechit", "pull"], abs=0.1)
    assert len({row["trials"] for row in rows.values()}) == 1
    assert any("negative, and taken for zero, in 1 of" in each for each in told)
    assert any("the difference adds what neither map has" in each for each in told)
    html = (tmp_path / "out" / "report.html").read_text()
    assert "HCAL/digi - HCAL/rechit" in html
    assert "1,728 cells have digis and never a rec hit" in html
    for name in ("present", "sound", "injected"):
        assert (tmp_path / "out" / f"{name}.csv").stat().st_size > 0
        assert f'href="{name}.csv"' in html


def test_a_detector_that_cannot_learn_is_listed_with_its_reason(folder: Path) -> None:
    known = {"detectors": ["mlp", "pull"], "factors": [0.0]}
    text = RealText.model_validate({**TEXT, **known, "sample": {"digis": SAMPLE}})
    brought = measure(text, [loaded("digis", text.sample["digis"], folder)])
    assert [(each.sample, each.detector) for each in brought.failed] == [("digis", "mlp")]
    assert brought.failed[0].why
    assert {each.detector for each in brought.quiet} == {"pull"}
    assert {each.kind for each in brought.injected} == {OWN}


def test_lost_hits_are_weighed_against_the_digis_of_the_same_cell() -> None:
    shape = ON.shape
    digis = np.where(ON.exists, 1000.0, 0.0)

    def seen(lost: float) -> Observation:
        return Observation(LumiId(1, 1), np.where(ON.exists, lost, 0.0), 1000, None, {"HCAL/digi": digis})

    detector = LostHits.fit([seen(1.0)] * 4, "HCAL/digi", ON)
    assert detector.usual[ON.exists] == pytest.approx(1e-3, rel=1e-3)
    for lost, nats in (
        (0.0, 0.0),
        (1.0, 0.0),
        (1000.0, 1000 * np.log(1000.0)),
        (10.0, 10 * np.log(10.0) + 990 * np.log(0.99 / 0.999)),
    ):
        answer, _ = detector.look(seen(lost), {})
        assert isinstance(answer, Score)
        assert answer.value.shape == shape
        assert answer.value[ON.exists] == pytest.approx(nats, rel=2e-3, abs=1e-3)
    kept = LostHits.restore(detector.settings(), detector.arrays(), None)
    np.testing.assert_array_equal(kept.usual, detector.usual)


def test_classes_hold_every_count_once() -> None:
    assert list(classes((30.0, 100.0))) == ["<30", "30-100", ">=100", ALL]
    assert list(classes(())) == [ALL]


def test_measured_files_are_asked_for_and_refused(tmp_path: Path) -> None:
    assert "real" in names()
    text = protocol_of(found("real"))
    assert isinstance(text, RealText)
    assert text.planned() == "9 samples, 6 detectors, 3 faults in 25 sets of 2 % of the cells"
    assert "expected one of measured files, with --data" in caloscope("study", "real", "-o", tmp_path, code=2)
    with pytest.raises(UsageError, match="found bundles, expected none"):
        text.measure(tmp_path, [tmp_path], lambda _: None, tmp_path)
    said = caloscope("study", "autodqm", "-o", tmp_path, "--data", tmp_path, code=2)
    assert "--data: expected only for studies that ask for measured files" in said
    for other in ("ml4dqm", "ecal-endcap-networks"):
        protocol = protocol_of(found(other))
        assert protocol is not None
        with pytest.raises(UsageError, match="found --data"):
            protocol.measure(tmp_path, [], lambda _: None, tmp_path)


@pytest.mark.realdata
def test_the_empty_supermodules_are_found_and_nothing_else(shared_data: Path, tmp_path: Path) -> None:
    """As `docs/real-data.md` has it; with good lumisections beside them."""
    whole = protocol_of(found("real"))
    assert isinstance(whole, RealText)
    some = {title: whole.sample[title] for title in ("EB with an empty supermodule", "EE+ good")}
    text = whole.model_copy(
        update={"sample": some, "detectors": ("reference",), "groups": 1, "factors": (0.0,)}
    )
    told = text.measure(tmp_path, [], lambda _: None, shared_data)
    with (tmp_path / "present.csv").open() as file:
        present = list(csv.DictReader(file))
    assert all(row["found"] == "true" for row in present)
    supermodules = [row for row in present if "tower" not in row["fault"]]
    assert len(supermodules) == 9
    assert sum(int(row["flagged"]) for row in supermodules) == 67 + 68 + 65 + 68 + 66 + 68 + 68 + 66 + 66
    assert len(present) == 11  # and twice the tower that nobody marked
    with (tmp_path / "sound.csv").open() as file:
        assert [(row["judged"], row["flags"], row["incidents"]) for row in csv.DictReader(file)] == [
            ("8", "0", ""),
            ("7", "0", ""),
        ]
    assert "No false incident: reference in 15 lumisections." in told


@pytest.mark.realdata
def test_digis_are_never_fewer_than_rec_hits(shared_data: Path) -> None:
    whole = protocol_of(found("real"))
    assert isinstance(whole, RealText)
    of = loaded("difference", whole.sample["HCAL digis - rec hits"], shared_data)
    assert of.negative == 0
    assert of.spec.noise == "overdispersed"
    assert of.hits is not None
    rest = of.hits.sum(axis=0) > 0
    assert int(of.counts[:, rest].sum()) == 505
