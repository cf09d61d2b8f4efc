"""CreditService on gRPC."""
