"""Watching a recording that is still held on the device: sealed segments as one film that a browser plays.

Nothing here writes: what a browser asks for is decrypted in memory, with this boot's review key, on its way.
"""
