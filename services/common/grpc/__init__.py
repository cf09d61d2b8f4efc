"""The gRPC server: interceptors, health, and the one mapping from errors to statuses."""
