"""Pure rules of registry."""
