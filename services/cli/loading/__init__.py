"""Loads files: rows by column name, bad lines aside with their reason, resumable, and totals that add up."""
