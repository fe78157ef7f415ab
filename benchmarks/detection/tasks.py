"""The work in pieces that two cores share, each kept in a file, so that what was done is not done again."""

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import caloscope
from benchmarks.detection import clean, contenders, fdr, regimes
from benchmarks.detection import networks as trained
from benchmarks.detection.rows import rows_of, single_cells
from benchmarks.detection.trials import Trials
from caloscope.bundle import Bundle
from caloscope.study.oracle import Oracle, thresholds
from caloscope.study.rows import Row

Kind: TypeAlias = Literal["train", "oracle", "calibrate", "clean", "trial", "fdr"]
YARDSTICK_LUMIS: Final = {"HCAL": 3_700}
YARDSTICK: Final = 18_500
THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for; `detectors` None for all there are, `clean` None for the usual lumisections."""

    maps: tuple[str, ...]
    regimes: tuple[str, ...]
    detectors: tuple[str, ...] | None = None
    trials: int = 60
    clean: int | None = None
    images: int = fdr.IMAGES
    folder: str = ""

    def titles(self, name: str, regime: str) -> tuple[str, ...]:
        """The detectors of a map; in the second regime the reference alone."""
        there = contenders.contenders(name)
        if regime != regimes.STEADY_EVENTS.name:
            there = (contenders.REFERENCE,)
        return tuple(title for title in there if self.detectors is None or title in self.detectors)

    def faults(self, name: str, regime: str) -> int:
        """Faults of each kind: half as many in HCAL, which takes longest, and in the second regime."""
        whole = name != "HCAL" and regime == regimes.STEADY_EVENTS.name
        return self.trials if whole else -(-self.trials // 2)

    @property
    def place(self) -> Path:
        """Where the results are."""
        return Path(self.folder)

    def inside(self, folder: Path) -> "Plan":
        """With a place for its results in a folder: another one for other code, or other lumisections."""
        digest = hashlib.sha256(repr((self.detectors, self.clean)).encode())
        for root in (Path(caloscope.__file__).parent, Path(__file__).parent):
            for path in sorted(root.rglob("*.py")):
                digest.update(path.read_bytes())
        return replace(self, folder=str(folder / digest.hexdigest()[:12]))


@dataclass(frozen=True, slots=True)
class Task:
    """One piece: of a map in a regime, with a number or the title of a detector."""

    kind: Kind
    map: str
    regime: str
    number: int = 0
    title: str = ""

    def file(self, place: Path) -> Path:
        """Where its result is kept."""
        parts = (self.kind, self.map, self.regime, str(self.number), self.title)
        return place / ("_".join(part for part in parts if part).replace(" ", "-").replace(",", "") + ".json")


def rows(name: str, regime: str) -> tuple[Row, ...]:
    """The rows of a map: all faults, or those of single cells."""
    on, _ = regimes.subject(name)
    return rows_of(on) if regime == regimes.STEADY_EVENTS.name else single_cells(on)


def networks(plan: Plan, name: str, regime: str) -> list[Task]:
    """The networks to be trained, each once."""
    titles = {
        trained.trained_for(title) for title in plan.titles(name, regime) if title in contenders.TRAINED
    }
    return [Task("train", name, regime, title=title) for title in sorted(titles)]


def first(plan: Plan, name: str, regime: str) -> list[Task]:
    """What all else needs: the thresholds."""
    found = [Task("calibrate", name, regime, title=title) for title in plan.titles(name, regime)]
    return [Task("oracle", name, regime), *found]


def second(plan: Plan, name: str, regime: str) -> list[Task]:
    """Everything else."""
    groups = clean.runs_of(name, regimes.REGIMES[regime], plan.clean) // clean.RUNS_TOGETHER
    found = [Task("clean", name, regime, group) for group in range(groups)]
    found += [Task("trial", name, regime, number) for number in range(plan.faults(name, regime))]
    if name in fdr_maps(plan, regime):
        found += [Task("fdr", name, regime, group) for group in range(plan.images // fdr.GROUP)]
    return found


def fdr_maps(plan: Plan, regime: str) -> tuple[str, ...]:
    """The maps whose false discovery rate is measured."""
    steady = regime == regimes.STEADY_EVENTS.name
    return tuple(name for name in plan.maps if steady and name in ("EE+", "EE-"))


def work(plan: Plan, workers: int) -> None:
    """Do what is not done yet."""
    place = plan.place
    place.mkdir(parents=True, exist_ok=True)
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before the workers, new Pythons, load numpy
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        for regime in plan.regimes:
            for name in plan.maps:
                for stage in (made(plan, name, regime) for made in (networks, first, second)):
                    _do(pool, plan, [task for task in stage if not task.file(place).is_file()])


def _do(pool: ProcessPoolExecutor, plan: Plan, tasks: Sequence[Task]) -> None:
    started, seconds = time.perf_counter(), 0.0
    futures = [pool.submit(perform, plan, task) for task in tasks]
    try:
        for future in as_completed(futures):
            seconds += future.result()
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    if tasks:
        kinds = ", ".join(sorted({task.kind for task in tasks}))
        passed = time.perf_counter() - started
        print(f"{tasks[0].map} {tasks[0].regime}: {kinds} {passed:.0f} s, {seconds:.0f} s of CPU", flush=True)


def perform(plan: Plan, task: Task) -> float:
    """Do one piece and keep its result; the seconds of CPU it took."""
    started = time.process_time()
    result = _perform(plan, task)
    path = task.file(plan.place)
    draft = path.with_suffix(".part")
    seconds = time.process_time() - started
    draft.write_text(json.dumps({"task": asdict(task), "seconds": seconds, "result": result}))
    draft.replace(path)
    return seconds


def _perform(plan: Plan, task: Task) -> Any:
    regime = regimes.REGIMES[task.regime]
    if task.kind == "train":
        return trained.train(task.title, task.map, task.regime)
    if task.kind == "oracle":
        fills = regimes.yardstick(regime, min(YARDSTICK_LUMIS.get(task.map, YARDSTICK), _most(plan)))
        return thresholds(_oracle(task.map, task.regime), rows(task.map, task.regime), fills)
    if task.kind == "calibrate":
        lumis = contenders.calibration_lumis(task.map, plan.clean)
        return contenders.calibrated(task.title, task.map, task.regime, lumis)
    titles = plan.titles(task.map, task.regime)
    if task.kind == "clean":
        bundles = _bundles(plan, task, clean.watched(task.number, titles))
        runs = clean.runs_of(task.map, regime, plan.clean)
        return clean.count(task.map, regime, task.number, runs, bundles)
    if task.kind == "fdr":
        return fdr.count(task.map, task.number, _bundles(plan, task, [t for t in fdr.LUMIS if t in titles]))
    return _trials(plan, task.map, task.regime).run(task.number)


def _most(plan: Plan) -> int:
    """Lumisections of the yardstick where all is to be quick."""
    return YARDSTICK if plan.clean is None else max(1_000, plan.clean)


@lru_cache(maxsize=2)
def _oracle(name: str, regime: str) -> Oracle:
    return Oracle(regimes.subject(name)[1], regimes.typical(regimes.REGIMES[regime]))


@lru_cache(maxsize=2)
def _trials(plan: Plan, name: str, regime: str) -> Trials:
    task = Task("oracle", name, regime)
    limits = read(task, plan.place)
    bundles = _bundles(plan, task, plan.titles(name, regime))
    return Trials(_oracle(name, regime), regimes.REGIMES[regime], rows(name, regime), limits, bundles)


def _bundles(plan: Plan, task: Task, titles: Iterable[str]) -> dict[str, Bundle]:
    found = {}
    for title in titles:
        limits = read(Task("calibrate", task.map, task.regime, title=title), plan.place)
        found[title] = contenders.ready(title, task.map, task.regime, limits)
    return found


def read(task: Task, place: Path) -> Any:
    """The result of a piece; None where it is not done."""
    path = task.file(place)
    return json.loads(path.read_text())["result"] if path.is_file() else None
