"""``leerblik web claim-code`` and ``leerblik web setup``: the first start prepared, or done, without a browser."""

from __future__ import annotations

import argparse
import os
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device import config
from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from device.domain.overlay import FILE_NAME, flat, write_overlay
from device.domain.receipt import read_public_key
from device.domain.register.decisions import SchoolSet, Unbooked
from device.domain.settings import REQUIRED, Setting, Table
from device.domain.trajectory import LegalBasis
from device.footage.durable import replace_file
from device.recorder.client import RecorderClient
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.claim import ClaimCode
from device.web.first_start.plan import Plan, Tools, carry_out

_LABEL = """Write this code on the device's label. It is shown only now; --new makes another one.
Whoever has it, and presses the button on the device, sets the passwords on http(s)://THIS-DEVICE/start."""
SCHOOL = Table(
    "school",
    "The school, as it stands at the head of the register.",
    (
        Setting("name", str, "name of the school or location", REQUIRED, "voorbeeldschool"),
        Setting(
            "legal_basis", str, "the school's choice; ask the coach or the privacy officer",
            REQUIRED, "consent", choices=tuple(each.value for each in LegalBasis),
        ),
        Setting(
            "unbooked", str, "what a press outside every booking does",
            Unbooked.REFUSE.value, "refuse", choices=tuple(each.value for each in Unbooked),
        ),
        Setting("zone", str, "the school's time zone", "Europe/Amsterdam", "Europe/Amsterdam"),
    ),
)  # fmt: skip
COACH = Table(
    "coach",
    "What leerblik.toml leaves open about the coach's machine.",
    (
        Setting(
            "receipt_key", str, "key that signs its receipts; without one nothing counts as delivered",
            "", "base64 of 32 bytes",
        ),
    ),
)  # fmt: skip
PASSWORDS = Table(
    "passwords",
    "Files that hold one password each, on one line; remove them afterwards.",
    (
        Setting("coach_file", str, "file with the coach's password", REQUIRED, "/run/leerblik-coach"),
        Setting("it_file", str, "file with IT's password", REQUIRED, "/run/leerblik-it"),
    ),
)


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Declare what 'leerblik web' can do besides running; without an action it runs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    code = actions.add_parser("claim-code", help="make the code for the device's label")
    code.add_argument(
        "--new", action="store_true", help="another one in the place of the one that was made before"
    )
    code.add_argument(
        "--from", dest="source", metavar="FILE", help="keep the code in this file instead of making one"
    )
    setup = actions.add_parser(
        "setup", help="do the first start from a file (TOML), for example with Ansible"
    )
    setup.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        required=True,
        help="tables [school], [passwords] and [coach]",
    )
    for each in (code, setup):
        # Not the default None: it would hide a --config that stood before the action.
        each.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="configuration")
    setup.epilog = SCHOOL.example() + PASSWORDS.example() + COACH.example()
    setup.formatter_class = argparse.RawDescriptionHelpFormatter


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    settings = config.load(arguments.config)
    folder = Path(settings.table("web")["dir"])
    if arguments.action == "claim-code":
        return _claim_code(folder, given=arguments.source, new=arguments.new)
    return _setup(settings, folder, Path(arguments.source))


def _claim_code(folder: Path, *, given: str | None, new: bool) -> int:
    code = _line(Path(given)) if given else None
    _become_owner(folder)
    claim = ClaimCode(folder)
    if Accounts(folder).is_claimed():
        raise Refused("this device has been claimed already; a claim code would open nothing")
    if claim.exists() and not new:
        raise Refused("there is a claim code already; 'leerblik web claim-code --new' makes another one")
    if code is not None:
        claim.keep(code)
        print("the claim code was kept")
        return 0
    print(claim.make())
    print(_LABEL)
    return 0


def _setup(settings: config.Config, folder: Path, source: Path) -> int:
    document = _document(source)
    school, files = SCHOOL.read(document.get("school", {})), PASSWORDS.read(document.get("passwords", {}))
    coach, it = _line(Path(files["coach_file"])), _line(Path(files["it_file"]))
    if not settings.table("coach")["recipient"]:
        raise Refused(
            f"coach.recipient in {settings.source} is empty; fill it in first: it is who can read the footage"
        )
    key = COACH.read(document.get("coach", {}))["receipt_key"]
    _check_receipt_key(settings, key)
    recorder = RecorderClient(Path(settings.table("device")["runtime_dir"]))
    trusted = _clock_trusted(recorder)
    _keep_receipt_key(settings, key)
    _become_owner(folder)
    accounts = Accounts(folder)
    if accounts.is_claimed():
        print("the first start was done already; nothing was changed")
        return 0
    decision = SchoolSet(
        school["name"], LegalBasis(school["legal_basis"]), Unbooked(school["unbooked"]), school["zone"]
    )
    tools = Tools(
        folder=folder, accounts=accounts, claim=ClaimCode(folder),
        book=RegisterBook(Path(settings.table("device")["register_dir"])), recorder=recorder,
        now=lambda: datetime.now(UTC), clock_trusted=lambda: trusted,
    )  # fmt: skip
    carry_out(Plan(decision, coach, it), tools)
    print("the first start is done; 'systemctl restart leerblik.target' lets every service know")
    if not (key or settings.table("coach")["receipt_key"]):
        print(
            "coach.receipt_key is still missing: until it is filled in nothing is sent or counts as delivered"
        )
    return 0


def _check_receipt_key(settings: config.Config, key: str) -> None:
    there = settings.table("coach")["receipt_key"]
    if key:
        read_public_key(key)
    if key and there not in ("", key):
        raise Refused(
            "this device has another coach.receipt_key already; change it on the page or in its settings"
        )


def _keep_receipt_key(settings: config.Config, key: str) -> None:
    """Keep it where the page would have; before this process becomes the owner of other files."""
    folder = config.settings_folder(settings)
    if folder is None or not key or key == settings.table("coach")["receipt_key"]:
        return
    values = {**flat(settings.overlay), "coach.receipt_key": key}
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        replace_file(folder / FILE_NAME, write_overlay(values))
    except OSError as error:
        raise Temporary(f"{folder / FILE_NAME} cannot be written: {error.strerror or error}") from None
    print("the receipt key was kept")


def _document(source: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(source.read_text("utf-8"))
    except OSError as error:
        raise Permanent(f"{source} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise Permanent(f"{source} is not valid TOML: {error}") from None
    for name in document:
        if name not in (SCHOOL.name, PASSWORDS.name, COACH.name):
            raise Permanent(
                f"{source}: unknown table or key '{name}'; known are [school], [passwords] and [coach]"
            )
    return document


def _line(path: Path) -> str:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Permanent(f"{path} cannot be read: {error}") from None
    if len(lines) != 1 or not lines[0].strip():
        raise Permanent(f"{path} must hold exactly one line")
    return lines[0]


def _clock_trusted(recorder: RecorderClient) -> bool:
    try:
        return bool(recorder.ask("status").get("clock_trusted", False))
    except LeerblikError:
        return False


def _become_owner(folder: Path) -> None:
    """Write as the user who owns the folder: what root writes there, the page could not read."""
    try:
        owner = folder.stat()
    except OSError as error:
        raise Permanent(
            f"{folder} is not there ({error.strerror}); deploy/device/install.sh makes it"
        ) from None
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
