"""``leerblik config``: check, show or begin a configuration."""

from __future__ import annotations

import argparse
import json

from device import config, drivers
from device.domain.errors import LeerblikError
from device.domain.settings import toml_value

SUMMARY = "check, show or begin a configuration"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser(
        "check", help="say whether the configuration is right, and what is wrong with it"
    )
    show = actions.add_parser("show", help="print every value in force, defaults included")
    actions.add_parser("example", help="print a commented configuration with every key")
    for sub in (check, show):
        sub.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    show.add_argument("--json", action="store_true", help="print one JSON object for scripts")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    if arguments.action == "example":
        print(example(), end="")
        return 0
    settings = config.load(arguments.config)
    values = {name: settings.table(name) for name in _in_use(settings)}
    for kind, name in _chosen(values.get("recorder", {})):
        values[f"{kind}.{name}"] = settings.driver_options(kind, name)
    if arguments.action == "check":
        for kind, name in _chosen(values.get("recorder", {})):
            settings.verify_driver(kind, name)
        print(f"{settings.source} is right")
    elif arguments.json:
        print(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        for name, table in values.items():
            print(
                f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in table.items()), "", sep="\n"
            )
    return 0


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


def _chosen(recorder: dict[str, object]) -> list[tuple[str, str]]:
    if not recorder:
        return []
    chosen = [("camera", recorder["camera"]), ("microphone", recorder["microphone"])]
    chosen += [("trigger", name) for name in recorder["triggers"]]  # type: ignore[attr-defined]  # lists by the schema
    chosen += [("indicator", name) for name in recorder["indicators"]]  # type: ignore[attr-defined]
    return [(kind, str(name)) for kind, name in chosen]
