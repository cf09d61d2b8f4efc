"""How the platform is deployed: the image, its composition, a base for Kubernetes, and real engines without Docker."""
