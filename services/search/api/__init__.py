"""The gRPC surface of search."""
