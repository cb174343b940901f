"""One operation of the API, declared once: everything else about it is made out of this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from device.web.api.schemas import ULID, Schema, record
from device.web.roles import Role

BASE = "/api/v1"
JSON = "application/json"
# A booking with thirty teachers and thirty groups takes a tenth of this.
BODY_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request brought, already as the operation declared it."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What may be answered: when, and as what. ``schema`` None: a text of ``media``."""

    when: str
    schema: Schema | None
    media: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation. ``path`` holds the names of what varies in it in braces; all of those are ULIDs.

    ``summary``: Dutch and English. ``status`` and ``right`` are what a success answers; ``wrong`` are the errors
    of this operation alone: those that every operation of its kind has are in :meth:`answers`. ``view`` returns
    JSON, or a whole answer. ``awake`` is False for what a program asks again and again.
    """

    name: str
    method: str
    path: str
    roles: tuple[Role, ...]
    summary: tuple[str, str]
    view: Callable[[Asked], Any]
    right: Answer
    status: int = 200
    wrong: Mapping[int, str] = field(default_factory=dict)
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    awake: bool = True

    @property
    def is_public(self) -> bool:
        """Whether anybody may."""
        return Role.PUBLIC in self.roles

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of what varies in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    def parameters(self) -> dict[str, Schema]:
        """Return what varies in the path, with its schema."""
        return dict.fromkeys(self.variables, ULID)

    def answers(self) -> dict[int, Answer]:
        """Return every answer that there can be, by status."""
        found = {self.status: self.right}
        found |= {status: Answer(when, ERROR) for status, when in (self._usual() | dict(self.wrong)).items()}
        if self.body is not None or self.query:
            found[422] = Answer("Something in it is not right: a sentence for each field.", OBJECTIONS)
        return dict(sorted(found.items()))

    def _usual(self) -> dict[int, str]:
        found = {
            421: "The device is not known under that name.",
            503: "A part of the device does not answer.",
        }
        if not self.is_public:
            found |= {
                401: "Nobody is logged in, or the token is none.",
                403: "Not for whoever asks; or a cookie without its CSRF token.",
                429: "Too many wrong tokens or PINs: wait as long as Retry-After says.",
            }
        if self.variables:
            found[404] = "There is no such thing, or it is somebody else's."
        if self.body is not None:
            found |= {
                400: "The body is no JSON object.",
                413: f"The body is larger than {BODY_BYTES} bytes.",
                415: "The body is not application/json.",
            }
        return found


_SENTENCE: Schema = {"type": "string"}
ERROR = record("Error", error=_SENTENCE, message=_SENTENCE)
OBJECTIONS = record(
    "Objections",
    error=_SENTENCE,
    message=_SENTENCE,
    objections={
        "type": "object",
        "additionalProperties": _SENTENCE,
        "description": 'a sentence by field; "" is about the whole',
    },
)
