"""The services of the merchant credit platform; each is a folder, and they import only services.common."""
