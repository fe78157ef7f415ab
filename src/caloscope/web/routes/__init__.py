"""The JSON routes, one topic a file."""

from fastapi import APIRouter

from caloscope.web.routes import (
    assets,
    changes,
    conditions,
    files,
    incidents,
    maps,
    runs,
    status,
    trends,
)

ROUTERS: tuple[APIRouter, ...] = (
    status.router,
    runs.router,
    maps.router,
    incidents.router,
    trends.router,
    conditions.router,
    files.router,
    changes.router,
    assets.router,
)
