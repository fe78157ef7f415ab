"""HDF5 files with one array a map: ML4DQM's, and data sets."""
