"""What ``leerblik doctor`` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """``good`` is None for a warning: it works, but a person should know."""

    name: str
    good: bool | None
    message: str
    advice: str = ""
