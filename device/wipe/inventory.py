"""What is here before a wipe: what the proof will say was destroyed. Neutral names only, nobody's."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from device.domain.errors import LeerblikError
from device.domain.identifiers import is_ulid
from device.domain.lifecycle import Status
from device.domain.manifest import MAX_MANIFEST_BYTES
from device.domain.register.chain import START, follow
from device.domain.wiping import HERE, UNHEARD, UNSENT
from device.footage.assemble import MANIFEST_NAME
from device.storage.catalogue import FILE_NAME, Recording
from device.storage.glance import glance
from device.storage.register import FILE_NAME as REGISTER_NAME
from device.storage.register import MAX_BYTES
from device.storage.regular import read_regular
from device.wipe.erase import count
from device.wipe.places import Keeping

_UNKNOWN = "unknown"
_SEALED_MORE_BYTES = 1 << 20


def take_inventory(keeping: Keeping) -> dict[str, Any]:
    """Return what is here, for JSON. What is damaged is no reason to stop: it is destroyed all the same.

    What is in memory is counted by whoever empties that first.
    """
    known = glance(keeping.state / FILE_NAME)
    known_of = known or {}
    folders = _folders(keeping.spool)
    listed = {name: each for name, each in known_of.items() if each.status in (*HERE, *UNHEARD)}
    rows = [_row(keeping.spool, name, known_of.get(name)) for name in sorted({*folders, *listed})]
    earlier = Counter(each.status.value for name, each in known_of.items() if name not in {*folders, *listed})
    here = [each for each in listed.values() if each.status in HERE]
    return {
        "recordings": rows,
        "recorded_s": round(sum(each.duration_us or 0 for each in here) / 1e6, 1),
        "not_with_the_coach": sum(row["status"] in {*_values(UNSENT), _UNKNOWN} for row in rows),
        "withdrawals_unheard": sum(row["status"] in _values(UNHEARD) for row in rows),
        "catalogue_read": known is not None,
        "earlier": dict(sorted(earlier.items())),
        "register": _register(keeping.register / REGISTER_NAME),
        "found": {place.name: asdict(count(place.folder, place.only)) for place in keeping.places()[1:]},
    }


def _values(statuses: tuple[Status, ...]) -> set[str]:
    return {status.value for status in statuses}


def _folders(spool: Path) -> set[str]:
    with contextlib.suppress(OSError):
        return {path.name for path in spool.iterdir() if is_ulid(path.name)}
    return set()


def _row(spool: Path, name: str, known: Recording | None) -> dict[str, Any]:
    manifest = spool / name / MANIFEST_NAME
    sha256 = known.manifest_sha256 if known else None
    data = (
        None
        if (spool / name).is_symlink()
        else read_regular(manifest, MAX_MANIFEST_BYTES + _SEALED_MORE_BYTES)
    )
    if data is not None:
        sha256 = hashlib.sha256(data).hexdigest()
    return {
        "recording": name,
        "status": known.status.value if known else _UNKNOWN,
        "manifest_sha256": sha256,
        "size_bytes": count(spool / name).size_bytes,
    }


def _register(path: Path) -> dict[str, Any]:
    """Return how many lines the register has and the hash of the last one; whether each follows the one before."""
    data = read_regular(path, MAX_BYTES) or b""
    lines = data.split(b"\n")[:-1]
    sha256 = hashlib.sha256(lines[-1]).hexdigest() if lines else START
    try:
        whole = follow(lines).sha256 == sha256
    except LeerblikError:
        whole = False
    return {"lines": len(lines), "sha256": sha256, "whole": whole}
