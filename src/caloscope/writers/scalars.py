"""Numbers and strings as the DQM writes them."""

import numpy as np

_LONGEST_SCALAR = 16_000
"""A key's name counts its own length in 16 bits."""


def scalar_text(name: str, value: float | str) -> str:
    """A scalar as the DQM writes it: `<name>i=5</name>`, `f=` for a float, `s=` for a string.

    A float has 17 digits, so that it comes back as it was. Raises `ValueError` for a name with `<` or `>`,
    and where the whole is too long for a key.
    """
    if "<" in name or ">" in name:
        raise ValueError(f"a scalar's name may not hold < or >: {name!r}")
    if isinstance(value, str):
        text = f"<{name}>s={value}</{name}>"
    elif isinstance(value, (int, np.integer)):
        text = f"<{name}>i={int(value)}</{name}>"
    else:
        text = f"<{name}>f={float(value):.17g}</{name}>"
    if len(text.encode()) > _LONGEST_SCALAR:
        raise ValueError(f"the scalar {name!r} takes more than {_LONGEST_SCALAR} bytes")
    return text
