"""Webhooks as rules: what is signed and how, when it is tried again, which addresses may be called. It knows no network."""
