"""What a person still has to fill in before this device can do its work, though nothing in its file is wrong."""

from __future__ import annotations

from datetime import datetime

from device import config
from device.domain.consent import Reason, Refusal, Situation, authorise
from device.domain.trajectory import Agreement, read_agreement


def still_to_fill_in(settings: config.Config) -> list[str]:
    """Return the keys and tables that are empty and must not be; nothing on a coach's machine."""
    if settings.is_for_coach():
        return []
    coach = settings.table("coach")
    wanted = [f"coach.{key}" for key in ("recipient", "receipt_key") if not coach[key]]
    if not _has_light(settings):
        wanted.append("recorder.indicators (a light that the class sees, such as gpio_led)")
    wanted += missing_for_sync(settings)
    return wanted if read_agreement(settings.table("agreement")) else [*wanted, "[agreement]"]


def missing_for_sync(settings: config.Config) -> list[str]:
    """Return the keys without which nothing can be sent."""
    if not any(table.name == "sync" for table in config.known_tables()):
        return []
    sync = settings.table("sync")
    keys = ("local_dir",) if sync["transport"] == "local" else ("host", "host_key")
    return [f"sync.{key}" for key in keys if not sync[key]]


def agreement_problem(settings: config.Config, now: datetime) -> str:
    """Return why the agreement lets nothing be recorded at an aware time, or ""."""
    agreement = read_agreement(settings.table("agreement"))
    fine = Situation(
        now=now,
        clock_trusted=True,
        coach_key_present=True,
        free_bytes=0,
        needed_bytes=0,
        light_works=True,
        lens_covered=False,
    )
    decision = authorise(agreement, fine, "")
    if not isinstance(decision, Refusal):
        return ""
    return "; ".join(_say(reason, agreement) for reason in decision.reasons)


def _say(reason: Reason, agreement: Agreement | None) -> str:
    if agreement is None:
        return "nothing has been agreed yet"
    sentences = {
        Reason.NOT_YET_VALID: f"begins on {agreement.valid_from}",
        Reason.EXPIRED: f"expired on {agreement.valid_until}",
        Reason.TEACHER_HAS_NOT_AGREED: "not every teacher in view has agreed",
        Reason.GROUP_HAS_NOT_AGREED: "nothing was arranged with the group",
        Reason.OBJECTIONS_NOT_ARRANGED: "nothing was arranged for the pupils who must not be filmed",
    }
    return sentences.get(reason, reason.value)


def _has_light(settings: config.Config) -> bool:
    """Tell whether one of the chosen lights can be seen by a class; a terminal only where the file says so."""
    names = set(settings.table("recorder")["indicators"]) - {"none"}
    if names != {"console"}:
        return bool(names)
    return bool(settings.driver_options("indicator", "console")["in_view"])
