"""The proof that this device was wiped, as ``leerblik wipe`` left it; read only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from device.domain.errors import Permanent
from device.domain.wiping import DESTROYED, ORDER_NAME, UNFINISHED_NAME
from device.web import private_file

_NAME = re.compile(r"(wiped-\d{8}T\d{6}Z)\.(json|json\.sig|txt|key\.json)")
_KINDS = ("txt", "json", "json.sig", "key.json")


@dataclass(frozen=True, slots=True)
class Proof:
    """``files`` are the names of what can be downloaded; ``ended_at`` is UTC, as far as the clock was right."""

    device: str
    ended_at: str
    complete: bool
    signed: bool
    files: tuple[str, ...]


def newest_proof(folder: Path) -> Proof | None:
    """Return the last proof; None when this device was never wiped, or it cannot be read."""
    try:
        names = sorted(path.name for path in folder.glob("wiped-*.json"))
    except OSError:
        return None
    for name in reversed(names):
        found = _NAME.fullmatch(name)
        if found is not None and found[2] == "json":
            return _read(folder, found[1])
    return None


def file_of(folder: Path, name: str) -> Path | None:
    """Return a file of a proof by its name; None for whatever else somebody asks for."""
    path = folder / name
    return path if _NAME.fullmatch(name) and path.is_file() and not path.is_symlink() else None


def _read(folder: Path, stem: str) -> Proof | None:
    try:
        facts = private_file.read(folder / f"{stem}.json") or {}
    except Permanent:
        return None
    files = [f"{stem}.{kind}" for kind in _KINDS]
    return Proof(
        str(facts.get("device", "")), str(facts.get("ended_at", "")),
        facts.get("complete") is True and _is_over(folder, f"{stem}.key.json"),
        bool(facts.get("signed_with")), tuple(name for name in files if (folder / name).is_file()),
    )  # fmt: skip


def _is_over(folder: Path, key_name: str) -> bool:
    """Tell whether the key went too: it goes after the proof, which cannot tell of it."""
    if any((folder / name).exists() for name in (ORDER_NAME, UNFINISHED_NAME)):
        return False
    try:
        said = private_file.read(folder / key_name) or {}
    except Permanent:
        return False
    return said.get("ssh_key") == DESTROYED
