"""Whom to believe, and what to show: certificates for https."""

import os
import ssl
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from caloscope.fetch.server import Unreachable

_CERTIFICATES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "X509_CERT_DIR",
    "X509_USER_PROXY",
    "X509_USER_CERT",
    "X509_USER_KEY",
)


def trust() -> ssl.SSLContext:
    """The system's authorities and the grid's, and a certificate of one's own where there is one.

    A proxy or certificate that is named and there, but is none, raises `Unreachable`.
    """
    return _context(tuple((name, os.environ.get(name, "")) for name in _CERTIFICATES), _age())


def _age() -> float:
    """When one's own certificate was made: a proxy is renewed under the same name."""
    with suppress(OSError):
        return Path(os.environ.get("X509_USER_PROXY", "")).stat().st_mtime
    return 0.0


@lru_cache(maxsize=4)
def _context(named: tuple[tuple[str, str], ...], _age: float) -> ssl.SSLContext:
    """Kept, since the authorities take 20 ms to load."""
    files = dict(named)
    grid, proxy, certificate = (files[f"X509_{name}"] for name in ("CERT_DIR", "USER_PROXY", "USER_CERT"))
    context = ssl.create_default_context()
    # The variables outlive the files they name.
    if grid and Path(grid).is_dir():
        context.load_verify_locations(capath=grid)
    try:
        if Path(proxy).is_file():
            context.load_cert_chain(proxy)
        elif Path(certificate).is_file():
            context.load_cert_chain(certificate, files["X509_USER_KEY"] or None)
    except OSError:
        raise Unreachable(
            "a certificate of yours (X509_USER_...) that cannot be read", lasting=True
        ) from None
    return context
