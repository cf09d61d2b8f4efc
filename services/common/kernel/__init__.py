"""Pure domain vocabulary shared by all services; the only part of common that a domain may import."""
