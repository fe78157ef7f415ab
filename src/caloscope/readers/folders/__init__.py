"""ROOT files whose histograms lie in folders: the DQM's, and any others."""
