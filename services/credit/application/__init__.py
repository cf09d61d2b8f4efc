"""Credit's use cases, one a file."""
