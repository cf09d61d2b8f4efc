"""The web page and the JSON API for people: a thin client of the three services."""
