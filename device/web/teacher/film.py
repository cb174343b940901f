"""The film of a recording, decrypted on its way to the teacher who is in it; nothing of it is ever written.

A player that asks for "everything from here" gets a part of that and asks again (RFC 9110, section 15.3.7, lets
a server send less): so no browser holds a thread for as long as somebody watches, and every part is asked for by
somebody who may still see it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, current_app, request

from device.web.problems import answer as problem
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.teacher.blueprint import teacher
from device.web.teacher.own import my_recording
from device.web.teacher.recordings import KEY_NAME, is_watchable
from device.web.teacher.text import gettext as _

if TYPE_CHECKING:
    from device.review.film import Film
    from device.review.ranges import Answer

PART_BYTES = 2 << 20
MOST_READERS = 3
_WAIT_S = 2.0
_KEPT = 2
_KEPT_FOR_S = 120.0
_EXTENSION = "leerblik.films"


@teacher.get("/teacher/recordings/<recording>/film")
@open_to(Role.TEACHER)
def film(recording: str) -> Response:
    """Send the film, or the part that the player asks for."""
    found = my_recording(recording)
    if not is_watchable(found):
        return problem(409, _("This recording cannot be watched here: its page says why."))
    films = _films()
    shown = films.open(services().spool / found.id)
    part = _part(shown)
    headers = {**part.headers(), "ETag": shown.etag, "Content-Disposition": "inline"}
    if request.method == "HEAD" or part.from_byte >= part.to_byte:
        return Response(status=part.status, headers=headers, mimetype="video/mp4")
    if not films.readers.acquire(timeout=_WAIT_S):
        return problem(503, _("Several people are watching on this device: try again in a moment."), wait_s=3)
    release = _once(films.readers.release)
    try:
        response = Response(
            _reading(shown.read(part.from_byte, part.to_byte), release),
            part.status,
            headers,
            mimetype="video/mp4",
        )
    except BaseException:
        release()
        raise
    # Also when the browser was closed before the first byte.
    response.call_on_close(release)
    return response


def _reading(pieces: Iterator[bytes], release: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        release()


def _part(shown: Film) -> Answer:
    """Return what to send: of a range at most PART_BYTES. Ranges are defined for GET only (RFC 9110, 14.2)."""
    from device.review.ranges import Range, answer_range

    wanted = request.headers.get("Range") if request.method == "GET" else None
    # A date here never fits: the film has none. Then the whole is the right answer.
    if request.headers.get("If-Range", shown.etag) != shown.etag:
        wanted = None
    part = answer_range(wanted, shown.size_bytes)
    if isinstance(part, Range):
        return replace(part, to_byte=min(part.to_byte, part.from_byte + PART_BYTES))
    return part


@dataclass(slots=True)
class _Kept:
    film: Film
    used_s: float


class Films:
    """The films that are being watched, so that a part does not cost the opening of every segment; any thread."""

    def __init__(self, key: Path, clock_s: Callable[[], float]) -> None:
        """``key`` is the file of the review key."""
        self.readers = threading.BoundedSemaphore(MOST_READERS)
        self._key = key
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._kept: OrderedDict[Path, _Kept] = OrderedDict()

    def open(self, folder: Path) -> Film:
        """Return the film in a folder; errors as :func:`device.review.film.open_film`."""
        from device.review.film import open_film
        from device.review.identity import read_review_key

        with self._lock:
            now_s = self._clock_s()
            self._forget(now_s)
            kept = self._kept.get(folder)
            if kept is None:
                kept = _Kept(open_film(folder, read_review_key(self._key)), now_s)
                self._kept[folder] = kept
            kept.used_s = now_s
            self._kept.move_to_end(folder)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return kept.film

    def _forget(self, now_s: float) -> None:
        for folder in [each for each, kept in self._kept.items() if now_s - kept.used_s > _KEPT_FOR_S]:
            del self._kept[folder]


def _films() -> Films:
    made: Films = current_app.extensions.setdefault(
        _EXTENSION, Films(services().runtime / KEY_NAME, services().clock_s)
    )
    return made


def _once(release: Callable[[], None]) -> Callable[[], None]:
    """Return the same that does it only once: whoever gives a place back twice would make a new one."""
    given = threading.Lock()

    def once() -> None:
        if given.acquire(blocking=False):
            release()

    return once
