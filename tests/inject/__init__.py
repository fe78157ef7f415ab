"""Tests of putting faults into data sets."""
