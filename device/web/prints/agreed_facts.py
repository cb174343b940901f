"""The facts that people decided: legal basis, groups, trajectories, what was taken back. Numbers, and nobody's name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask_babel import format_date

from device.domain.booking import group_agrees
from device.domain.register.decisions import (
    AgreementWithdrawn,
    Arrangement,
    GroupWithdrawn,
    RecordingWithdrawn,
    Repeat,
    Start,
    Unbooked,
)
from device.domain.register.state import Booking, Group, Register
from device.domain.trajectory import LegalBasis, Operator
from device.web.prints.fact import Fact, Section, often, register_source, unknown
from device.web.prints.sources import Sources
from device.web.prints.text import gettext as _


def agreed(sources: Sources) -> Section:
    """Return what was agreed."""
    title = _("What was agreed")
    if sources.register is None:
        return Section(title, (_unreadable(title),))
    return Section(title, tuple(_agreed(sources.register, sources.now.date())))


def _unreadable(name: str) -> Fact:
    why = _("The register cannot be read or was damaged. Until it is whole nothing is recorded.")
    return unknown(name, why, register_source())


def _agreed(register: Register, today: date) -> Iterator[Fact]:
    source = register_source()
    if register.school is None:
        why = _("The school has not been set up yet.")
        if register.is_empty:
            why += " " + _("Until then an agreement in the settings counts, if there is one: [agreement].")
        yield unknown(_("Legal basis"), why, source)
    else:
        yield Fact(_("School"), register.school.name, source)
        yield Fact(_("Legal basis"), _basis(register.school.legal_basis), source)
        yield Fact(_("A press without a booking"), _unbooked(register.school.unbooked), source)
    yield from _groups(register, today)
    present = sum(register.teachers.values())
    yield Fact(
        _("Teachers"),
        _("%(teachers)d known by a code; %(agreements)d agreements of their own are in force.",
          teachers=present, agreements=len(register.agreements)),
        source,
    )  # fmt: skip
    yield _trajectories(register, today)
    yield _bookings(register, today)


def _basis(basis: LegalBasis) -> str:
    if basis is LegalBasis.CONSENT:
        return _("B: consent for each purpose (GDPR article 6, paragraph 1, under a)")
    return _(
        "A: legitimate interest, with information and a list of objections (GDPR article 6, paragraph 1, under f)"
    )


def _unbooked(unbooked: Unbooked) -> str:
    if unbooked is Unbooked.REFUSE:
        return _("is refused")
    return _("is recorded without sound and kept until a teacher claims it; it never leaves otherwise")


def _groups(register: Register, today: date) -> Iterator[Fact]:
    groups = list(register.groups.values())
    counting = [each.registered for each in groups if _counts(register, each, today)]
    yield Fact(
        _("Groups"),
        _("%(all)d registered; %(counting)d count today, %(withdrawn)d were withdrawn.",
          all=len(groups), counting=len(counting), withdrawn=sum(each.withdrawn for each in groups)),
        register_source(),
    )  # fmt: skip
    yield Fact(
        _("Pupils in the groups that count"),
        _("%(pupils)d, of whom %(not_filmed)d are not filmed; sound may be recorded in %(sound)d of these groups.",
          pupils=sum(each.pupils for each in counting), not_filmed=sum(each.not_filmed for each in counting),
          sound=sum(each.sound for each in counting)),
        register_source(),
    )  # fmt: skip
    arranged = [each.arrangement for each in counting if each.not_filmed]
    yield Fact(
        _("Arranged for who is not filmed"),
        _("out of view in %(view)d groups, black in the picture in %(mask)d, not in that hour in %(hour)d",
          view=arranged.count(Arrangement.OUT_OF_VIEW), mask=arranged.count(Arrangement.MASK),
          hour=arranged.count(Arrangement.NOT_THAT_HOUR)),
        register_source(),
    )  # fmt: skip


def _counts(register: Register, group: Group, today: date) -> bool:
    valid = group.registered.valid_from <= today <= group.registered.valid_until
    return valid and register.school is not None and group_agrees(group, register.school.legal_basis)


def _trajectories(register: Register, today: date) -> Fact:
    going = [
        each.opened.closes_on
        for each in register.trajectories.values()
        if not each.closed and each.opened.closes_on >= today
    ]
    value = _("%(open)d open, %(over)d over.", open=len(going), over=len(register.trajectories) - len(going))
    if going:
        value += " " + _("The last of them closes on %(day)s.", day=format_date(max(going), "long"))
    return Fact(_("Trajectories"), value, register_source())


def _bookings(register: Register, today: date) -> Fact:
    made = [each.made for each in register.bookings.values() if _still_counts(each, today)]
    value = _(
        "%(count)d from today on; %(schedule)d of them begin by themselves after an announcement, "
        "in %(pupil)d a pupil films.",
        count=len(made), schedule=sum(each.start is Start.SCHEDULE for each in made),
        pupil=sum(each.operator is Operator.PUPIL for each in made),
    )  # fmt: skip
    return Fact(_("Bookings"), value, register_source())


def _still_counts(booking: Booking, today: date) -> bool:
    return (
        not booking.cancelled and booking.made.repeat is not Repeat.NEXT_PRESS and booking.made.last >= today
    )


def withdrawals(sources: Sources) -> Iterator[Fact]:
    """Return how often people took something back, and when last."""
    if sources.register is None:
        yield _unreadable(_("Taken back"))
        return
    kinds = (
        (AgreementWithdrawn, _("Agreements that teachers took back")),
        (GroupWithdrawn, _("Groups that were withdrawn")),
        (RecordingWithdrawn, _("Recordings that teachers took back")),
    )
    for kind, name in kinds:
        moments = [each.at for each in sources.register.withdrawals if isinstance(each.decision, kind)]
        yield Fact(
            name, often(len(moments), max(moments, default=None), sources.now.tzinfo), register_source()
        )
