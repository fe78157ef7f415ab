"""`caloscope train`: which geometry it takes, from one data set or from many."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from caloscope import bundle
from caloscope.cli.good_data import Chosen
from caloscope.cli.learn_asked import Order
from caloscope.cli.learn_network import given_of
from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.simulate import Fill, healthy_maps
from caloscope.simulate.to_data_set import Plan, to_data_set
from caloscope.training.streamed import Streamed, ids_of

from .running import caloscope

HCAL, EE = "HCAL/digi", "EE+/digi"


def simulated(path: Path, name: str, run: int, lumis: int) -> Path:
    """One run with the cells of 2018, whatever its number says."""
    spec = load()[name]
    to_data_set(
        path, Plan([Fill(run, lumis, 1)], healthy_maps([(spec, view(spec.view, "2018"))], 1)), provenance={}
    )
    return path


def order(paths: Sequence[Path], name: str, **chosen: str) -> Order:
    which = Chosen("training", **chosen)  # type: ignore[arg-type]  # all texts
    return Order([str(path) for path in paths], which, name, Path("x.bundle"), "unet", 1.0, True, None)


def test_a_network_gets_the_cells_that_the_data_set_has(tmp_path: Path) -> None:
    data = simulated(tmp_path / "a.h5", HCAL, 1001, 2)
    with given_of(order([data], HCAL), load()[HCAL]) as (given, names, on):
        assert isinstance(given, Streamed)
        assert (on.era, int(on.exists.sum()), len(given)) == ("2018", 12_672, 2)
        assert names == [str(data)]
    contradiction = given_of(order([data], HCAL, era="2016"), load()[HCAL])
    with pytest.raises(UsageError, match="a data set of era 2018, expected 2016"), contradiction:
        pytest.fail("other cells")


def test_many_data_sets_are_streamed_for_a_network(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    for number, run in enumerate((1003, 1001, 1002)):
        simulated(folder / f"{number}.h5", EE, run, 2)
    with given_of(order([folder], EE, lumis="2"), load()[EE]) as (given, names, on):
        assert isinstance(given, Streamed)
        assert [tuple(each) for each in ids_of(given)] == [(1001, 2), (1002, 2), (1003, 2)]
        assert [each.id.run for each in given] == [1001, 1002, 1003]
        assert on.era == "2018"
        assert len(names) == 3


def test_other_detectors_get_them_too(tmp_path: Path) -> None:
    data, made = simulated(tmp_path / "a.h5", EE, 1001, 12), tmp_path / "x.bundle"
    words = ("train", data, "--map", EE, "-o", made, "--no-calibrate")
    assert "leave --era away" in caloscope(*words, "--era", "2016", code=2)
    assert not made.exists()
    assert "(2018)" in caloscope(*words)
    assert bundle.load(made).view.version == view("EE+", "2018").version
    replayed = caloscope("replay", data, "--bundle", made, "--store", tmp_path / "s.sqlite")
    assert "12 lumisections, 12 results" in replayed


def test_what_a_network_cannot_be_is_said_before_anything_is_read(tmp_path: Path) -> None:
    words = ("train", tmp_path, "--map", EE, "-o", tmp_path / "x.bundle", "--detector", "autoencoder-loss")
    assert "n_ls 61, expected 1 to 60" in caloscope(*words, "--n-ls", "61", code=2)
    assert "n_loss 61, expected 1 to 60" in caloscope(*words, "--n-loss", "61", code=2)
    assert "channels '4;8', expected numbers with commas" in caloscope(*words, "--channels", "4;8", code=2)
    assert "--no-calibrate for a network, expected thresholds" in caloscope(*words, "--no-calibrate", code=2)


@pytest.mark.parametrize(
    ("detector", "option", "said"),
    [
        ("autoencodr", (), "blind-spot, unet, cnn"),
        (
            "reference",
            ("--latent", "4"),
            "--latent for reference, expected only for a detector with",
        ),
        (
            "blind-spot",
            ("--architecture", "cae"),
            "--architecture for blind-spot, expected only for an",
        ),
        (
            "autoencoder",
            ("--n-loss", "2", "--no-spatial"),
            "--n-loss, --spatial for autoencoder, expected only for autoencoder-loss",
        ),
    ],
)
def test_what_would_be_ignored_is_refused(detector: str, option: tuple[str, ...], said: str) -> None:
    words = ["train", "nothing.h5", "--map", "EE+/digi", "--detector", detector, "-o", "x.bundle", *option]
    assert said in caloscope(*words, code=2)


def test_a_graphics_card_that_is_not_there_is_missed_before_data_are_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a graphics card here")
    words = ("--detector", "unet", "--accelerator", "gpu", "-o", tmp_path / "x.bundle")
    said = caloscope("train", tmp_path / "none.h5", "--map", EE, *words, code=2)
    assert said.count("\n") == 1
    assert "1 device of accelerator gpu cannot be used" in said
    assert not list(tmp_path.iterdir())
