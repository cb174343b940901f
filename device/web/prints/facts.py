"""The facts sheet: every fact with its source, and at its end all that could not be determined."""

from __future__ import annotations

from device.web.prints import agreed_facts, keeping_facts, machine_facts, recording_facts
from device.web.prints.fact import Fact, Section, program_source
from device.web.prints.sources import Sources
from device.web.prints.text import gettext as _


def facts(sources: Sources) -> tuple[Section, ...]:
    """Return the sheet, section by section."""
    sections = (
        machine_facts.device(sources),
        agreed_facts.agreed(sources),
        recording_facts.recordings(sources),
        _taken_back(sources),
        keeping_facts.encryption(sources),
        keeping_facts.storage(sources),
        keeping_facts.retention(sources),
        machine_facts.processes(sources),
        machine_facts.network(sources),
        machine_facts.log(sources),
        machine_facts.never(sources),
    )
    return (*sections, _undetermined(sections))


def _taken_back(sources: Sources) -> Section:
    found = (*agreed_facts.withdrawals(sources), *recording_facts.deletions(sources))
    return Section(_("Taken back and destroyed"), found)


def _undetermined(sections: tuple[Section, ...]) -> Section:
    """Return what could not be determined, and what no device can tell of the machine that it sends to."""
    found = [fact for section in sections for fact in section.facts if not fact.known]
    elsewhere = Fact(
        _("The coach's machine"),
        _(
            "Its disk, its accounts, and for how long it keeps films: ask there. This device "
            "only knows what it signed: receipts, and certificates of what it destroyed."
        ),
        program_source("device/domain/receipt.py"),
        known=False,
    )
    return Section(_("What could not be determined from here"), (*found, elsewhere))
