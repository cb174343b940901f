"""To whom footage is sealed: the public halves, with what to compare them by."""

from __future__ import annotations

from typing import Any

from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.schemas import TEXT, maybe, record
from device.web.first_start.keys import fingerprint
from device.web.roles import Role
from device.web.services import services

_KEY = maybe(record("PublicKey", recipient=TEXT, fingerprint=TEXT))


def _keys(asked: Asked) -> dict[str, Any]:
    found = services().recorder.ask("keys")
    return {
        name: {"recipient": found[name], "fingerprint": fingerprint(found[name])} if found[name] else None
        for name in ("coach", "recovery")
    }


OPERATIONS = (
    Operation(
        name="keys",
        method="GET",
        path=f"{BASE}/keys",
        roles=(Role.COACH, Role.IT),
        summary=(
            "De openbare sleutels waarmee verzegeld wordt.",
            "The public keys that footage is sealed to.",
        ),
        view=_keys,
        right=Answer("age recipients, null where there is none.", record("Keys", coach=_KEY, recovery=_KEY)),
    ),
)
