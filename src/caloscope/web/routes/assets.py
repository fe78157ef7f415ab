"""The page itself and Plotly's JavaScript, which the installed plotly package carries."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

STATIC = Path(__file__).resolve().parent.parent / "static"

router = APIRouter(include_in_schema=False)


def plotly_script() -> Path:
    """Where plotly.min.js lies; raises 404 (of the route) where the package has none."""
    spec = find_spec("plotly")
    if spec is not None and spec.origin is not None:
        script = Path(spec.origin).parent / "package_data" / "plotly.min.js"
        if script.is_file():
            return script
    raise HTTPException(404, "plotly/package_data/plotly.min.js is not installed")


@router.get("/")
def index() -> FileResponse:
    """The shifter's page."""
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


@router.get("/docs")
def docs() -> FileResponse:
    """The routes, read from the OpenAPI description without anything from another host."""
    return FileResponse(STATIC / "docs.html", headers={"Cache-Control": "no-cache"})


@router.get("/vendor/plotly.min.js")
def plotly() -> FileResponse:
    """Plotly's JavaScript as installed."""
    return FileResponse(
        plotly_script(), media_type="text/javascript", headers={"Cache-Control": "private, max-age=3600"}
    )
