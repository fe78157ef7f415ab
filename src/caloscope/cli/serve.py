"""`caloscope serve`: the page."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from caloscope.cli.options import StoreUrl


def serve(
    store: StoreUrl,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 8765,
) -> None:
    """Serve the shifter's page for a store. It reads only."""
    from caloscope import web

    if "://" not in store.replace("sqlite:///", "") and not Path(store.removeprefix("sqlite:///")).exists():
        print(f"{store}: not there yet, waiting for it", file=sys.stderr)
    print(f"Caloscope on http://{host}:{port}", flush=True)
    web.serve(store, host=host, port=port)
