"""Which lumisections are taken: asked for, certified, with the detector on, with enough events."""

from dataclasses import dataclass
from typing import Self

from caloscope import certification
from caloscope.certification import Certified
from caloscope.config.ranges import Ranges
from caloscope.convert.dropped import Why
from caloscope.convert.request import Request
from caloscope.records import LumiId


@dataclass(frozen=True, slots=True)
class Selection:
    """What a request lets through. A record of several lumisections passes if every one of them does."""

    runs: Ranges | None
    lumis: Ranges | None
    golden: Certified | None
    dcs: Certified | None
    min_events: int

    @classmethod
    def of(cls, request: Request) -> Self:
        """Reads the files that the request names; raises `UsageError` where one is none of its kind."""
        return cls(
            runs=None if request.runs is None else Ranges.parse(request.runs),
            lumis=None if request.lumis is None else Ranges.parse(request.lumis),
            golden=None if request.golden is None else certification.read_json(request.golden),
            dcs=None if request.dcs is None else certification.read_json(request.dcs),
            min_events=request.min_events,
        )

    def refuses_run(self, run: int) -> bool:
        """Whether no lumisection of a run can pass."""
        return self.runs is not None and run not in self.runs

    def refuses(self, last: LumiId, span: int = 1) -> Why | None:
        """Why the record of the `span` lumisections up to `last` is left out; None where it is taken."""
        if self.refuses_run(last.run):
            return Why.NOT_ASKED
        for lumi in range(max(1, last.lumi - span + 1), last.lumi + 1):
            if self.lumis is not None and lumi not in self.lumis:
                return Why.NOT_ASKED
            if self.golden is not None and not self.golden.holds(last.run, lumi):
                return Why.NOT_CERTIFIED
            if self.dcs is not None and not self.dcs.holds(last.run, lumi):
                return Why.DETECTOR_OFF
        return None

    def refuses_events(self, events: int | None) -> Why | None:
        """Why a map with this number of events is left out; None where it is taken."""
        if self.min_events == 0:
            return None
        if events is None:
            return Why.EVENTS_UNKNOWN
        return Why.FEW_EVENTS if events < self.min_events else None
