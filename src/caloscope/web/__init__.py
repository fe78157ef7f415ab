"""The shifter's page and the JSON behind it; reads the store, never writes.

`create_app(store_url)` is the ASGI application, `serve(store_url)` runs it.
"""

from caloscope.web.app import create_app
from caloscope.web.server import serve

__all__ = ["create_app", "serve"]
