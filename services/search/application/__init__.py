"""What the search service does: project records into an index, and rebuild it beside the one in use."""
