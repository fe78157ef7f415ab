"""What the store is told of a bundle before its first result."""

from typing import cast

from caloscope.bundle import Bundle
from caloscope.store import BundleRow


def row_of(bundle: Bundle) -> BundleRow:
    """The row of a bundle, with its state as it is now."""
    card, standing = bundle.card, bundle.standing
    return BundleRow(
        hash=bundle.hash,
        name=card.name,
        map=card.map,
        detector=card.detector,
        view=card.view,
        era=card.era,
        noise=bundle.spec.noise,
        calorimeter=bundle.calorimeter,
        card=cast("dict[str, object]", card.model_dump(mode="json")),
        state=standing.state,
        state_by=standing.by,
        state_reason=standing.reason,
        state_at=None if standing.at is None else standing.at.timestamp(),
    )
