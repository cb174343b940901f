"""The last step of the first start: two passwords, then all of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _

from device.domain.errors import Refused
from device.web.accounts import check_new_password
from device.web.claim import ClaimCode
from device.web.first_start.opening import Visit
from device.web.first_start.plan import Plan, Tools, carry_out, check_passwords
from device.web.services import KEY, services


def problems_of(form: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with the passwords that were typed: sentences by field."""
    problems: dict[str, str] = {}
    for who in ("coach", "it"):
        password = form.get(f"{who}_password", "")
        try:
            check_new_password(password)
        except Refused as refused:
            problems[f"{who}_password"] = _(str(refused))
        else:
            if password != form.get(f"{who}_again", ""):
                problems[f"{who}_again"] = _("The two are not the same: type both once more.")
    if not problems:
        try:
            check_passwords(form["coach_password"], form["it_password"])
        except Refused as refused:
            problems["it_password"] = _(str(refused))
    if "compared" not in form:
        problems["compared"] = _("Compare the keys first, and then tick this.")
    return problems


def finish(visit: Visit, form: Mapping[str, str], folder: Path, claim: ClaimCode) -> None:
    """Carry the first start out; any LeerblikError leaves a device that can be claimed again."""
    here = services()
    if visit.school is None:
        raise Refused(_("The school's settings are missing: go back to the first page."))
    plan = Plan(visit.school, form["coach_password"], form["it_password"], visit.keys, visit.language)
    tools = Tools(
        folder=folder, accounts=here.accounts, claim=claim, book=here.book, recorder=here.recorder,
        now=here.now, clock_trusted=here.clock_trusted,
    )  # fmt: skip
    carry_out(plan, tools)
    # From now on; after a restart it comes from the file.
    current_app.extensions[KEY] = replace(here, language=plan.language or here.language)
