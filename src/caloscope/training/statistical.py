"""Training of a detector that learns by counting."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from caloscope import bundle, prepare
from caloscope.config.catalogue import MapSpec
from caloscope.decide import threshold_for
from caloscope.detectors.base import Observation
from caloscope.detectors.reference import Reference
from caloscope.errors import UsageError
from caloscope.evidence import FACTORS
from caloscope.geometry import View
from caloscope.records import Lumisection, MapRecord

TRAINABLE = (Reference.name,)


def train(
    lumisections: Iterable[Lumisection],
    spec: MapSpec,
    on: View,
    folder: Path,
    *,
    detector: str = Reference.name,
    per_day: float = 1.0,
    calorimeter: str | None = None,
) -> bundle.Bundle:
    """Fit a detector to good lumisections of one map and write its bundle to `folder`.

    `per_day` is the number of false incidents allowed per map in 3,700 lumisections. Raises `UsageError`
    when there is too little to learn from, the detector is not one that can be trained, or the map holds
    real numbers or grows through the run: `convert` puts such records in order and takes differences.
    """
    if detector not in TRAINABLE:
        raise UsageError(f"detector {detector!r} cannot be trained, expected one of {', '.join(TRAINABLE)}")
    observations: list[Observation] = []
    sources: list[str] = []
    for lumisection in lumisections:
        record = lumisection.maps.get(spec.name)
        if record is not None:
            _require_counts_of_its_own(lumisection, spec.name, record)
            # A producer that never tells the pileup will not tell it live either.
            known = record if spec.pileup else replace(record, pileup=None)
            observations.append(prepare.observe(lumisection.id, known, on))
            if lumisection.source not in sources:
                sources.append(lumisection.source)
    fitted = Reference.fit(observations, spec.noise)
    threshold = threshold_for(max(1, int(fitted.alive.sum())), len(FACTORS), per_day)
    card = bundle.make_card(
        folder.name.removesuffix(".bundle"),
        spec,
        on,
        fitted,
        threshold=threshold,
        per_day=per_day,
        training=_provenance(observations, sources),
    )
    return bundle.save(folder, card, fitted, calorimeter=calorimeter)


def _require_counts_of_its_own(lumisection: Lumisection, name: str, record: MapRecord) -> None:
    """Raises `UsageError` for a record that no detector can learn from."""
    if record.cumulative:
        found = f"{lumisection.source}: found counts of {name} that grow through the run"
        raise UsageError(f"{found}, expected those of lumisections: run `caloscope convert` on it first")
    if not record.is_counts:
        raise UsageError(f"{lumisection.source}: found real numbers for {name}, expected counts")


def _provenance(observations: list[Observation], sources: list[str]) -> dict[str, str | int | list[str]]:
    ids = sorted(observation.id for observation in observations)
    return {
        "lumisections": len(ids),
        "first": f"{ids[0].run}:{ids[0].lumi}",
        "last": f"{ids[-1].run}:{ids[-1].lumi}",
        "sources": [Path(source).name for source in sources[:100]],
        "threshold": "from the count distribution; extrapolated, not calibrated on held-out runs",
    }
