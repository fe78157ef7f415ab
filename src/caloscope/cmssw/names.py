"""Names of the files that jobs leave behind."""

from caloscope.cmssw.job import Format
from caloscope.config.ranges import Ranges


def legacy_name(tag: str, run: int, lumi: int) -> str:
    """A DQM ROOT file of one lumisection, as CMSSW's online file savers name it (`DQMFileSaverBase.cc`)."""
    return f"DQM_V0001_{tag}_R{run:09d}_L{lumi:09d}.root"


def dqmio_name(tag: str, run: int, lumis: Ranges) -> str:
    """A DQMIO file: its first and its last lumisection; what it holds stands inside."""
    first, last = lumis.pairs[0][0], lumis.pairs[-1][1]
    return f"DQMIO_{tag}_R{run:09d}_L{first:09d}-L{last:09d}.root"


def pattern(kind: Format) -> str:
    """The same names as bash's `printf` writes them: tag, run, and one lumisection or two."""
    if kind is Format.LEGACY:
        return "DQM_V0001_%s_R%09d_L%09d.root"
    return "DQMIO_%s_R%09d_L%09d-L%09d.root"
