"""The lines of a study's tables, from the results of its cells."""

from collections.abc import Sequence

from caloscope.study.kept import Kept
from caloscope.study.metrics.place import Place
from caloscope.study.metrics.ranking import oracles_of, ranking
from caloscope.study.results import (
    Results,
)
from caloscope.study.schedule import Judged
from caloscope.study.text import StudyText


def results(study: StudyText, places: Sequence[Judged], kept: Kept) -> Results:
    """All that was measured; what is missing is left out."""
    measured = [Place(each, kept, study.after) for each in places]
    own = [each for each in measured if each.place.fit is not None]
    first = study.matrix[0].name
    return Results(
        title=study.title,
        about=study.about,
        map=", ".join(dict.fromkeys(each.map or study.map for each in study.sample.values())),
        rate=study.rate,
        faults=tuple(each.line(row) for each in measured for row in each.trials if each.trials[row]),
        clean=tuple(each.clean_line(study.rate) for each in own if each.clean),
        calibration=tuple(line for each in own for line in each.calibration()),
        costs=tuple(cost for each in own if (cost := each.cost()) is not None),
        failed=tuple(failure for each in own if (failure := each.failure()) is not None),
        ranking=tuple(ranking(own, oracles_of(measured), study.rate)),
        curves=tuple(
            point
            for each in own
            if each.place.setting.matrix == first
            for row in each.trials
            if each.trials[row]
            for point in each.points(row)
        ),
    )
