"""Who calls: actors, roles, and the signed tokens that prove them."""
