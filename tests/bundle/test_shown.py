"""What `caloscope bundle show` says of how a detector was made: what means something, in groups."""

from collections.abc import Mapping

from caloscope.bundle import Card
from caloscope.cli.bundle_sections import sections
from caloscope.training import Recipe

TRAINED = {"lumisections": 60, "runs": 2, "first": "1:1", "last": "2:30", "sources": ["a.h5"]}
MADE = {"epochs": 21, "best_epoch": 9, "parameters": 1000, "parity": 1e-7}
LEARNED = {"noise": "binomial", "pileup_mean": 40.0, "pileup_low": 20.0, "pileup_high": 60.0}


def shown(
    detector: str, settings: Mapping[str, object], recipe: Recipe | None = None
) -> dict[str, dict[str, object]]:
    """The sections of a card by title."""
    training = TRAINED if recipe is None else {**TRAINED, **recipe.told(detector), **MADE}
    card = Card.model_construct(
        detector=detector, settings=settings, training=training, calibration={}, threshold=1.0
    )
    return dict(sections(card))


def test_a_network_has_a_group_of_its_own_without_what_it_does_not_use() -> None:
    kept = {"architecture": "resnet", "latent": 16, "input": "ratio", "loss": "likelihood"}
    found = shown("autoencoder", LEARNED | kept, Recipe(latent=16, channels=(8, 16)))
    assert [*found] == ["Learned from", "Network", "Training", "Settings"]
    assert [*found["Network"]] == [
        "architecture",
        "channels",
        "latent",
        "input",
        "loss",
        "parameters",
        "parity",
    ]
    assert found["Training"]["epochs"] == "21 of at most 200"
    assert found["Training"]["accelerator"] == "cpu"
    assert not {"devices", "most_epochs", "minutes"} & found["Training"].keys()
    assert found["Settings"] == {"noise": "binomial", "pileup": "20 to 60, mean 40"}
    assert found["Learned from"] == {
        "lumisections": 60,
        "runs": 2,
        "from": "1:1 to 2:30",
        "sources": ["a.h5"],
    }


def test_each_network_shows_its_own_choices() -> None:
    loss = {"n_ls": 2, "n_loss": 3, "spatial": False}
    assert loss.items() <= shown("autoencoder-loss", loss, Recipe(n_ls=2, spatial=False))["Network"].items()
    kept = {"architecture": "blind-spot", "channels": 24}
    found = shown("blind-spot", LEARNED | kept, Recipe())
    assert found["Network"] == kept | {"parameters": 1000, "parity": 1e-7}
    assert [*shown("unet", {}, Recipe(channels=(16, 32)))["Network"]] == ["channels", "parameters", "parity"]
    masked = shown("autoencoder", {"architecture": "masked", "latent": 32}, Recipe(architecture="masked"))
    assert "latent" not in masked["Network"]


def test_what_was_not_learned_is_not_shown() -> None:
    dark = {"slope": 0.0, "slope_learned": False, "pileup_mean": 0.0, "pileup_low": 0.0, "pileup_high": 0.0}
    assert shown("pull", dark)["Settings"] == {"pileup": "never known", "slope_learned": False}
    assert shown("reference", {"only_run": 0, "min_events": 30})["Settings"] == {"min_events": 30}
    companion = {"companion": "", "companion_slope": 0.0, "companion_intercept": 0.0}
    assert shown("cmssw-ml", {"n_ls": 3, "padding_fault": False} | companion)["Settings"] == {
        "n_ls": 3,
        "padding_fault": False,
    }
    padded = {"padding_fault": True, "companion": "EE-/digi", "companion_slope": 0.0}
    assert shown("cmssw-ml", padded)["Settings"] == padded
