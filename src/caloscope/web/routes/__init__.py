"""The JSON routes, one topic a file."""

from fastapi import APIRouter

from caloscope.web.routes import assets, changes, incidents, maps, quarantine, runs, status, trends

ROUTERS: tuple[APIRouter, ...] = (
    status.router,
    runs.router,
    maps.router,
    incidents.router,
    trends.router,
    quarantine.router,
    changes.router,
    assets.router,
)
