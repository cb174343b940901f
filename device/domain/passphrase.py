"""What a new passphrase must be like: one rule for the coach's keys and for the school's recovery key."""

from __future__ import annotations

from device.domain.errors import Refused

MIN_CHARACTERS = 12


def check_new_passphrase(passphrase: str) -> None:
    """Refuse one that is too short to guard a key that may be copied and tried at leisure."""
    if len(passphrase) < MIN_CHARACTERS:
        raise Refused(
            f"a passphrase has at least {MIN_CHARACTERS} characters; four words that do not belong together are good"
        )
