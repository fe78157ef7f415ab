"""Images, their faults, and how they are shared out."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.study.ml4dqm.faults import Example, Spoiler, examples, mask
from caloscope.study.ml4dqm.images import images, labels
from caloscope.study.ml4dqm.lumis import Lumis, alive, lumis, on
from caloscope.study.ml4dqm.protocols import PROTOCOLS, QUICK, Protocol, data_of, fills_of
from caloscope.study.ml4dqm.tasks import TASKS, Task, chosen

BY_NAME = {task.name: task for task in TASKS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ml4dqm")


@pytest.fixture(scope="module")
def honest(folder: Path) -> Lumis:
    return lumis(fills_of("honest", QUICK), folder)


def spoiler(name: str, *, physical: bool) -> Spoiler:
    return Spoiler(BY_NAME[name], physical, alive())


def test_lumisections_are_kept_and_the_same_again(folder: Path, honest: Lumis) -> None:
    again = lumis(fills_of("honest", QUICK), folder)
    assert np.array_equal(again.counts, honest.counts)
    assert np.array_equal(again.pileup, honest.pileup, equal_nan=True)
    assert honest.first.shape == (len(honest), 72, 84)
    record = honest.given(3).record
    assert record is not None
    assert np.array_equal(record.counts[0], honest.first[3])


def test_a_damaged_file_of_lumisections_is_named(tmp_path: Path) -> None:
    fills = fills_of("theirs", QUICK)
    lumis(fills, tmp_path)
    (path,) = (tmp_path / "maps").iterdir()
    path.write_bytes(b"PK not a zip")
    with pytest.raises(UsageError, match="remove it to draw them again"):
        lumis(fills, tmp_path)


def test_faults_that_can_be_are_in_living_channels_and_below_the_events(honest: Lumis) -> None:
    made = spoiler("box", physical=True)
    drawn = examples(made, honest, range(0, len(honest), 5), 1, np.random.default_rng(1))
    bad = [each for each in drawn if each.kind != "good"]
    assert len(bad) * 2 == len(drawn)
    for each in bad:
        first, events = honest.first[each.place], int(honest.events[each.place])
        image = made.spoiled(first, events, each)
        assert not made.void(first, events, each)
        assert image.max() <= events
        assert np.array_equal(image[~mask(each)], first[~mask(each)])
        assert 1 <= each.high <= 16
        assert 26 <= each.x <= each.x + each.wide <= 58


def test_their_faults_are_as_the_notebooks_had_them(honest: Lumis) -> None:
    first, events = honest.first[0], int(honest.events[0])
    cell = Example(0, "hot", 10, 30, 1, 1)
    assert spoiler("cell", physical=False).spoiled(first, events, cell)[10, 30] == 1e4
    top = spoiler("patch", physical=False).spoiled(first, events, cell)[10, 30]
    assert top == first[:, 26:58].max()
    assert spoiler("movie", physical=False).spoiled(first, events, cell)[10, 30] == 3.5e3
    nowhere = np.argwhere(~on().exists[0])[0]
    empty = Example(0, "dead", int(nowhere[0]), int(nowhere[1]), 1, 1)
    assert spoiler("cell-all", physical=False).void(first, events, empty)


def test_a_readout_box_goes_around_the_circle(honest: Lumis) -> None:
    made = spoiler("rbx", physical=True)
    rng = np.random.default_rng(3)
    drawn = [made.draw(honest, 0, "dead", rng) for _ in range(200)]
    assert {(each.high, each.wide) for each in drawn} == {(4, 16)}
    assert {each.x for each in drawn} == {26, 42}
    assert {each.y for each in drawn} == set(range(2, 72, 4))
    last = mask(next(each for each in drawn if each.y == 70))
    assert sorted(np.flatnonzero(last.any(axis=1)).tolist()) == [0, 1, 70, 71]


def test_bad_images_of_the_regression_share_their_box_in_their_protocol(folder: Path) -> None:
    data = data_of(BY_NAME["logistic"], "theirs", QUICK, folder)
    bad = [each for each in (*data.learn, *data.judged) if each.kind != "good"]
    assert len(bad) == 12
    assert len({(each.place, each.y, each.x) for each in bad}) == 4
    assert {each.place for each in bad} == set(range(4))
    honest = data_of(BY_NAME["logistic"], "honest", QUICK, folder)
    bad = [each for each in (*honest.learn, *honest.judged) if each.kind != "good"]
    assert len({(each.place, each.y, each.x) for each in bad}) == len(bad)


def test_images_are_scaled_filled_and_framed(honest: Lumis) -> None:
    at = [Example(0), Example(0, "dead", 20, 30, 2, 3)]
    plain = images(honest, at, spoiler("cell", physical=True), 5.0)
    assert plain.shape == (2, 1, 72, 32)
    assert plain.max() == 1.0
    assert not plain[1, 0, 20:22, 4:7].any()
    filled = images(honest, at, spoiler("box", physical=True), 5.0)
    assert int((filled[1] == 0.0).sum()) == 6  # nothing else is empty
    curved = images(honest, at, spoiler("box-scaled", physical=True), 5.0)
    assert curved == pytest.approx(filled * (1.75 - 0.746 * filled))
    framed = images(honest, at, spoiler("autoencoder-box", physical=True), 5.0)
    assert framed.shape == (2, 1, 74, 34)
    assert (framed[:, 0, 0] == 0.5).all()
    assert labels(at, BY_NAME["cell"]).tolist() == [0, 2]
    assert labels(at, BY_NAME["box"]).tolist() == [0, 1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_honest_parts_share_no_run_and_theirs_choose_on_the_test(
    task: Task, protocol: Protocol, folder: Path
) -> None:
    data = data_of(task, protocol, QUICK, folder)
    runs = [
        {int(data.lumis.run[each.place]) for each in part} for part in (data.learn, data.held, data.judged)
    ]
    if protocol == "honest":
        assert max(runs[0]) < min(runs[1])
        assert max(runs[1]) < min(runs[2])
        assert {int(data.lumis.run[place]) for place in data.good} == runs[0]
    else:
        assert runs[0] == runs[1] == runs[2]
        assert (data.held == data.judged) == (not task.alone)
    kinds = {each.kind for each in data.judged}
    assert {"good"} < kinds <= {"good", *task.kinds}
    if task.alone:
        assert {each.kind for each in data.learn} == {"good"}
    if task.movie:
        assert min(each.place for each in data.judged) >= 9
        assert all(2 <= each.since <= 10 for each in data.judged if each.kind != "good")


def test_tasks_are_chosen_by_name() -> None:
    assert [task.name for task in chosen(["rbx", "cell"])] == ["cell", "rbx"]
    assert chosen(None) == TASKS
    with pytest.raises(UsageError, match="found no task 'ring', expected some of cell"):
        chosen(["ring"])
