"""merchant-credit: loads, generates, verifies, talks to the services."""
