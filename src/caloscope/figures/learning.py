"""How a network learned: the loss on what it saw and on runs that it did not see, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter

from caloscope.figures import style

_SETTLED: Final = 0.02
"""Share of the epochs, the first ones, that may lie above the picture: they would flatten all others."""


def learning_figure(title: str, curve: Sequence[Mapping[str, float]], subtitle: str = "") -> bytes:
    """A PNG of a learning curve: losses above, learning rate below, against epochs and minutes.

    Each row of `curve` has `number`, `learned` and `held` (losses, low = better), `rate` and `seconds`.
    """
    number, learned, held, rate = (
        np.array([row[name] for row in curve]) for name in ("number", "learned", "held", "rate")
    )
    best = int(held.argmin())
    with style.look():
        figure = style.new(7.0, 4.6)
        style.headline(figure, title, subtitle)
        grid = figure.add_gridspec(2, 1, height_ratios=(4, 1))
        above = figure.add_subplot(grid[0])
        above.plot(number, learned, color=style.SKY, lw=1.2, label="runs that it learned from")
        above.plot(number, held, color=style.BLUE, lw=1.6, label="held-out runs")
        above.plot(
            number[best], held[best], "o", color=style.VERMILLION, ms=6, zorder=3, label=_best(curve, best)
        )
        above.set_ylabel("loss (low is better)")
        _limits(above, np.concatenate([learned, held]))
        above.legend(loc="best")
        above.tick_params(labelbottom=False)
        below = figure.add_subplot(grid[1], sharex=above)
        below.step(number, rate, color=style.INK, lw=1.2, where="mid")
        below.set_yscale("log")
        below.set_ylabel("rate")
        below.yaxis.set_minor_formatter(NullFormatter())
        below.set_ylim(float(rate.min()) / 3.0, float(rate.max()) * 3.0)
        below.set_xlabel(f"epoch ({_minutes(sum(row['seconds'] for row in curve))} in all)")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        return style.png(figure)


def _best(curve: Sequence[Mapping[str, float]], best: int) -> str:
    """What the legend says of the state that was kept."""
    until = sum(row["seconds"] for row in curve[: best + 1])
    return f"kept: epoch {curve[best]['number']:.0f}, {curve[best]['held']:.5g}, after {_minutes(until)}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120.0 else f"{seconds / 60.0:.1f} min"


def _limits(axes: Axes, losses: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """From the lowest loss to nearly the highest."""
    low, high = float(losses.min()), float(np.quantile(losses, 1.0 - _SETTLED))
    room = 0.06 * max(high - low, 1e-9)
    axes.set_ylim(low - room, high + 4.0 * room)
