"""`caloscope monitor`: files as they arrive, by words on the command line or by a configuration."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.config.monitoring import Monitoring


def monitor(
    spool: Annotated[
        Path | None, typer.Argument(help="The folder into which DQM files are dropped.", show_default=False)
    ] = None,
    bundle: Annotated[
        list[Path] | None, typer.Option("--bundle", help="A bundle folder; may be given again.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            help="SQLAlchemy URL or path of an SQLite file; else the config's, else CALOSCOPE_STORE.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="TOML file that says all of this and more; options go before it."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Look at everything the monitor needs, start and change nothing.")
    ] = False,
    label: Annotated[
        str | None,
        typer.Option("--label", help="Primary dataset or stream, such as ZeroBias.  [default: online]"),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option("--output-dir", help="Folder for DQM ROOT files; none are written without it."),
    ] = None,
    cms_names: Annotated[
        bool | None, typer.Option("--cms-names", help="Write the file and folder names that CMSSW writes.")
    ] = None,
    poll_seconds: Annotated[
        float | None, typer.Option("--poll-seconds", help="Longest time between looks.  [default: 2]")
    ] = None,
) -> None:
    """Watch a folder and score every lumisection that arrives, until interrupted."""
    given: dict[str, Any] = {
        "spool": _whole(spool),
        "store": _whole(store),
        "bundles": [_whole(folder) for folder in bundle or ()] or None,
        "label": label,
        "output_dir": _whole(output_dir),
        "cms_names": cms_names,
        "poll_seconds": poll_seconds,
    }
    over = {name: value for name, value in given.items() if value is not None}
    again = partial(_read, config, over)
    found = again()
    if check:
        _check(found)
    else:
        from caloscope.monitor.running import run

        print(f"stopped after {run(found, config, None if config is None else again)} files")


def _whole(path: Path | str | None) -> str | None:
    """What was given on the command line, from the root: in a file it would be relative to that."""
    if path is None or "://" in str(path):
        return None if path is None else str(path)
    return str(Path(path).absolute())


def _read(config: Path | None, over: dict[str, Any]) -> "Monitoring":
    """The configuration, with the store of the environment where nobody else names one."""
    from caloscope.config.monitoring_text import check_monitoring, read_tables

    tables = {"monitor": {}} if config is None else read_tables(config)
    monitor = tables.get("monitor", {})
    if isinstance(monitor, dict):
        named = os.environ.get("CALOSCOPE_STORE")
        monitor = {**({"store": _whole(named)} if named else {}), **monitor, **over}
        tables = {**tables, "monitor": monitor}
    if config is None:
        words = {"spool": "SPOOL", "store": "--store", "bundles": "--bundle"}
        if missing := [word for name, word in words.items() if name not in monitor]:
            raise UsageError(f"monitor: {', '.join(missing)} missing, expected it here, or --config FILE")
        return check_monitoring(tables, "command line", Path())
    return check_monitoring(tables, config.name, config.absolute().parent)


def _check(found: "Monitoring") -> None:
    """Print what was found, one line each; exit code 2 where something is bad."""
    from caloscope.monitor.checking import findings

    bad = 0
    for each in findings(found):
        bad += each.verdict == "bad"
        print(f"{each.verdict:<5} {each.what:<11} {each.told}", flush=True)
    if bad:
        print(f"caloscope: {bad} of these would not work, expected none", file=sys.stderr)
        raise typer.Exit(2)
