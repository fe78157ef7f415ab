"""What a recipe refuses before any work is done, and what a card says of it."""

from typing import Any

import pytest

from caloscope.errors import UsageError
from caloscope.training import Recipe


@pytest.mark.parametrize("wrong", [{"n_ls": 61}, {"n_loss": 61}, {"n_ls": 0}, {"n_loss": 0}])
def test_what_the_detector_would_refuse_after_training_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"n_(ls|loss) \d+, expected"):
        Recipe(**wrong)
    assert Recipe(n_ls=60, n_loss=60).n_ls == 60


def test_the_limit_of_epochs_is_not_the_number_that_was_trained() -> None:
    told = Recipe(epochs=7).told("unet")
    assert told["most_epochs"] == 7
    assert "epochs" not in told


def test_channels_are_those_that_a_network_has() -> None:
    small, large = (20, 20), (34, 72)
    for detector in ("autoencoder", "autoencoder-loss", "unet", "cnn"):
        assert Recipe().used(detector, small).told(detector)["channels"] == "16, 32"
        assert Recipe().used(detector, large).channels == (16, 32, 64)
        assert Recipe(channels=(4, 8)).used(detector, large).channels == (4, 8)
    assert Recipe().used("blind-spot", large).channels == ()
    dense = Recipe(architecture="dense")
    assert dense.used("autoencoder", large).channels == ()
    assert dense.used("unet", small).channels == (16, 32)  # an architecture is only of autoencoders


def test_a_card_keeps_the_choices_that_its_detector_has() -> None:
    loss = {"n_ls", "n_loss", "spatial"}
    autoencoders = {"architecture", "latent", "input", "loss"}
    assert loss | autoencoders < Recipe().told("autoencoder-loss").keys()
    assert autoencoders < Recipe().told("autoencoder").keys() - loss == Recipe().told("autoencoder").keys()
    for other in ("blind-spot", "unet", "cnn"):
        assert not (loss | autoencoders) & Recipe().told(other).keys()
