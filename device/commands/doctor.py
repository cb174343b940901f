"""``leerblik doctor``: what is wrong on this machine, and what to do about it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from device import config
from device.commands.checks import check_coach, check_machine, check_setup
from device.commands.finding import Finding
from device.commands.unfinished import still_to_fill_in
from device.domain.errors import LeerblikError
from device.domain.overlay import flat

SUMMARY = "say what is wrong on this machine and what to do about it"
_SIGNS = {True: "✔", False: "✘", None: "!"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.add_argument("--json", action="store_true", help="print one JSON object for scripts")
    parser.epilog = "Exit code 0: nothing is wrong (warnings are allowed). 1: something is."


def run(arguments: argparse.Namespace) -> int:
    """Check and print; 1 when something is wrong."""
    findings = list(_findings(arguments.config))
    wrong = [finding for finding in findings if finding.good is False]
    if arguments.json:
        rows = [{"name": f.name, "good": f.good, "message": f.message, "advice": f.advice} for f in findings]
        print(json.dumps({"ok": not wrong, "findings": rows}, indent=2, ensure_ascii=False))
        return 1 if wrong else 0
    for finding in findings:
        print(f"{_SIGNS[finding.good]} {finding.name:12} {finding.message}")
        if finding.advice:
            print(f"  {'':12} → {finding.advice}")
    print(f"\n{len(wrong)} of {len(findings)} things are wrong" if wrong else "\nNothing is wrong here.")
    return 1 if wrong else 0


def _findings(given: str | None) -> Iterator[Finding]:
    try:
        settings = config.load(given)
        for table in config.known_tables():
            if settings.has(table.name):
                settings.table(table.name)
        if not settings.is_for_coach():
            settings.table("device")
            settings.verify_drivers()
    except LeerblikError as error:
        yield from check_machine(for_coach=False)
        yield Finding("config", False, str(error), "correct it, then run 'leerblik config check'")
        return
    yield from check_machine(for_coach=settings.is_for_coach())
    wanted = still_to_fill_in(settings)
    if wanted:
        yield Finding("config", None, f"{settings.source} can be read", f"fill in {', '.join(wanted)}")
    else:
        yield Finding("config", True, f"{settings.source} is right")
    if settings.overlay_problem:
        yield Finding("page settings", False, settings.overlay_problem, "save them anew on the page, as IT")
    elif settings.overlay:
        yield Finding("page settings", True, f"set on the page: {', '.join(flat(settings.overlay))}")
    yield from check_coach(settings) if settings.is_for_coach() else check_setup(settings)
