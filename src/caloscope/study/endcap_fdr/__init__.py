"""CMS ECAL's endcap networks in the protocol of their notebooks: false discoveries at 99 % detection."""

from caloscope.study.endcap_fdr import page
from caloscope.study.endcap_fdr.measure import Asked, Line, measure
from caloscope.study.endcap_fdr.printed import PRINTED, SOURCE

__all__ = ["PRINTED", "SOURCE", "Asked", "Line", "measure", "page"]
