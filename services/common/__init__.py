"""Technical vocabulary shared by all services; knows no service."""
