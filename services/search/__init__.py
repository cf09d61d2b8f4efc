"""A projection of the credit records that people can search."""
