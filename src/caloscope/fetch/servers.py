"""Which way leads to a file, by its address."""

from caloscope.fetch.limits import Limits
from caloscope.fetch.server import Server


def open_server(scheme: str, limits: Limits) -> Server:
    """The way for a scheme; its packages are loaded here and not before."""
    if scheme == "root":
        from caloscope.fetch.xrootd import XRootD

        return XRootD(limits)
    from caloscope.fetch.http import Http

    return Http(limits)
