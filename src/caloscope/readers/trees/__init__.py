"""ROOT trees: DQMIO, and trees with histograms as branches."""
