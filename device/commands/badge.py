"""``leerblik badge``: what stands in the configuration for a teacher's badge, without its number."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys

from device import config
from device.domain.errors import Permanent, Refused
from device.domain.settings import toml_value
from device.drivers.trigger._badge import hash_badge

SUMMARY = "turn a teacher's badge into a line for the configuration; its number is not kept"
_DRIVER = "evdev_badge"
_EXAMPLE = "/dev/input/by-id/usb-badge-reader-event-kbd"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("code", metavar="CODE", help="code or initials of the teacher, such as teacher-1")
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.epilog = (
        "Hold the badge to a reader at this terminal when asked; over SSH that is a reader at the machine you sit "
        "at, for it types like a keyboard. What is printed replaces the table [trigger.evdev_badge]; a second badge "
        "needs the same salt, which is taken from the configuration."
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask for the badge and print the lines."""
    code = arguments.code.strip()
    if not code or "=" in code:
        raise Permanent(f"'{arguments.code}' is no code of a teacher; for example teacher-1")
    settings = config.load(arguments.config)
    reader, salt, badges = _standing(settings)
    salt = salt or secrets.token_hex(16)
    hashed = hash_badge(_read_number(), salt)
    others = [badge for badge in badges if badge != f"{hashed}={code}"]
    for badge in others:
        if badge.partition("=")[0].strip() == hashed:
            raise Refused(f"this badge stands there already: '{badge}'; take that out first")
    print("[trigger.evdev_badge]")
    # Commented out while nobody named it: what stands there as an example is no reader of this device.
    print(f"reader = {toml_value(reader)}" if reader else f"# reader = {toml_value(_EXAMPLE)}")
    print(f"salt = {toml_value(salt)}")
    print(f"badges = {toml_value([*others, f'{hashed}={code}'])}")
    print(_missing_steps(settings, reader), end="", file=sys.stderr)
    return 0


def _missing_steps(settings: config.Config, reader: str) -> str:
    """Return what else must be done before the badge means anything."""
    steps = "" if reader else "Name the reader, as in /proc/bus/input/devices.\n"
    if settings.has("recorder") and _DRIVER not in settings.table("recorder")["triggers"]:
        steps += f'Add "{_DRIVER}" to recorder.triggers.\n'
    return steps


def _standing(settings: config.Config) -> tuple[str, str, list[str]]:
    """Return the reader, the salt and the badges that the configuration has; none before the first badge."""
    if not settings.has_driver("trigger", _DRIVER):
        return "", "", []
    options = settings.driver_options("trigger", _DRIVER)
    return options["reader"], options["salt"], options["badges"]


def _read_number() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Hold the badge to the reader (what it types is not shown): ")
    return sys.stdin.readline()
