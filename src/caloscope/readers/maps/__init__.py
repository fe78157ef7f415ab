"""From the histograms of a lumisection to the maps that were asked for."""
