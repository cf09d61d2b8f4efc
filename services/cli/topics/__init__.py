"""Looks into topics: names, decoding, reading on."""
