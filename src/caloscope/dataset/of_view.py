"""What a data set says of a map whose cells a view describes."""

from caloscope.config.catalogue import MapSpec
from caloscope.dataset.contents import Kind
from caloscope.dataset.maps import MapInfo
from caloscope.geometry import View
from caloscope.records import BinRange


def map_info(spec: MapSpec, on: View, kind: Kind = "counts") -> MapInfo:
    """What a data set says of a map of the catalogue on its view."""
    return MapInfo(
        name=spec.name,
        view=spec.view,
        quantity=spec.quantity,
        noise=spec.noise,
        producer=spec.producer,
        geometry=on.version,
        kind=kind,
        shape=on.shape,
        axes=view_axes(on),
    )


def view_axes(on: View) -> tuple[BinRange, ...]:
    """The view's axes in the order of its arrays."""
    plane = tuple(BinRange(axis.title, axis.bins, axis.low, axis.high) for axis in (on.y, on.x))
    if not on.depths:
        return plane
    depths = BinRange("depth", len(on.depths), on.depths[0] - 0.5, on.depths[-1] + 0.5)
    return (depths, *plane)
