"""Words for the errors of sockets and of paramiko, several of which have none."""

from __future__ import annotations


def reason_of(error: BaseException | None) -> str:
    """Return a few words that fit into a sentence."""
    if error is None or isinstance(error, EOFError):
        return "it hung up"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return str(error) or type(error).__name__
