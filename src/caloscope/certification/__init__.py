"""What is known of lumisections from elsewhere: which are certified, and their luminosity and pileup."""

from caloscope.certification.brilcalc import read_brilcalc
from caloscope.certification.certified import Certified
from caloscope.certification.json_file import read_json
from caloscope.certification.luminosity import BrilLumi, Luminosity

__all__ = ["BrilLumi", "Certified", "Luminosity", "read_brilcalc", "read_json"]
