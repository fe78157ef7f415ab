"""Sources: files, folders, patterns, lists and addresses, and remote files as local ones."""

from caloscope.fetch.copying import local
from caloscope.fetch.expand import expand
from caloscope.fetch.identity import checksum, stamp
from caloscope.fetch.limits import Limits
from caloscope.fetch.source import Source

__all__ = ["Limits", "Source", "checksum", "expand", "local", "stamp"]
