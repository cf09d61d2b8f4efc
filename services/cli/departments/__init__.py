"""Simulated departments: their manners, their journals, and the check of what they saw."""
