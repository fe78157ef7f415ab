"""`caloscope serve`: the page."""

import sys
from contextlib import suppress
from typing import Annotated

import typer

from caloscope.cli.options import StoreUrl
from caloscope.errors import StoreError


def serve(
    store: StoreUrl,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 8765,
) -> None:
    """Serve the shifter's page for a store. It reads only."""
    from caloscope import web
    from caloscope.store.engines import file_of

    with suppress(StoreError):  # the page says what is wrong with an address
        if (file := file_of(store)) is not None and not file.exists():
            print(f"{store}: not there yet, waiting for it", file=sys.stderr)
    print(f"Caloscope on http://{host}:{port}", flush=True)
    web.serve(store, host=host, port=port)
