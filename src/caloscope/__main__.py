"""`python -m caloscope` is the command line."""

from caloscope.cli import main

main()
