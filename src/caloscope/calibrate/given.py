"""Good lumisections as the pipeline is given them."""

from collections.abc import Collection, Iterable

from caloscope.config.catalogue import MapSpec
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.records import Lumisection, MapRecord


def given_of(
    lumisections: Iterable[Lumisection], spec: MapSpec, companions: Collection[str] = ()
) -> list[Given]:
    """What lumisections bring for one map, in (run, lumi) order; those without the map are left out.

    Counts stay as they were read, so that thousands of lumisections fit into memory. `companions` names
    other maps that go along. Raises `UsageError` for a map that grows through the run or holds real numbers:
    `convert` puts such records in order.
    """
    found = []
    for each in lumisections:
        record = each.maps.get(spec.name)
        if record is not None:
            require_counts_of_its_own(each, spec.name, record)
            beside = {name: each.maps[name] for name in companions if name in each.maps}
            found.append(Given(each.id, record, "", each.began_at, companions=beside))
    found.sort(key=lambda given: given.id)
    return found


def require_counts_of_its_own(lumisection: Lumisection, name: str, record: MapRecord) -> None:
    """Raises `UsageError` for a record that says nothing of a lumisection by itself."""
    if record.cumulative:
        found = f"{lumisection.source}: found counts of {name} that grow through the run"
        raise UsageError(f"{found}, expected those of lumisections: run `caloscope convert` on it first")
    if not record.is_counts:
        raise UsageError(f"{lumisection.source}: found real numbers for {name}, expected counts")
