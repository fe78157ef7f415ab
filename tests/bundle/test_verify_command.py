"""`caloscope bundle verify` and what `show` says of a self-test, from the command line."""

from pathlib import Path

from caloscope import bundle as bundles

from ..running import caloscope, ended
from .making import copied, edit


def test_bundles_are_verified_one_line_each(
    original: bundles.Bundle, network: bundles.Bundle, tmp_path: Path
) -> None:
    good = [each.folder for each in (original, network) if each.folder]
    said = caloscope("bundle", "verify", *good).splitlines()
    assert "ok: 3 files, geometry EE+ of 2018, self-test of 2 lumisections, largest relative diff" in said[0]
    assert "ok: 4 files" in said[1]
    bad = copied(network, tmp_path)
    edit(bad, r"slope = [\d.]+", "slope = 3000.0")
    told = failed("bundle", "verify", bad, *good, tmp_path / "none.bundle")
    assert [line.split(" ")[0] for line in told.splitlines()] == [
        "FAILED",
        f"{good[0]}:",
        f"{good[1]}:",
        "FAILED",
    ]


def failed(*words: str | Path) -> str:
    """The results of a command that ends with exit code 1."""
    done = ended(*words)
    assert (done.code, done.told) == (1, "")
    return done.out


def test_what_is_shown_of_the_self_test(original: bundles.Bundle, network: bundles.Bundle) -> None:
    assert "2 lumisections, 320001:7 to 320001:8: 2 expectation" in shown(original)
    assert "9 lumisections, 1:1 to 1:9: 7 not known, 2 score" in shown(network)


def shown(bundle: bundles.Bundle) -> str:
    assert bundle.folder is not None
    return " ".join(caloscope("bundle", "show", bundle.folder).split())


def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "one.h5").touch()
    told = failed("bundle", "verify", tmp_path / "one.h5", tmp_path, tmp_path / "no.bundle").splitlines()
    expected = "expected the card of a bundle: a folder with bundle.toml in it"
    assert told == [
        f"FAILED {tmp_path / 'one.h5'}: found a file, no folder, {expected}",
        f"FAILED {tmp_path}: found a folder without bundle.toml, {expected}",
        f"FAILED {tmp_path / 'no.bundle'}: found nothing there, {expected}",
    ]
