"""The four ways something can go wrong; each is mapped once to a light, an exit code and a sentence."""

from __future__ import annotations


class LeerblikError(Exception):
    """Base of every error that a person is meant to read. The message is one clear sentence."""

    exit_code = 1
    word = "error"


class Refused(LeerblikError):
    """A rule forbids it now: no permit, a wrong key, a wrong host. Asking again changes nothing."""

    exit_code = 3
    word = "refused"


class Busy(LeerblikError):
    """The thing asked for is already in use; wait until it is free."""

    exit_code = 4
    word = "busy"


class Temporary(LeerblikError):
    """The world is in the way (network, full disk, unplugged device); trying again later can work."""

    exit_code = 75
    word = "temporary"


class Stuck(Temporary):
    """A device that does not close: only the end of the whole process closes it. Nothing may go on as if it had."""


class Permanent(LeerblikError):
    """The input is wrong; it will be as wrong the next time. Says what is wrong and what would be right."""

    exit_code = 65
    word = "permanent"
