"""The registry's use cases, one a file."""
