"""What comes from topics, decoded."""
