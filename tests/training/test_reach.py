"""Held-out runs that what was learned cannot judge: refused before a network is trained, no loss after it."""

from pathlib import Path

import numpy as np
import pytest

from caloscope import bundle, training
from caloscope.calibrate import given_of
from caloscope.dataset import open_data_set
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.simulate import STEADY, Fill, healthy, lumisections
from caloscope.simulate.to_data_set import Plan, to_data_set
from caloscope.training.opened import streamed
from caloscope.training.reach import require_within_reach
from caloscope.training.split import split_by_run
from caloscope.training.streamed import conditions_of

from ..calibrate.making import FIRST_RUN, MAP, seen, spec

DETECTORS = {MAP: healthy(spec(), seen(), seed=1, stability=STEADY)}
USUAL = (60.0, 40.0, 55.0, 45.0, 50.0)


def fills(pileups: tuple[float, ...], events: int = 500, *, first: int = FIRST_RUN) -> list[Fill]:
    return [
        Fill(first + number, 30, number, pileup=pileup, events=events)
        for number, pileup in enumerate(pileups)
    ]


def given(*asked: Fill) -> list[Given]:
    return given_of(lumisections(asked, DETECTORS), spec())


def held_out(*last: float) -> list[Given]:
    """Good runs whose last ones have these pileups."""
    return given(*fills((*USUAL, *last)))


@pytest.mark.parametrize("detector", ["autoencoder", "autoencoder-loss", "unet", "cnn", "blind-spot"])
def test_another_pileup_is_refused_before_the_work(detector: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="and 0 of 90 lumisections that could be judged") as refused:
        training.train_network(
            held_out(12.0, 13.0, 12.5), ["a.h5"], spec(), seen(), tmp_path / "x.bundle",
            detector=detector, recipe=training.Recipe(epochs=1),
        )  # fmt: skip
    told = str(refused.value)
    assert f"in the last runs, {FIRST_RUN + 5} to {FIRST_RUN + 7}, held out for the thresholds" in told
    assert "which is learned from: choose other runs" in told
    assert "\n" not in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("last", [(50.0, 42.0, 58.0), (12.0, 50.0, 45.0)])
def test_enough_within_reach_is_taken(last: tuple[float, ...]) -> None:
    parts = split_by_run(held_out(*last))
    assert parts is not None
    for detector in training.NETWORKS:
        require_within_reach(detector, *parts)


def test_a_pileup_that_hardly_moved_hides_nothing_from_an_autoencoder() -> None:
    parts = split_by_run(given(*fills((50.0, 50.0, 50.0, 30.0, 30.0))))
    assert parts is not None
    require_within_reach("autoencoder", *parts)
    require_within_reach("unet", *parts)


def test_conditions_of_data_sets_are_known_without_counts(tmp_path: Path) -> None:
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path, first, pileup in zip(paths, (FIRST_RUN + 9, FIRST_RUN), (40.0, 50.0), strict=True):
        to_data_set(path, Plan(fills((pileup,), first=first), DETECTORS), provenance={})
    with open_data_set(paths[0]) as one, open_data_set(paths[1]) as other:
        both = streamed([one, other], spec(), seen())
        for asked in (both, both[20:40], streamed([one], spec(), seen())):
            np.testing.assert_allclose(conditions_of(asked), conditions_of(list(asked)), rtol=1e-6)


def test_what_was_learned_is_kept_where_none_can_be_judged_after_all(tmp_path: Path) -> None:
    good = lumisections(fills((*USUAL, 12.0, 13.0, 12.5)), DETECTORS)
    made = training.train(good, spec(), seen(), tmp_path / "x.bundle", detector="pca")
    expected = "formula: no held-out lumisection could be judged (90 OUT_OF_RANGE); calibrate with others"
    assert made.card.calibration["method"] == expected
    assert bundle.verify(made).lumisections


@pytest.mark.parametrize("detector", ["autoencoder", "cnn"])
def test_a_network_is_not_lost(detector: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    asked = [*fills(USUAL[:3]), *fills((50.0, 50.0), 20, first=FIRST_RUN + 9)]
    made = training.train_network(
        given(*asked), ["a.h5"], spec(), seen(), tmp_path / "x.bundle",
        detector=detector, recipe=training.Recipe(architecture="dense", epochs=1, channels=(4, 8), latent=4),
    )  # fmt: skip
    assert str(made.card.calibration["method"]).startswith("formula: no held-out lumisection could be judged")
    assert bundle.verify(made).lumisections
