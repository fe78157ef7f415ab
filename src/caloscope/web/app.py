"""The application: routes, pages, errors in JSON, and the stream of changes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

import caloscope
from caloscope.errors import CaloscopeError, StoreError
from caloscope.web.events import Broadcaster
from caloscope.web.routes import ROUTERS
from caloscope.web.routes.assets import STATIC
from caloscope.web.security import SecurityHeaders
from caloscope.web.source import Source


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """While the application runs; then nobody listens any more and the store is closed."""
    yield
    await app.state.broadcaster.close()
    app.state.source.close()


def create_app(store_url: str) -> FastAPI:
    """The ASGI application for one store.

    The store is opened, read only, with the first request, and need not exist before: until then the API
    answers 503.
    """
    app = FastAPI(
        title="Caloscope",
        version=getattr(caloscope, "__version__", "0"),
        description="Verdicts on a calorimeter, lumisection by lumisection. All of it read only.",
        docs_url=None,  # those pages load their scripts from other hosts; /docs is our own
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.source = Source(store_url)
    app.state.broadcaster = Broadcaster(app.state.source)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(CaloscopeError, _explain)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


async def _explain(_: Request, error: Exception) -> JSONResponse:
    """An error that is meant for people, in the form of FastAPI's own."""
    return JSONResponse({"detail": str(error)}, status_code=503 if isinstance(error, StoreError) else 500)
