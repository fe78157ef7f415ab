"""Promises about what is loaded when, kept by looking at a fresh Python."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "lightning_fabric", "dask")


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that a fresh Python has loaded after a statement."""
    code = f"{statement}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "module", ["caloscope", "caloscope.monitor", "caloscope.web", "caloscope.pipeline", "caloscope.cli"]
)
def test_the_monitor_and_the_page_never_load_torch(module: str) -> None:
    assert not loaded_after(f"import {module}") & set(HEAVY)


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_after("import caloscope.cli")
    assert not loaded & {"uproot", "onnxruntime", "fastapi", "sqlalchemy", "scipy", "h5py"}


def test_a_monitor_starts_without_what_only_outputs_and_fits_need() -> None:
    """Each of these takes half a second of the time until it watches."""
    code = "from caloscope.monitor import running; import sys; print('scipy.stats' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "False\n"
    assert not loaded_after("import caloscope.monitor.running") & {"uproot", "awkward", "pyarrow", "fsspec"}
    assert "uproot" in loaded_after("from caloscope import outputs; outputs.get_ready()")  # and not later


def test_the_store_needs_no_network_library() -> None:
    assert not loaded_after("import caloscope.store") & {"onnxruntime", "fastapi", "uproot"}
