"""Why a recording goes from the coach's machine; a word that every process may know without loading a key library."""

from __future__ import annotations

import enum


class Reason(enum.Enum):
    """Somebody took it back (a teacher, or for a group), or the trajectory it was made for was closed."""

    TEACHER = "teacher"
    GROUP = "group"
    CLOSED = "closed"
