"""Reading JSON of ours strictly: a missing, unknown or mistyped key is named, never guessed at."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from device.domain.errors import Permanent

T = TypeVar("T")


def parse_object(data: bytes | str, what: str) -> dict[str, Any]:
    """Parse JSON text that must be one object; duplicate keys, NaN and half characters are refused."""
    try:
        value = json.loads(data, object_pairs_hook=_unique, parse_constant=_no_constant)
        # Half a surrogate pair (\ud800) is JSON, but no text: nothing could store it or write it back.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Permanent(f"{what} is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise Permanent(f"{what} must be a JSON object, found {type(value).__name__}")
    return value


def canonical_json(value: dict[str, Any]) -> bytes:
    """Return the one byte string that stands for this object: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice")
    return result


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


class Fields:
    """Takes keys out of a mapping one by one and refuses what is left over.

    ``where`` is the place named in messages, for example ``manifest.segments[3]``.
    """

    def __init__(self, mapping: Any, where: str) -> None:
        if not isinstance(mapping, dict):
            raise Permanent(f"{where} must be an object, found {type(mapping).__name__}")
        self._left = dict(mapping)
        self.where = where

    def take(self, key: str, kind: type[T]) -> T:
        """Return the value of a required key of exactly this type (a bool is not an int)."""
        if key not in self._left:
            raise Permanent(f"{self.where} lacks the key '{key}'")
        value = self._left.pop(key)
        if type(value) is not kind:
            raise Permanent(f"{self.where}.{key} must be {kind.__name__}, found {type(value).__name__}")
        return value

    def take_optional(self, key: str, kind: type[T]) -> T | None:
        """Like :meth:`take` for a required key whose value may be null."""
        if self._left.get(key, ...) is None:
            del self._left[key]
            return None
        return self.take(key, kind)

    def integer(self, key: str, low: int, high: int) -> int:
        """Return a required integer within ``low..high``."""
        value = self.take(key, int)
        if not low <= value <= high:
            raise Permanent(f"{self.where}.{key} must be between {low} and {high}, found {value}")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return a required text that is one of ``allowed``."""
        value = self.take(key, str)
        if value not in allowed:
            raise Permanent(f"{self.where}.{key} must be one of {', '.join(allowed)}, found '{value}'")
        return value

    def done(self) -> None:
        """Refuse keys that nobody asked for."""
        if self._left:
            raise Permanent(f"{self.where} has an unknown key '{min(self._left)}'")
