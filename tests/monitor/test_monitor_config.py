"""The configuration: what it may say, and what a person is told when it says something else."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from caloscope.config.monitoring import FOLDER, Monitoring
from caloscope.config.monitoring_text import MOST_BYTES, ConfigurationError, read_monitoring
from caloscope.monitor.settings import Retention, Retry, settings_of
from caloscope.pipeline import gate
from caloscope.records import LumiState

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy" / "monitor.toml"
LEAST = '[monitor]\nspool = "spool"\nstore = "store.sqlite"\nbundles = ["a.bundle"]\n'


def read(folder: Path, text: str) -> Monitoring:
    path = folder / "monitor.toml"
    path.write_text(text, "utf-8")
    return read_monitoring(path)


def lines(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        read(folder, text)
    return list(error.value.lines)


def keys(table: type[BaseModel], before: str = "") -> dict[str, Any]:
    """Every key there is, with its field."""
    found: dict[str, Any] = {}
    for name, field in table.model_fields.items():
        inner = [
            each
            for each in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        found |= keys(inner[0], f"{before}{name}.") if inner else {f"{before}{name}": field}
    return found


def test_the_least_that_it_may_say(tmp_path: Path) -> None:
    found = read(tmp_path, LEAST)
    assert found.monitor.spool == tmp_path / "spool"
    assert found.monitor.store == str(tmp_path / "store.sqlite")
    assert found.monitor.bundles == (tmp_path / "a.bundle",)
    assert (found.monitor.label, found.monitor.output_dir, found.monitor.poll_seconds) == (
        "online",
        None,
        2.0,
    )
    assert found.retention is None
    assert found.health is None
    settings = settings_of(found)
    assert settings.retry == Retry(1.0, 300.0, 12)
    assert settings.gate.of_label("CosmicsTest") is LumiState.COSMICS


def test_paths_from_the_root_and_addresses_stay_as_they_are(tmp_path: Path) -> None:
    address = "postgresql+psycopg://reader@host/caloscope"
    text = LEAST.replace('"spool"', '"/data/spool"').replace('"store.sqlite"', f'"{address}"')
    found = read(tmp_path, text).monitor
    assert (found.spool, found.store) == (Path("/data/spool"), address)


@pytest.mark.parametrize(
    ("replaced", "by", "line"),
    [
        ('spool = "spool"\n', "", "monitor.spool: found nothing, expected the path of a folder"),
        ('"spool"', "3", "monitor.spool: found 3, expected the path of a folder"),
        ('"spool"', '""', 'monitor.spool: found "", expected the path of a folder'),
        ('"spool"', '"a\\u0000b"', 'monitor.spool: found "a\\u0000b", expected the path of a folder'),
        (
            '["a.bundle"]',
            "[]",
            "monitor.bundles: found [], expected a list of 1 to 200 paths of bundle folders",
        ),
        (
            '["a.bundle"]',
            '["a", 7]',
            "monitor.bundles.1: found 7, expected a list of 1 to 200 paths of bundle folders",
        ),
        (
            "[monitor]",
            '[monitor]\npoll_seconds = "fast"',
            'monitor.poll_seconds: found "fast", expected a number of seconds from 0.05 to 60',
        ),
        (
            "[monitor]",
            "[monitor]\npoll_seconds = nan",
            "monitor.poll_seconds: found NaN, expected a number of seconds from 0.05 to 60",
        ),
        ("[monitor]", "[monitor]\ncms_names = 1", "monitor.cms_names: found 1, expected true or false"),
        (
            "[monitor]",
            "[monitor]\noutput_dir = 2026-01-01",
            "monitor.output_dir: found 2026-01-01, expected the path of a folder outside the spool",
        ),
        (
            "[monitor]",
            '[log]\nlevel = "loud"\n[monitor]',
            'log.level: found "loud", expected "debug", "info", "warning" or "error"',
        ),
        (
            "[monitor]",
            '[thresholds]\n"EB/digi" = -1\n[monitor]',
            'thresholds."EB/digi": found -1, expected numbers of nats from 0 to 100 by map such as EB/digi',
        ),
        (
            "[monitor]",
            '[thresholds]\n"EB digi" = 1\n[monitor]',
            'thresholds."EB digi": found that name, expected numbers of nats from 0 to 100 by map such as '
            "EB/digi",
        ),
        (
            "[monitor]",
            "[retry]\nfirst_seconds = 10\nlongest_seconds = 2\n[monitor]",
            "retry: found longest_seconds 2, expected 10, which is first_seconds, or more",
        ),
        (
            "[monitor]",
            "[retention]\nevery = true\n[monitor]",
            "retention.every: found true, expected a whole number from 1 to 1,000,000",
        ),
        (
            "[monitor]",
            "[retention]\nkeep_lumis = 200000\n[monitor]",
            "retention: found forget_lumis 100000, expected 200000, which is keep_lumis, or more",
        ),
        ("[monitor]", "health = 7\n[monitor]", "health: found 7, expected a table [health]"),
        (
            "[monitor]",
            "[monitor]\npol_seconds = 1",
            "monitor.pol_seconds: found a key that nobody knows, expected one of spool, store, bundles, "
            "label, output_dir, cms_names, poll_seconds, first_run, last_run (is it poll_seconds?)",
        ),
    ],
)
def test_what_is_wrong_is_named_found_and_expected(tmp_path: Path, replaced: str, by: str, line: str) -> None:
    assert lines(tmp_path, LEAST.replace(replaced, by, 1)) == [f"monitor.toml: {line}"]


def test_states_that_nobody_knows_are_refused_in_both_tables(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        LEAST + '[conditions]\nlabels = { "Cos*" = "cosmic" }\naccept = { "EB/digi" = ["RAMP", "FOO"] }\n',
    )
    states = "each one of COLLISIONS, RAMP, NO_BEAM, COSMICS, HEAVY_IONS, SPECIAL, UNTOLD"
    assert [line.partition(", ")[0] for line in found] == [
        'monitor.toml: conditions.labels."Cos*": found "cosmic"',
        'monitor.toml: conditions.accept."EB/digi".1: found "FOO"',
    ]
    assert all(line.endswith(states) for line in found)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = lines(tmp_path, "bogus = 1\n[monitor]\nspool = 1\nlabel = ''\n[health]\nport = 70000\n")
    assert [line.split(": ")[1] for line in found] == [
        "monitor.spool",
        "monitor.store",
        "monitor.bundles",
        "monitor.label",
        "health.port",
        "bogus",
    ]
    assert all("\n" not in line for line in found)


def test_a_store_that_cannot_be_is_never_repeated(tmp_path: Path) -> None:
    secret = "postgresql://me:hunter2@host/" + "x" * 2_000
    (line,) = lines(tmp_path, LEAST.replace("store.sqlite", secret))
    assert "hunter2" not in line
    assert line.startswith("monitor.toml: monitor.store: found a value that is not shown, expected the path")


@pytest.mark.parametrize(
    "text", ["a =", "\0", "[monitor", "a = " + "[" * 3_000, "a = 1\na = 2", "x = " + "9" * 5_000]
)
def test_what_is_no_toml_is_one_line(tmp_path: Path, text: str) -> None:
    (line,) = lines(tmp_path, text)
    assert line.startswith("monitor.toml: found no TOML: ")


def test_hostile_files_are_refused(tmp_path: Path) -> None:
    (line,) = lines(tmp_path, "#" * (MOST_BYTES + 1))
    assert line == f"monitor.toml: found more than {MOST_BYTES} bytes, expected fewer"
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe9'")
    os.mkfifo(tmp_path / "pipe.toml")  # opening it would wait for ever
    for name, word in {
        "latin.toml": "no TOML",
        "pipe.toml": "no file",
        "none.toml": "no file",
        ".": "no file",
    }.items():
        with pytest.raises(ConfigurationError, match=f"found {word}"):
            read_monitoring(tmp_path / name)


def test_settings_are_what_the_text_says(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        LEAST
        + """
