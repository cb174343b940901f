"""The facts about recordings: how many are where, what was destroyed when. No content, and nobody's lesson."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime

from device.domain.lifecycle import Status
from device.web.prints.fact import Fact, Section, often, recorder_source, unknown
from device.web.prints.sources import Sources
from device.web.prints.tally import Deleted, Tally
from device.web.prints.text import gettext as _


def recordings(sources: Sources) -> Section:
    """Return how many recordings there are, by status."""
    title = _("Recordings (counted, nothing of what is in them)")
    if sources.tally is None:
        return Section(title, (_silent(_("Recordings")),))
    return Section(title, tuple(_recordings(sources.tally)))


def deletions(sources: Sources) -> Iterator[Fact]:
    """Return what was destroyed, how often and when last."""
    if sources.tally is None:
        yield _silent(_("Destroyed"))
        return
    counted = sources.tally
    source = recorder_source() if counted.complete else _newest(counted)
    for name, deleted in (
        (_("Thrown away by the teacher or by a withdrawal, and destroyed here"), counted.thrown_away),
        (_("Destroyed here after the coach's machine had proved that it arrived"), counted.cleared),
        (_("Called back from the coach's machine"), counted.called_back),
        (_("Of those: destroyed there, with signed proof"), counted.destroyed),
    ):
        yield Fact(name, _deleted(deleted, sources), source)


def _recordings(counted: Tally) -> Iterator[Fact]:
    source = recorder_source() if counted.all_counted else _newest(counted)
    for status, name in _names():
        yield Fact(name, str(counted.by_status.get(status.value, 0)), source)
    yield Fact(
        _("Of those: claimed by no teacher yet, so they cannot leave"),
        str(counted.unclaimed),
        recorder_source() if counted.complete else _newest(counted),
    )


def _names() -> tuple[tuple[Status, str], ...]:
    return (
        (Status.RECORDING, _("Being recorded")),
        (Status.HELD, _("Held on the device, in the cooling-off")),
        (Status.RELEASED, _("Released, waiting to be sent")),
        (Status.UPLOADING, _("Being sent")),
        (Status.DELIVERED, _("Delivered, the copy here not destroyed yet")),
        (Status.DISCARDED, _("Thrown away, not destroyed yet")),
        (Status.PURGED, _("No longer on the device")),
        (Status.WITHDRAWN, _("Called back, proof not there yet")),
        (Status.DESTROYED, _("Destroyed everywhere, with proof")),
    )


def _deleted(deleted: Deleted, sources: Sources) -> str:
    last = None
    with contextlib.suppress(ValueError):
        last = datetime.fromisoformat(deleted.last)
    return often(deleted.count, last, sources.now.tzinfo)


def _newest(counted: Tally) -> str:
    return _("asked of the recorder, the newest %(count)d only", count=counted.looked_at)


def _silent(name: str) -> Fact:
    return unknown(name, _("The recorder does not answer."), recorder_source())
