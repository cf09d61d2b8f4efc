"""RegistryService on gRPC."""
