"""What was destroyed here, shown and checked; and a certificate checked by whoever has the file and the public key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from device.domain.destruction import Reason
from device.domain.errors import LeerblikError, Permanent
from device.domain.receipt import read_public_key
from device.domain.withdrawal import MAX_CERTIFICATE_BYTES, Certificate, read_certificate
from server_sync.inbox.disk import Disk
from server_sync.inbox.drop_box import DropBox
from server_sync.inbox.film_folder import FilmFolder
from server_sync.inbox.keys import RECEIPT_PUBLIC
from server_sync.inbox.library import Library
from server_sync.inbox.tombs import Tomb, Tombs

_WHY = {
    Reason.TEACHER: "a teacher took it back",
    Reason.GROUP: "a group was withdrawn",
    Reason.CLOSED: "its trajectory is over",
}


def destroyed(library: Library) -> list[Tomb]:
    """Return what was destroyed, or is being destroyed, oldest first."""
    tombs = Tombs(library.folder)
    found = [tombs.find(each) for each in tombs.all()]
    return [tomb for tomb in found if tomb is not None]


def row_of(tomb: Tomb) -> dict[str, Any]:
    """Return what was destroyed as a row of the list, with the same keys as what is there."""
    return {
        "recording": tomb.recording, "started_at": "", "duration_us": 0, "size_bytes": 0, "segments": 0,
        "interrupted": False, "state": "destroyed" if tomb.destroyed_at else "destroying", "film": "",
        "destroyed_at": tomb.destroyed_at, "reason": tomb.reason.value,
    }  # fmt: skip


def line_of(tomb: Tomb) -> str:
    """Return the same as a line."""
    if not tomb.destroyed_at:
        return f"{tomb.recording}  is being destroyed: {_WHY[tomb.reason]}"
    return f"{tomb.recording}  destroyed {tomb.destroyed_at}: {_WHY[tomb.reason]}; {_what(tomb)}"


def orders_waiting(box: Path) -> str:
    """Return in a sentence how many orders lie in the drop box; "" when none, or when we may not look."""
    try:
        found = len(DropBox(box, Disk()).look().orders)
    except LeerblikError:
        return ""
    if not found:
        return ""
    return (
        f"{found} order(s) to destroy wait in the drop box; 'leerblik inbox once' carries them out, "
        "or says what they wait for, such as a disk that is not mounted"
    )


def problems(tomb: Tomb, library: Library, films: Path) -> list[str]:
    """Return what of a destroyed recording is there all the same, in sentences."""
    found = [str(path) for path in FilmFolder(films, published=False).of(tomb.recording)]
    if library.holds(tomb.recording):
        found.append(str(library.path(tomb.recording)))
    if found:
        return [f"it was destroyed, and yet there is {', '.join(found)}; remove that by hand"]
    return [] if tomb.destroyed_at else ["its destruction is not finished; 'leerblik inbox once' finishes it"]


def check_certificate(file: Path, key_text: str, keys: Path | None) -> list[str]:
    """Return what a certificate says, in lines; its key is given, or stands in the folder of the coach's keys.

    Refused when it was not signed with that key, Permanent when it or the key is not what it should be.
    """
    data = _read(file, "the certificate")
    text = key_text or _read((keys or Path()) / RECEIPT_PUBLIC, "the public key").decode("ascii", "replace")
    certificate = read_certificate(data, read_public_key(text.strip()))
    return [
        "The signature is right.",
        f"recording  {certificate.recording}",
        f"destroyed  {certificate.destroyed_at} (UTC): {_what(certificate)}",
        f"why        {_WHY[certificate.reason]}",
        f"manifest   SHA-256 {certificate.manifest_sha256}",
        f"order      {certificate.order_object}, SHA-256 {certificate.order_sha256}",
        certificate.not_known,
    ]


def _what(found: Tomb | Certificate) -> str:
    film = "with its film" if found.film else "there was no film"
    return f"{found.objects} sealed objects ({found.size_bytes / 1e6:.1f} MB), {film}"


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_CERTIFICATE_BYTES + 1)
    except OSError as error:
        raise Permanent(f"{what} {path} cannot be read: {error.strerror}") from None
