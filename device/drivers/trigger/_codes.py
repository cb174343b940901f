"""Settings that say whose something is: ``GPIO5=teacher-1``."""

from __future__ import annotations

from collections.abc import Sequence

from device.domain.errors import Permanent


def read_codes(texts: Sequence[str], where: str, example: str) -> dict[str, str]:
    """Return what belongs to whom; Permanent that names the setting when it is written wrongly, or twice."""
    codes: dict[str, str] = {}
    for text in texts:
        what, _, who = (part.strip() for part in text.partition("="))
        if not what or not who:
            raise Permanent(f"{where}: '{text}' does not say whose it is; for example {example}")
        if what in codes:
            raise Permanent(f"{where}: '{what}' stands there twice; it can be of one teacher only")
        codes[what] = who
    if not codes:
        raise Permanent(f'{where} is empty; for example ["{example}"]')
    return codes