[conditions]
labels = { "Cosmics*" = "UNTOLD", "*" = "SPECIAL" }
accept = { "EB/digi" = ["COLLISIONS", "COSMICS"] }
[thresholds]
"EB/digi" = 1.5
[retention]
keep_lumis = 100
every = 7
[retry]
attempts = 3
""",
    )
    settings = settings_of(found)
    assert settings.gate.raised == {"EB/digi": 1.5}
    assert settings.gate.accept == {"EB/digi": frozenset({LumiState.COLLISIONS, LumiState.COSMICS})}
    assert settings.gate.of_label("CosmicsX") is LumiState.UNTOLD  # ours goes before what is shipped
    assert settings.gate.of_label("HIPhysics") is LumiState.SPECIAL
    assert settings.retention == Retention(100, 7, 100_000, 200_000)
    assert settings.retry.attempts == 3


def test_what_is_shipped_for_labels_is_the_same_everywhere() -> None:
    found = Monitoring.model_validate(tomllib.loads(LEAST), context={FOLDER: Path()})
    assert found.labels == dict(gate.Gate().labels)


def test_the_waits_between_tries_double_up_to_the_longest() -> None:
    retry = Retry(1.0, 300.0, 12)
    waits = [retry.seconds(failed) for failed in range(1, 13)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, None]
    assert Retry(1.0, 5.0, 10_000).seconds(9_000) == 5.0


def test_the_example_says_every_key_and_is_right(tmp_path: Path) -> None:
    text = EXAMPLE.read_text("utf-8")
    found = read(tmp_path, text)
    for key, field in keys(Monitoring).items():
        name = key.rpartition(".")[2]
        assert re.search(rf"^(?:# )?(?:{name} = |\[(?:\w+\.)?{name}\])", text, re.MULTILINE), key
        value: object = found
        for part in key.split("."):
            value = getattr(value, part)
        if key.split(".")[0] in ("retention", "retry", "health") or key == "monitor.poll_seconds":
            assert value == field.default, f"{key}: the example shows defaults"
    assert "\t" not in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_manual_knows_every_key_with_default_and_what_is_expected() -> None:
    manual = (ROOT / "docs" / "monitor.md").read_text("utf-8")
    for key, field in keys(Monitoring).items():
        rows = [line for line in manual.splitlines() if line.startswith(f"| `{key}` |")]
        assert len(rows) == 1, key
        assert field.description in rows[0].replace("\\|", "|"), key
        if not field.is_required() and field.default not in (None, {}):
            shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert f"| `{shown}` |" in rows[0], key
