"""A bundle: the folder that holds all a detector needs to run, and nothing that could run by itself.

    NAME.bundle/
        bundle.toml        the card: map, geometry, detector, thresholds and what they stand for, provenance
        reference.h5       the detector's arrays
        selftest.h5        a few lumisections and the detector's answers to them
        model.onnx         the network, where there is one
        calorimeter.toml   the calorimeter's description, where it is not a built-in one
        state.toml         commissioning, active (where there is none) or retired

Its hash covers every byte of these files but the last and is part of the key of every result.
"""

from caloscope.bundle.card import FORMAT, Card, Told, make_card
from caloscope.bundle.edited import EDITED, edited, in_force, told_of_edited
from caloscope.bundle.files import FILES, digest
from caloscope.bundle.folder import Bundle, load
from caloscope.bundle.saving import save
from caloscope.bundle.selftest import SelfTest
from caloscope.bundle.state import ACTIVE, Standing, State, read_state, write_state
from caloscope.bundle.verify import TOLERANCE, Verified, read_selftest, verify

__all__ = [
    "ACTIVE",
    "EDITED",
    "FILES",
    "FORMAT",
    "TOLERANCE",
    "Bundle",
    "Card",
    "SelfTest",
    "Standing",
    "State",
    "Told",
    "Verified",
    "digest",
    "edited",
    "in_force",
    "load",
    "make_card",
    "read_selftest",
    "read_state",
    "save",
    "told_of_edited",
    "verify",
    "write_state",
]
