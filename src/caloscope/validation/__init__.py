"""The simulation against real data: what is measured, how it is compared, and the report."""
