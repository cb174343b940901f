"""A film's chapters and title: bookmarks of the recording, in the coach's language."""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.manifest import Manifest

_TITLE = {"nl": "Lesopname", "en": "Lesson recording"}
_BEGIN = {"nl": "Begin", "en": "Start"}
_MOMENT = {"nl": "Moment {}", "en": "Moment {}"}


@dataclass(frozen=True, slots=True)
class Chapter:
    """From, until (microseconds of the film) and its title."""

    from_us: int
    to_us: int
    title: str


def film_title(manifest: Manifest, language: str) -> str:
    """Return a title that names no person and no group."""
    return f"{_TITLE[language]} {manifest.started_at[:10]}"


def chapters(manifest: Manifest, language: str) -> list[Chapter]:
    """Return the chapters of a film; none when nobody marked a moment.

    The beginning is a chapter of its own unless it was marked itself. Two marks at one instant are one
    chapter, and a mark after the last picture is left out.
    """
    starts: dict[int, str] = {}
    for number, at_us in enumerate(manifest.bookmarks_us, start=1):
        if at_us < manifest.duration_us:
            starts.setdefault(at_us, _MOMENT[language].format(number))
    if not starts:
        return []
    titles = {0: _BEGIN[language], **starts}
    ends = [*sorted(titles)[1:], manifest.duration_us]
    return [Chapter(at, end, titles[at]) for at, end in zip(sorted(titles), ends, strict=True)]
