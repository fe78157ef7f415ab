"""One page with pictures of a data set, which needs no network."""

from caloscope.outputs.data_page.facts import Facts
from caloscope.outputs.data_page.page import write_page

__all__ = ["Facts", "write_page"]
