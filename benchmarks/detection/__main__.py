"""`python -m benchmarks.detection`: the table with options, so that a part of it is made quickly."""

from benchmarks.detection.command import main

main()
