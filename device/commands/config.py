"""``leerblik config``: check, show or begin a configuration."""

from __future__ import annotations

import argparse
import json

from device import config, drivers
from device.commands.unfinished import still_to_fill_in
from device.domain.errors import LeerblikError, Permanent
from device.domain.overlay import Origin, flat
from device.domain.settings import toml_value

SUMMARY = "check, show or begin a configuration"
_ACTIONS = {
    "check": "say whether the configuration is right, what is wrong with it, and what is still to be filled in",
    "show": "print every value in force, defaults included",
    "example": "print a commented configuration with every key, for a device and a coach's machine in one",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check, show, _ = (
        actions.add_parser(name, help=says, description=says) for name, says in _ACTIONS.items()
    )
    for sub in (check, show):
        sub.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    show.add_argument("--json", action="store_true", help="print one JSON object for scripts")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    if arguments.action == "example":
        print(example(), end="")
        return 0
    settings = config.load(arguments.config)
    if arguments.action == "check":
        print(check(settings))
        return 0
    values = {name: settings.table(name) for name in _in_use(settings)}
    if "recorder" in values:
        values.update(
            {
                f"{kind}.{name}": settings.driver_options(kind, name)
                for kind, name in settings.chosen_drivers()
            }
        )
    if arguments.json:
        print(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        for name, table in values.items():
            lines = (
                f"{key} = {toml_value(value)}{_from(settings, name, key)}" for key, value in table.items()
            )
            print(f"[{name}]", *lines, "", sep="\n")
    return 0


def _from(settings: config.Config, table: str, key: str) -> str:
    """Return a remark where a value is neither the file's nor the default."""
    return "  # set on the page" if settings.origin(f"{table}.{key}") is Origin.PAGE else ""


def check(settings: config.Config) -> str:
    """Return how it is with a configuration; Permanent when something in it is wrong."""
    if not settings.says_anything():
        raise Permanent(
            f"{settings.source} says nothing; a device needs at least [device] and [recorder], "
            "the coach's machine [inbox]"
        )
    if settings.overlay_problem:
        raise Permanent(
            f"{settings.overlay_problem}; until it is saved anew on the page, it counts for nothing"
        )
    for name in _in_use(settings):
        settings.table(name)
    if not settings.is_for_coach():
        settings.table("device")
        settings.verify_drivers()
    wanted = still_to_fill_in(settings)
    if wanted:
        return f"{settings.source} can be read, but this is still to be filled in: {', '.join(wanted)}"
    beside = ", ".join(flat(settings.overlay))
    return f"{settings.source} is right" + (f"; set on the page: {beside}" if beside else "")


def example() -> str:
    """Return a commented configuration with every table and driver that works on this machine."""
    tables = config.known_tables()
    for kind in drivers.KINDS:
        for name in drivers.names(kind):
            try:
                tables.append(config.driver_table(kind, name))
            except (LeerblikError, ImportError):
                continue  # a driver whose library is not installed here cannot be used here either
    return "\n".join(table.example() for table in tables if table.settings)


def _in_use(settings: config.Config) -> list[str]:
    """Return the tables that say something here: a device has no inbox, a coach's machine no recorder."""
    return [table.name for table in config.known_tables() if settings.has(table.name) or not table.required]
