"""The state of a bundle: set by people, kept outside the hash, and heeded by what runs bundles."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope.errors import BundleError, UsageError
from caloscope.monitor import Intake
from caloscope.store import Store

from ..running import caloscope
from .making import copied, edit


def refused(code: int, *words: str | Path) -> str:
    """What a command says that must end with this exit code."""
    return caloscope(*words, code=code)


def test_without_a_file_it_is_active(original: bundles.Bundle) -> None:
    assert original.standing == bundles.ACTIVE
    assert original.standing.told() == "active"


def test_it_changes_and_the_hash_does_not(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    before = datetime.now(UTC).replace(microsecond=0)
    bundles.write_state(folder, "retired", by="anna", reason=" replaced ")
    again = bundles.load(folder)
    assert (again.hash, again.card) == (original.hash, original.card)
    assert (again.standing.state, again.standing.by, again.standing.reason) == ("retired", "anna", "replaced")
    assert again.standing.at is not None
    assert before <= again.standing.at <= datetime.now(UTC)
    assert again.standing.told() == f"retired by anna on {again.standing.at:%Y-%m-%d}: replaced"
    bundles.write_state(folder, "active", by="")
    assert bundles.load(folder).standing.state == "active"
    assert {path.name for path in folder.iterdir()} == {*original.card.files, "bundle.toml", "state.toml"}
    assert (folder / "state.toml").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("state [", "found no TOML"),
        (b"\xff\xfe", "found no TOML"),
        ("", "found no state, expected one of commissioning, active, retired"),
        ('state = "asleep"', "state = 'asleep'"),
        ('state = "active"\nmood = "good"', "mood = 'good'"),
        ('state = "active"\nat = "yesterday"', "at = 'yesterday'"),
        ('state = "active"\nat = 2026-01-01T00:00:00', "at = datetime"),
        ('state = "retired"\nreason = "a\\nb"', "expected one line"),
        (f'state = "retired"\nreason = "{"x" * 501}"', "at most 500"),
    ],
)
def test_a_malformed_state_is_refused_with_one_line(
    text: str | bytes, message: str, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    (folder / "state.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BundleError, match=message) as caught:
        bundles.load(folder)
    assert "\n" not in str(caught.value)
    assert "state.toml" in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f: bundles.write_state(f, "retired", by="anna", reason="  "),
        lambda f: bundles.write_state(f, "active", by="an\nna"),
        lambda f: bundles.write_state(f, "commissioning", by="anna", reason="x" * 501),
    ],
)
def test_a_state_that_could_not_be_read_is_not_written(
    wrong: Callable[[Path], object], original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    with pytest.raises(UsageError):
        wrong(folder)
    assert not (folder / "state.toml").exists()


def test_only_a_bundle_has_a_state(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"found a folder without bundle.toml, expected the card"):
        bundles.write_state(tmp_path, "active", by="anna")


def test_what_fails_while_writing_leaves_the_old_state(
    original: bundles.Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(original, tmp_path)
    bundles.write_state(folder, "commissioning", by="anna")

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        bundles.write_state(folder, "active", by="anna")
    assert bundles.read_state(folder).state == "commissioning"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("was", "becomes"), [("commissioning", "commissioning"), ("active", "active"), ("retired", "active")]
)
def test_a_bundle_made_anew_is_not_heard_all_of_a_sudden(
    was: bundles.State, becomes: str, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    bundles.write_state(folder, was, by="anna", reason="because")
    again = bundles.save(folder, original.card, original.detector)
    assert again.standing.state == becomes


def test_a_retired_bundle_is_refused_and_the_store_is_told(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    with Store(str(tmp_path / "s.db")) as store:
        Intake(store, [bundles.load(folder)], "online")
        assert [row.state for row in store.bundles()] == ["active"]
        bundles.write_state(folder, "retired", by="anna", reason="replaced by the new one")
        with pytest.raises(BundleError, match=r"retired by anna on .*: replaced by the new one; expected"):
            Intake(store, [bundles.load(folder)], "online")
        (row,) = store.bundles()
        assert (row.state, row.state_by, row.state_reason) == ("retired", "anna", "replaced by the new one")
        assert [change.kind for change in store.changes_since(0)] == ["bundle"]


def test_a_monitor_that_starts_again_brings_a_new_state(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    with Store(str(tmp_path / "s.db")) as store:
        for state in ("active", "commissioning", "commissioning", "active"):
            bundles.write_state(folder, state, by="anna")
            Intake(store, [bundles.load(folder)], "online")
            assert [row.state for row in store.bundles()] == [state]
        assert [(change.kind, change.map) for change in store.changes_since(0)] == [
            ("bundle", "EE+/digi"),
            ("bundle", "EE+/digi"),
        ]


def test_the_command_shows_and_sets_it(original: bundles.Bundle, tmp_path: Path) -> None:
    folder, store = copied(original, tmp_path), tmp_path / "s.db"
    assert caloscope("bundle", "state", folder) == f"{folder}: active\n"
    said = caloscope("bundle", "state", folder, "commissioning", "--by", "anna", "--reason", "first look")
    assert f"{folder}: commissioning by anna on " in said
    assert "first look" in said
    assert "commissioning by anna" in caloscope("bundle", "show", folder)
    with Store(str(store)) as opened:
        Intake(opened, [bundles.load(folder)], "online")
    told = caloscope(
        "bundle", "state", folder, "retired", "--by", "anna", "--reason", "old", "--store", store
    )
    assert told.endswith("the store was told\n")
    with Store(str(store), read_only=True) as opened:
        assert [row.state for row in opened.bundles()] == ["retired"]
    assert "a bundle in use" in refused(1, "replay", tmp_path, "--bundle", folder, "--store", store)
    assert "found no reason" in refused(2, "bundle", "state", folder, "retired")
    assert "without a state" in refused(2, "bundle", "state", folder, "--reason", "x")
    assert "no such file" in refused(1, "bundle", "state", folder, "--store", tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    before = bundles.read_state(folder)
    words = ("bundle", "state", folder, "active", "--store", tmp_path / "none.db")
    assert "no such file" in refused(1, *words)
    assert bundles.read_state(folder) == before, (
        "a store that is not there is found before anything is changed"
    )


def test_what_cannot_run_any_more_can_be_retired(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    edit(folder, r'geometry = "\w+"', 'geometry = "0"')
    (folder / "state.toml").write_text("nothing = [")
    assert "set it again" in refused(1, "bundle", "state", folder)
    assert "retired by anna" in caloscope(
        "bundle", "state", folder, "retired", "--by", "anna", "--reason", "old geometry"
    )
    assert bundles.read_state(folder).reason == "old geometry"
    assert "expected the card of a bundle" in refused(1, "bundle", "state", tmp_path)
