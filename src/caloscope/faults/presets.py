"""Faults that come with Caloscope, as TOML texts."""

from importlib.resources import files
from typing import Final

from caloscope.errors import UsageError

_FOLDER: Final = files("caloscope.faults").joinpath("presets")


def preset_names() -> tuple[str, ...]:
    """Names of the presets, sorted."""
    found = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def preset_text(name: str) -> str:
    """The TOML text of a preset. Raises `UsageError` for a name that is none, listing those that are."""
    names = preset_names()
    if name not in names:
        raise UsageError(f"preset {name!r} is not known: expected one of {', '.join(names)}")
    return _FOLDER.joinpath(f"{name}.toml").read_text("utf-8")


def preset_title(name: str) -> str:
    """What a preset is: the comment that it begins with. Raises `UsageError` as `preset_text`."""
    return preset_text(name).splitlines()[0].removeprefix("#").strip()
