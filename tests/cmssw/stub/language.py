"""A stand-in for the CMS configuration language: as much of it as tells a sound configuration from another.

As in the language itself parameters are typed; a parameter that a module has takes a plain value of its
type, one that it has not only a typed one; asking for what is not there is an error.
"""

from collections.abc import Iterator, Sequence
from typing import Any


class Parameter:
    """A typed value; `untracked` makes another of it."""

    def __init__(self, kind: str, value: Any, tracked: bool = True) -> None:
        self.kind, self.content, self.tracked = kind, value, tracked

    def dump(self) -> Any:
        return {"type": ("" if self.tracked else "untracked ") + self.kind, "value": self.content}


_CHECKS: dict[str, type] = {"string": str, "bool": bool, "double": float, "InputTag": str}
_WHOLE = {"int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1)}


def _single(kind: str, value: Any, tracked: bool) -> Parameter:
    if kind in _WHOLE:
        low, high = _WHOLE[kind]
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{value!r} is no {kind}")
    elif type(value) is not _CHECKS[kind]:
        raise TypeError(f"{value!r} is no {kind}")
    return Parameter(kind, value, tracked)


def _list(kind: str, values: Sequence[Any], tracked: bool) -> Parameter:
    if not all(type(value) is str for value in values):
        raise TypeError(f"{values!r} are no {kind}")
    return Parameter(kind, list(values), tracked)


class Holder:
    """What has parameters as attributes: PSets and modules."""

    def __init__(self, **parameters: Any) -> None:
        object.__setattr__(self, "parameters", {})
        for name, value in parameters.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.parameters.get(name)
        if not isinstance(value, Parameter | Holder):
            if not isinstance(known, Parameter):
                raise TypeError(f"{name} does not exist: it can only be set to a typed value")
            value = Parameter(known.kind, value, known.tracked)
        elif known is not None and type(known) is not type(value):
            raise TypeError(f"{name} is of another kind")
        elif isinstance(known, Parameter) and (known.kind, known.tracked) != (value.kind, value.tracked):
            raise TypeError(f"{name} is {known.kind}, not {value.kind}")
        self.parameters[name] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "parameters")[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no {name}") from None

    def dump(self) -> Any:
        return {name: value.dump() for name, value in self.parameters.items()}


class PSet(Holder):
    pass


class Module(Holder):
    """A source, module, service or output, of a C++ type."""

    role = "module"

    def __init__(self, plugin: str, **parameters: Any) -> None:
        super().__init__(**parameters)
        object.__setattr__(self, "plugin", plugin)
        object.__setattr__(self, "label", None)

    def __add__(self, other: Any) -> "Chain":
        return Chain(self, other)

    def dump(self) -> Any:
        return {"plugin": self.plugin, **super().dump()}


class Source(Module):
    role = "source"


class Service(Module):
    role = "service"


class EDProducer(Module):
    pass


class EDAnalyzer(Module):
    pass


class OutputModule(Module):
    pass


class Chain:
    """Modules in order."""

    def __init__(self, *items: Any) -> None:
        for item in items:
            if not isinstance(item, Module | Chain) or isinstance(item, Source | Service):
                raise TypeError(f"{item!r} cannot stand in a sequence")
        self.items = items

    def __add__(self, other: Any) -> "Chain":
        return Chain(*self.items, other)

    def modules(self) -> Iterator[Module]:
        for item in self.items:
            if isinstance(item, Chain):
                yield from item.modules()
            else:
                yield item


class Path(Chain):
    pass


class EndPath(Chain):
    pass


class Schedule(list[Any]):
    def __init__(self, *paths: Any) -> None:
        if not all(isinstance(path, Path | EndPath) for path in paths):
            raise TypeError("a schedule holds paths")
        super().__init__(paths)


class Modifier:
    """An era, or a process modifier."""

    def __init__(self, name: str) -> None:
        self.name = name


class Untracked:
    """`cms.untracked`."""

    def __getattr__(self, kind: str) -> Any:
        return maker(kind, tracked=False)


def maker(kind: str, tracked: bool) -> Any:
    """What makes parameters of a kind."""
    if kind == "PSet":
        return PSet
    if kind in ("vstring", "VLuminosityBlockRange"):
        return lambda *values: _list(kind, values, tracked)
    if kind in _CHECKS or kind in _WHOLE:
        return lambda value: _single(kind, value, tracked)
    raise AttributeError(f"cms has no {kind}")
