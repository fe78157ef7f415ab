"""How a network learned: the loss on what it saw and on runs that it did not see, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import NDArray

from caloscope.figures import style

_Row: TypeAlias = NDArray[np.float64]

_SETTLED: Final = 0.02
"""Share of the epochs, the first ones, that may lie above the picture: they would flatten all others."""


_FEW: Final = 8
"""So few epochs are points, too: one of them is no line."""


def learning_figure(title: str, curve: Sequence[Mapping[str, float]], subtitle: str = "") -> bytes:
    """A PNG of a learning curve: losses above, learning rate below, against epochs and minutes.

    Each row of `curve` has `number`, `learned` and `held` (losses, low = better), `rate` and `seconds`.
    """
    number, learned, held, rate = (
        np.array([row[name] for row in curve]) for name in ("number", "learned", "held", "rate")
    )
    with style.look():
        figure = style.new(7.0, 4.6)
        style.headline(figure, title, subtitle)
        grid = figure.add_gridspec(2, 1, height_ratios=(4, 1))
        above = figure.add_subplot(grid[0])
        _losses(above, curve, number, learned, held)
        below = figure.add_subplot(grid[1], sharex=above)
        below.step(number, rate, color=style.INK, lw=1.2, where="mid", **_dots(number))
        below.set_yscale("log")
        below.set_ylabel("rate")
        below.yaxis.set_minor_formatter(NullFormatter())
        below.set_ylim(float(rate.min()) / 3.0, float(rate.max()) * 3.0)
        below.set_xlabel(f"epoch ({_minutes(sum(row['seconds'] for row in curve))} in all)")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        return style.png(figure)


def _losses(
    axes: Axes, curve: Sequence[Mapping[str, float]], number: _Row, learned: _Row, held: _Row
) -> None:
    """Both losses, and the epoch that was kept."""
    dots, best = _dots(number), int(held.argmin())
    axes.plot(number, learned, color=style.SKY, lw=1.2, label="runs that it learned from", **dots)
    axes.plot(number, held, color=style.BLUE, lw=1.6, label="held-out runs", **dots)
    if dots:
        axes.set_xlim(0.5, float(number[-1]) + 0.5)
    # Behind the points where there are any, and larger.
    kept: dict[str, Any] = {"ms": 9, "zorder": 1.9} if dots else {"ms": 6, "zorder": 3}
    axes.plot(number[best], held[best], "o", color=style.VERMILLION, label=_best(curve, best), **kept)
    axes.set_ylabel("loss (low is better)")
    _limits(axes, np.concatenate([learned, held]))
    axes.legend(loc="best")
    axes.tick_params(labelbottom=False)


def _dots(number: _Row) -> dict[str, Any]:
    """How points are drawn: not at all where there are many."""
    return {"marker": "o", "ms": 4.0} if len(number) <= _FEW else {}


def _best(curve: Sequence[Mapping[str, float]], best: int) -> str:
    """What the legend says of the state that was kept."""
    until = sum(row["seconds"] for row in curve[: best + 1])
    return f"kept: epoch {curve[best]['number']:.0f}, {curve[best]['held']:.5g}, after {_minutes(until)}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120.0 else f"{seconds / 60.0:.1f} min"


def _limits(axes: Axes, losses: _Row) -> None:
    """From the lowest loss to nearly the highest."""
    low, high = float(losses.min()), float(np.quantile(losses, 1.0 - _SETTLED))
    room = 0.06 * max(high - low, 1e-9)
    axes.set_ylim(low - room, high + 4.0 * room)
