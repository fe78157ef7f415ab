"""Configuration: which maps there are, and where a producer's files keep them."""
