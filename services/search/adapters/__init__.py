"""The engines behind the search ports."""
