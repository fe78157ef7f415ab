"""A study on measured files from its text to its page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from caloscope.bundle import Bundle
from caloscope.errors import UsageError
from caloscope.study.real.comparing import compared
from caloscope.study.real.found import Failed, Found
from caloscope.study.real.injected import Trials, injected, thinned, turns
from caloscope.study.real.judging import learn
from caloscope.study.real.lines import InjectedLine, lines_of
from caloscope.study.real.loading import loaded, repeated
from caloscope.study.real.lost import LostHits
from caloscope.study.real.measured import Fold, Measured
from caloscope.study.real.page import write
from caloscope.study.real.present import PresentLine, QuietLine, merged, present
from caloscope.study.real.text import RealText

Tell: TypeAlias = Callable[[str], None]


@dataclass(slots=True)
class _Gathered:
    """Lines as they come."""

    present: list[PresentLine] = field(default_factory=list)
    quiet: list[QuietLine] = field(default_factory=list)
    injected: list[InjectedLine] = field(default_factory=list)
    trials: list[Trials] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


def run(text: RealText, data: Path, output: Path, tell: Tell = lambda _: None) -> list[str]:
    """Measure all samples, write the report, and give its sentences.

    Raises `UsageError` and `SourceError` for a file that will not do, before anything is measured.
    """
    samples = [loaded(title, each, data) for title, each in text.sample.items()]
    return write(measure(text, samples, tell), output)


def measure(text: RealText, samples: Sequence[Measured], tell: Tell = lambda _: None) -> Found:
    """What every detector finds in every sample; `lost` judges differences alone."""
    found = _Gathered()
    for of in samples:
        for name in text.detectors:
            if name != LostHits.name or of.minus:
                tell(f"{of.title}: {name}")
                _one(text, of, name, found)
    lines = (line for of in samples if of.minus for line in compared(of, samples, found.trials, text.bins))
    return Found(
        title=text.title,
        samples=tuple(samples),
        sets=text.sets,
        places=text.places,
        present=tuple(found.present),
        quiet=tuple(found.quiet),
        injected=tuple(found.injected),
        compared=tuple(lines),
        failed=tuple(found.failed),
        notes=tuple(repeated(samples)),
    )


def _one(text: RealText, of: Measured, name: str, found: _Gathered) -> None:
    """One detector in one sample: all that it said of it, or nothing where it could not learn a part."""
    lines: list[PresentLine] = []
    quiet: list[QuietLine] = []
    trials: list[Trials] = []
    for number, fold in enumerate(of.folds()):
        try:
            made = learn(of, fold, name)
        except UsageError as error:
            found.failed.append(Failed(of.title, name, str(error)))
            return
        judged = present(of, fold, made)
        lines.extend(judged.present)
        quiet.append(judged.quiet)
        trials.extend(_trials(text, of, fold, number, made))
    found.present.extend(lines)
    found.quiet.append(merged(quiet))
    found.trials.extend(trials)
    for kind, factor in dict.fromkeys((each.kind, each.factor) for each in trials):
        mine = [each for each in trials if (each.kind, each.factor) == (kind, factor)]
        found.injected.extend(lines_of(mine, text.bins, of.together))


def _trials(text: RealText, of: Measured, fold: Fold, number: int, made: Bundle) -> Iterator[Trials]:
    at = turns(of, fold, number, places=text.places, sets=text.sets, seed=text.seed)
    for bad in thinned(of, fold, text.factors, text.seed):
        yield injected(of, at, bad, made)
