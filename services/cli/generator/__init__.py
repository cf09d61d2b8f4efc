"""Makes streams that look like the real ones, the same bytes for the same seed; all of it is invented."""
