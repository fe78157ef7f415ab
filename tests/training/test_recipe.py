"""What a recipe refuses before any work is done, and what a card says of it."""

from typing import Any

import pytest

from caloscope.errors import UsageError
from caloscope.training import Recipe, recipe_of


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


@pytest.mark.parametrize(
    ("detector", "words", "said"),
    [
        (
            "autoencoder",
            {"architecture": "dense", "channels": [16]},
            "channels for dense autoencoder, expected",
        ),
        ("autoencoder", {"architecture": "masked", "latent": 64}, "latent for masked autoencoder, expected"),
        ("autoencoder", {"n_ls": 2, "n_loss": 2, "spatial": False}, "n_ls, n_loss, spatial for autoencoder,"),
        ("blind-spot", {"channels": (8,)}, "channels for blind-spot, expected only for networks of stages"),
        ("cnn", {"architecture": "cae"}, "architecture for cnn, expected only for an autoencoder"),
        ("unet", {"architecture": "dense"}, "architecture for unet, expected"),
        ("pca", {"epochs": 3}, "epochs for pca, expected only for a detector with a network"),
        ("unet", {"depth": 3}, "depth in a recipe, expected some of architecture, channels"),
        ("unet", {"epochs": "five"}, "epochs 'five', expected a whole number"),
        ("unet", {"epochs": 2.5}, "epochs 2.5, expected a whole number"),
        ("unet", {"seed": True}, "seed True, expected a whole number"),
        ("unet", {"channels": "16"}, r"channels '16', expected whole numbers, as \(16, 32\)"),
        ("unet", {"channels": ["16"]}, r"channels \('16',\), expected whole numbers, as \(16, 32\)"),
        ("unet", {"channels": 16}, "channels 16, expected whole numbers"),
        ("unet", {"minutes": "ten"}, "minutes 'ten', expected a number"),
        ("unet", {"accelerator": None}, "accelerator None, expected text"),
        ("autoencoder-loss", {"spatial": 1}, "spatial 1, expected True or False"),
        ("autoencoder", {"architecture": ["dense"]}, r"architecture \['dense'\], expected text"),
    ],
)
def test_choices_that_cannot_be_are_refused_in_one_line(
    detector: str, words: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        recipe_of(detector, words)
    assert "\n" not in str(refused.value)


def test_choices_that_have_an_effect_are_taken() -> None:
    assert recipe_of("autoencoder-loss", {"n_ls": 3, "n_loss": 6, "spatial": False}).n_loss == 6
    assert recipe_of("autoencoder", {"architecture": "cae", "latent": 8, "channels": [4, 8]}).channels == (
        4,
        8,
    )
    assert recipe_of("blind-spot", {"architecture": "resnet", "channels": ()}) == Recipe()
    assert recipe_of("unet", {"learning_rate": 1, "minutes": 3}).minutes == 3
