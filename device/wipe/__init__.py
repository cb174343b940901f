"""Wiping a device: everything that Leerblik keeps on it is destroyed, and a proof of that is left."""
