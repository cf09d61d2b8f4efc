"""Joint punishment: what departments report, and what happens by itself."""
