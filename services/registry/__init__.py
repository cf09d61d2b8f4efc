"""Who an enterprise is: identity, names, status."""
