"""Pushes released recordings to the coach's machine and waits for its receipts."""
