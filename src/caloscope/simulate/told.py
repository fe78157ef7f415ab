"""What a simulated lumisection tells of its conditions."""

from caloscope import records
from caloscope.records import LumiState
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.fill import Fill


def told(fill: Fill, at: Conditions) -> records.Conditions:
    """The state of the beams and the prescale column, as the experiment would know them."""
    return records.Conditions(_state(fill, at), trigger=f"column {at.column}", source="Info")


def _state(fill: Fill, at: Conditions) -> LumiState:
    if fill.beam == "none":
        return LumiState.COSMICS
    if at.beam == "none":
        return LumiState.NO_BEAM
    if at.rising:
        return LumiState.RAMP
    return LumiState.HEAVY_IONS if at.beam == "ions" else LumiState.COLLISIONS
