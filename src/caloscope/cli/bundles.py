"""`caloscope bundle ...`: looking at bundles, saying what they are for, and exchanging them with CMSSW."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from caloscope.errors import BundleError, UsageError

app = typer.Typer(
    help="Look at bundles, check them, say what they are for, or make one from a network that CMSSW runs.",
    no_args_is_help=True,
)


class Wanted(StrEnum):
    """The states that a bundle can be given."""

    COMMISSIONING = "commissioning"
    ACTIVE = "active"
    RETIRED = "retired"


@app.command("show")
def show(
    path: Annotated[Path, typer.Argument(help="A bundle folder.")],
    json: Annotated[bool, typer.Option("--json", help="The whole card as JSON.")] = False,
) -> None:
    """What a bundle's card says, once the bundle has been checked."""
    from caloscope import bundle as bundles
    from caloscope.cli.bundle_shown import print_bundle, print_json

    bundle = bundles.load(path)
    if json:
        print_json(bundle)
    else:
        print_bundle(bundle)


@app.command("verify")
def verify(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Bundle folders.")],
) -> None:
    """Check files, geometry and self-test of bundles, one line each; exit code 1 if any fails."""
    from caloscope import bundle as bundles
    from caloscope.cli.bundle_shown import verified_line

    failed = False
    for path in paths:
        try:
            bundle = bundles.load(path)
            print(f"{path}: {verified_line(bundle, bundles.verify(bundle))}")
        except BundleError as error:
            failed = True
            print(f"FAILED {error}" if str(path) in str(error) else f"FAILED {path}: {error}")
    if failed:
        raise typer.Exit(1)


@app.command("state")
def state(
    path: Annotated[Path, typer.Argument(help="A bundle folder.")],
    wanted: Annotated[
        Wanted | None, typer.Argument(metavar="[STATE]", help="commissioning, active or retired.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever retires a bundle must say.")] = "",
    by: Annotated[str | None, typer.Option("--by", help="Who decided; by default who runs this.")] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="A store to tell at once, before a monitor starts again.")
    ] = None,
) -> None:
    """Show what a bundle is for, or set it; its hash and its results stay what they are.

    In commissioning it runs for experts, and no verdict, incident list or output depends on it. A retired
    one is refused by monitor and replay.
    """
    from caloscope import bundle as bundles
    from caloscope.cli.bundle_state import telling, user

    if wanted is None and (reason or by is not None):
        raise UsageError(f"{path}: found --reason or --by without a state, expected {', '.join(Wanted)}")
    with telling(store) as tell:  # a store that cannot be told is found before anything is changed
        digest = "" if store is None else bundles.digest(path)
        if wanted is None:
            standing = bundles.read_state(path)
        else:
            # What can no longer be loaded, or has a damaged state, can be retired all the same.
            standing = bundles.write_state(path, wanted.value, by=user() if by is None else by, reason=reason)
        print(f"{path}: {standing.told()}")
        tell(digest, standing)
