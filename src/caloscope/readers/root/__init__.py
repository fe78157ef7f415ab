"""ROOT's file container and its histograms, decoded directly and within bounds."""
