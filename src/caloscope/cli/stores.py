"""`caloscope store`: looking after the database of verdicts."""

from typing import Annotated

import typer

from caloscope.cli.options import StoreUrl

app = typer.Typer(
    help="Look after a store: bring it to the schema of this version, thin old score maps.",
    no_args_is_help=True,
)


@app.command("upgrade")
def upgrade(store: StoreUrl) -> None:
    """Bring a store of an older schema to that of this version, in place; nothing that it knows is lost.

    Stop its monitor first, and keep a copy: an older Caloscope does not read it afterwards.
    """
    from caloscope.store.upgrading import upgrade as bring

    found, now = bring(store)
    print(f"schema {found}: nothing to do" if found == now else f"schema {found} is now schema {now}")


@app.command("thin")
def thin(
    store: StoreUrl,
    keep: Annotated[
        int, typer.Option("--keep-lumis", min=0, help="Newest lumisections of each map that stay whole.")
    ],
    every: Annotated[int, typer.Option("--every", min=1, help="Of older ones every so many keep theirs.")],
    forget: Annotated[
        int | None,
        typer.Option("--forget-lumis", min=0, help="Newest lumisections among which these do so."),
    ] = None,
    changes: Annotated[
        int | None, typer.Option("--changes", min=1, help="Also forget all but so many of the last changes.")
    ] = None,
) -> None:
    """Delete old score maps: flags, incidents, results and everything else stay.

    Lumisections in which an incident opened or closed keep theirs. The monitor may run meanwhile. The file
    of an SQLite store does not become smaller: what is free in it is filled again.
    """
    from caloscope.cli.info.words import plural
    from caloscope.store import Store

    with Store(store) as opened:
        print(f"{plural(opened.thin(keep, every, forget=forget), 'score map')} deleted")
        if changes is not None:
            print(f"{plural(opened.trim_changes(changes), 'change')} forgotten")
