"""What HCALDQM/ML4DQM printed in 2018, measured again: its tasks and networks beside Caloscope's detector.

Images are simulated lumisections of 2017 JetHT. Each task is judged twice: as its authors did it, and split
by run with faults that can be.

    from caloscope.study import ml4dqm
    found = ml4dqm.run("report", tasks=["rbx"])
    found.lines[0].accuracy
"""

from caloscope.study.ml4dqm.comparison import Comparison, Line
from caloscope.study.ml4dqm.tasks import TASKS, Task
from caloscope.study.ml4dqm.whole import run

__all__ = ["TASKS", "Comparison", "Line", "Task", "run"]
