"""Writers: the answers as files that the experiment's own tools read."""
