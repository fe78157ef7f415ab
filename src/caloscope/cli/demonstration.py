"""The demo: learns from a simulated fill, then watches another one in which things go wrong.

The simulated producer, the monitor and the page run as they would in an experiment: apart from each other,
sharing a spool folder and a store.
"""

import itertools
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from caloscope import training
from caloscope.cli.demo_networks import shipped
from caloscope.cli.demo_processes import check, end, free_port
from caloscope.cli.demo_scenario import DETECTOR_SEED, ERA, LABEL, MAPS, RUN, TRAINING_RUN, faults
from caloscope.config.catalogue import load
from caloscope.errors import CaloscopeError, UsageError
from caloscope.faults import Fault
from caloscope.geometry import View, view
from caloscope.incidents.shape import members
from caloscope.records import Direction, Incident
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections, write_fill
from caloscope.store import Store

TRAINING_LUMIS = 60
FILL_LUMIS = 2_000
TICK = 0.2
EXPERT = "?commissioning=1"


@dataclass(frozen=True, slots=True)
class Found:
    """A fault of the scenario and the incident that told of it, None while there is none.

    `scored` is the last lumisection that was scored.
    """

    fault: Fault
    incident: Incident | None
    scored: int = 0

    def line(self) -> str:
        """One line for people."""
        what = f"{self.fault.map:10} {self.fault.kind:6} {self.fault.where!s:9} from LS {self.fault.onset:2}"
        if self.incident is None:
            return f"{what}  {'NOT FOUND' if self.scored >= self.fault.onset else 'not reached yet'}"
        lumi = self.incident.opened.lumi
        delay = lumi - self.fault.onset + 1
        return f"{what}  flagged in LS {lumi}, after {delay} LS: {self.incident.hardware}"


class Demonstration:
    """One demo in one empty folder; the same seed gives the same fill."""

    def __init__(self, folder: Path, *, seed: int, port: int, pace: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: found files in it, expected an empty folder")
        self._folder = folder
        self._spool = folder / "spool"
        self._store = f"sqlite:///{folder / 'store.sqlite'}"
        self._seed, self._pace = seed, pace
        self._port = port or free_port()
        self._maps = [(load()[name], view(load()[name].view, ERA)) for name in MAPS]
        # The same in both runs: what changes from run to run cannot be learned from one of them.
        self._detectors = healthy_maps(self._maps, DETECTOR_SEED, stability=STEADY)
        self._faults = faults()
        self._stop = threading.Event()

    def run(self, headless_seconds: float | None) -> bool:
        """Run until interrupted, or until all is found but at most so long; answers whether all was found."""
        until = None if headless_seconds is None else time.monotonic() + headless_seconds
        bundles = self._train()
        self._spool.mkdir()
        processes = self._start(bundles)
        producer = threading.Thread(target=self._produce)
        try:
            self._wait_for_page(processes)
            print(f"the page is on http://127.0.0.1:{self._port}", flush=True)
            print(f"with the networks: http://127.0.0.1:{self._port}/{EXPERT}", flush=True)
            producer.start()
            self._follow(processes, until)
        except KeyboardInterrupt:
            print("stopping", flush=True)
        finally:
            self._stop.set()
            if producer.is_alive():
                producer.join()
            end(processes)
        return self._report()

    def _train(self) -> list[Path]:
        print(f"learning a healthy detector from {TRAINING_LUMIS} simulated lumisections", flush=True)
        # A decay fast enough that the change with pileup is learned over the range of the fill to come.
        fill = Fill(
            run=TRAINING_RUN, lumis=TRAINING_LUMIS, seed=self._seed, label=LABEL, pileup=60.0, lifetime=200.0
        )
        good = list(lumisections(fill, self._detectors))
        folders = []
        for spec, on in self._maps:
            folders.append(self._folder / "bundles" / f"{spec.slug}-reference.bundle")
            training.train(good, spec, on, folders[-1])
        return folders + self._networks()

    def _networks(self) -> list[Path]:
        """The networks that came with the package, as the monitor is to run them: in commissioning."""
        found = []
        for path in shipped():
            found.append(self._folder / "bundles" / path.name)
            shutil.copytree(path, found[-1])
        if found:
            print(f"beside it run {len(found)} autoencoders, in commissioning: shown to experts", flush=True)
        return found

    def _start(self, bundles: list[Path]) -> list[subprocess.Popen[bytes]]:
        given = itertools.chain.from_iterable(("--bundle", str(path)) for path in bundles)
        with Store(self._store):
            pass  # the page may be up before the monitor has made the store
        outputs = str(self._folder / "output")
        monitor = ["monitor", str(self._spool), *given, "--label", LABEL, "--output-dir", outputs]
        return [
            self._process(monitor, "monitor.log"),
            self._process(["serve", "--port", str(self._port)], "serve.log"),
        ]

    def _process(self, arguments: list[str], log: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "caloscope", *arguments, "--store", self._store]
        with (self._folder / log).open("wb") as output:
            return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - ours

    def _produce(self) -> None:
        """Drop the fill's files into the spool, one lumisection every `pace` seconds."""
        fill = Fill(run=RUN, lumis=FILL_LUMIS, seed=self._seed, label=LABEL, tells=True)
        going = lumisections(fill, self._detectors, self._faults)
        write_fill(self._spool, going, self._maps, pace=self._pace, stop=self._stop)

    def _wait_for_page(self, processes: list[subprocess.Popen[bytes]]) -> None:
        for _ in range(300):
            check(processes, self._folder)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise CaloscopeError(f"the page does not answer on port {self._port}; see {self._folder}/serve.log")

    def _follow(self, processes: list[subprocess.Popen[bytes]], until: float | None) -> None:
        """Tell of every fault as it is found; with `until` stop when all are, or then."""
        told: set[Fault] = set()
        while until is None or (time.monotonic() < until and len(told) < len(self._faults)):
            check(processes, self._folder)
            for found in self._found():
                if found.incident is not None and found.fault not in told:
                    told.add(found.fault)
                    print(found.line(), flush=True)
            time.sleep(TICK)

    def _found(self) -> list[Found]:
        with Store(self._store, read_only=True) as store:
            incidents = store.incidents(label=LABEL, run=RUN)
            latest = store.latest(LABEL)
        scored = 0 if latest is None else latest[2]
        views = {spec.name: on for spec, on in self._maps}
        return [
            Found(fault, next((i for i in incidents if tells(i, fault, views[fault.map])), None), scored)
            for fault in self._faults
        ]

    def _report(self) -> bool:
        found = self._found()
        with Store(self._store, read_only=True) as store:
            latest = store.latest(LABEL)
            incidents = [i for i in store.incidents(label=LABEL, run=RUN) if not i.standing]
        views = {spec.name: on for spec, on in self._maps}
        false = [i for i in incidents if not any(tells(i, f, views[f.map]) for f in self._faults)]
        missed = [each for each in found if each.incident is None]
        for each in missed:
            print(each.line())
        scored = 0 if latest is None else latest[2]
        print(f"{len(found) - len(missed)} of {len(found)} faults flagged in {scored} lumisections")
        print(f"{len(false)} incidents without a fault")
        return not missed


def tells(incident: Incident, fault: Fault, on: View) -> bool:
    """Whether an incident tells of a fault: map, direction, a cell in common, not before its onset."""
    direction = Direction.HIGH if fault.kind in ("hot", "noisy", "stuck") else Direction.LOW
    return (
        incident.map == fault.map
        and not incident.standing
        and incident.direction == direction
        and incident.opened.lumi >= fault.onset
        and bool((members(incident.cells, on.shape) & fault.cells(on)).any())
    )
