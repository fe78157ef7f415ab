"""`caloscope mask`: what is known to be bad is said once, and holds from the next lumisection on."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from caloscope.bundle import Bundle
from caloscope.cli import app
from caloscope.errors import UsageError
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.records import Quality
from caloscope.store import Store

from .pipeline.making import LABEL, MAP, RUN, fill, trained

CELL = (1, 4)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("bundles"))


@pytest.fixture
def store(tmp_path: Path, bundle: Bundle) -> str:
    """A store with a dead cell in it."""
    path = str(tmp_path / "store.sqlite")
    with Store(path) as opened:
        pipeline = Pipeline(opened, [bundle], LABEL)
        for each in fill(6, [Fault(MAP, CELL, "dead", onset=3)]):
            pipeline.take(each)
    return path


def said(*words: str) -> str:
    """What the command says."""
    done = CliRunner().invoke(app, ["mask", *words], catch_exceptions=False, standalone_mode=False)
    return str(done.output)


def test_an_incident_is_masked_by_the_name_of_its_hardware(store: str, bundle: Bundle) -> None:
    with Store(store) as opened:
        (incident,) = [each for each in opened.incidents(map=MAP) if not each.standing]
    words = ("--store", store, "--map", MAP, "--reason", "fuse", "--author", "anna")
    assert said("add", *words, "--incident", incident.hardware) == (
        f"mask 1: 1 cell of {MAP} for ever, by anna: fuse\n"
    )
    with Store(store) as opened:
        pipeline = Pipeline(opened, [bundle], LABEL)
        pipeline.take(fill(7, [Fault(MAP, CELL, "dead", onset=3)])[-1])
        assert [row.quality for row in opened.results(LABEL, RUN)][-2:] == [Quality.BAD, Quality.GOOD]


def test_masks_are_listed_and_revoked(store: str) -> None:
    words = ("--store", store, "--map", MAP, "--reason", "water", "--author", "bo")
    said("add", *words, "--cell", "0,1", "--cell", "2,3", "--until", "2100-01-02T03:04")
    said("add", *words, "--region", "TOY left")
    assert said("list", "--store", store).splitlines() == [
        f"mask 1: 2 cells of {MAP} until 2100-01-02 03:04 UTC, by bo: water",
        f"mask 2: 15 cells of {MAP} for ever, by bo: water",
    ]
    assert said("revoke", "2", "--store", store) == "mask 2 revoked\n"
    assert len(said("list", "--store", store).splitlines()) == 1
    assert said("list", "--store", store, "--all").splitlines()[1].endswith(", revoked, by bo: water")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], "expected one of --incident, --region and --cell"),
        (["--cell", "0,1", "--region", "TOY left"], "expected one of"),
        (["--cell", "9,9"], "expected y,x of a cell of TOY"),
        (["--cell", "x"], "expected y,x of a cell of TOY"),
        (["--region", "nowhere"], "such as TOY left"),
        (["--incident", "nothing"], "lately: "),
        (["--cell", "0,1", "--until", "soon"], "expected a time"),
    ],
)
def test_what_makes_no_sense_is_refused(store: str, words: list[str], found: str) -> None:
    with pytest.raises(UsageError, match=found):
        said("add", "--store", store, "--map", MAP, "--reason", "r", *words)
    assert said("list", "--store", store) == "no masks\n"


def test_a_map_that_the_store_does_not_know_is_refused(store: str) -> None:
    with pytest.raises(UsageError, match=f"expected one of this store's maps: {MAP}"):
        said("add", "--store", store, "--map", "EB/digi", "--reason", "r", "--cell", "0,1")
