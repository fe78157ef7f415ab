"""Which monitor elements are kept per lumisection, by the paths that CMSSW books them under.

From `DQM/HcalTasks/plugins/DigiTask.cc` and `RecHitTask.cc` (containers `Occupancy` by depth, `RunInfo`) and
`DQM/EcalMonitorTasks/python/OccupancyTask_cfi.py` (`DigiAllByLumi`, `NEvents`, `PU`) of cms-sw/cmssw.
"""

from typing import Final

_DEPTHS: Final = (*range(1, 8), "HO")

_ECAL: Final = (
    "EcalBarrel/EBOccupancyTask/EBOT digi occupancy by lumi",
    "EcalEndcap/EEOccupancyTask/EEOT digi occupancy EE - by lumi",
    "EcalEndcap/EEOccupancyTask/EEOT digi occupancy EE + by lumi",
    "Ecal/EventInfo/Number of events in the lumi",
    "Ecal/EventInfo/PU in the lumi",
)


def per_lumi(*, hcal: bool, ecal: bool, subsystem: str) -> tuple[str, ...]:
    """Full names of the monitor elements that the readers use; `subsystem` is HCAL's top folder."""
    names = [f"{subsystem}/RunInfo/NumberOfEvents"] if hcal else []
    for task in ("DigiTask", "RecHitTask") if hcal else ():
        names += [f"{subsystem}/{task}/Occupancy/depth/depth{depth}" for depth in _DEPTHS]
    return (*names, *(_ECAL if ecal else ()))
