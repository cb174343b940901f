"""Reading the configuration: one TOML file, every key declared, whatever is unknown refused by name."""

from __future__ import annotations

import importlib
import os
import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from device import drivers
from device.domain.errors import Permanent
from device.domain.receipt import read_public_key
from device.domain.settings import REQUIRED, Setting, Table
from device.domain.texts import LANGUAGES
from device.footage.seal import read_recipient

DEFAULT_PATH = Path("/etc/leerblik/leerblik.toml")
ENVIRONMENT = "LEERBLIK_CONFIG"


def _verify_coach(values: Mapping[str, Any]) -> None:
    for key, read in (
        ("recipient", read_recipient),
        ("recovery_recipient", read_recipient),
        ("receipt_key", read_public_key),
    ):
        try:
            if values[key]:
                read(values[key])
        except Permanent as error:
            raise Permanent(f"coach.{key}: {error}") from None


def _verify_agreement(values: Mapping[str, Any]) -> None:
    for key in ("valid_from", "valid_until"):
        try:
            date.fromisoformat(values[key])
        except ValueError:
            raise Permanent(f"agreement.{key} is a day such as 2026-09-01, found {values[key]!r}") from None
    if bool(values["group"].strip()) != bool(values["trajectory"].strip()):
        raise Permanent(
            "agreement.group and agreement.trajectory are needed both; without one nothing was agreed"
        )


TABLES = (
    Table(
        "device",
        "This device: what it is called and where it keeps things.",
        (
            Setting(
                "name",
                str,
                "name of this device, as the coach sees it; not the name of a person",
                REQUIRED,
                "learning-square-1",
            ),
            Setting(
                "spool_dir",
                str,
                "folder for sealed footage",
                "/var/lib/leerblik/spool",
                "/var/lib/leerblik/spool",
            ),
            Setting(
                "state_dir",
                str,
                "folder for the catalogue",
                "/var/lib/leerblik/state",
                "/var/lib/leerblik/state",
            ),
            Setting(
                "runtime_dir",
                str,
                "folder in memory for the control socket and the review key",
                "/run/leerblik",
                "/run/leerblik",
            ),
            Setting("language", str, "language of lights, texts and pages", "nl", "nl", choices=LANGUAGES),
        ),
    ),
    Table(
        "coach",
        "Who can read the footage: public keys only, as printed by 'leerblik inbox keys'.",
        (
            Setting(
                "recipient", str, "age recipient of the coach; without it nothing is recorded", "", "age1..."
            ),
            Setting(
                "recovery_recipient",
                str,
                "age recipient of the school's recovery key (empty: none)",
                "",
                "age1...",
            ),
            Setting(
                "receipt_key",
                str,
                "key that signs the receipts of the coach's machine",
                "",
                "base64 of 32 bytes",
            ),
        ),
        _verify_coach,
    ),
    Table(
        "recorder",
        "The recording process: which drivers it uses and its limits.",
        (
            Setting("camera", str, "camera driver", REQUIRED, "synthetic", choices=drivers.names("camera")),
            Setting(
                "microphone", str, "microphone driver", "none", "none", choices=drivers.names("microphone")
            ),
            Setting(
                "triggers",
                list,
                "trigger drivers, all at once",
                ["control_socket"],
                ["control_socket", "gpio_button"],
            ),
            Setting("indicators", list, "indicator drivers, all at once", ["console"], ["gpio_led"]),
            Setting("segment_s", float, "length of a segment in seconds", 30.0, 30.0, low=1, high=600),
            Setting(
                "audio_bitrate_bps",
                int,
                "bit rate of the sound in bits per second",
                96_000,
                96_000,
                low=32_000,
                high=320_000,
            ),
            Setting(
                "cooling_off_s",
                float,
                "how long the teacher can discard before anything leaves, in seconds",
                7200.0,
                7200.0,
                low=0,
                high=14 * 86400,
            ),
            Setting(
                "maximum_length_s",
                float,
                "longest recording in seconds",
                3000.0,
                3000.0,
                low=1,
                high=6 * 3600,
            ),
            Setting(
                "reserve_bytes",
                int,
                "space on the card that is never filled, in bytes",
                500_000_000,
                500_000_000,
                low=0,
            ),
        ),
    ),
    Table(
        "agreement",
        "What was agreed about the lessons this device records. No names of pupils, ever.",
        (
            Setting("teachers", list, "all teachers in view, by code or initials", [], ["teacher-1"]),
            Setting("teachers_agreed", list, "those of them who agreed themselves", [], ["teacher-1"]),
            Setting("group", str, "the group in view", "", "3B"),
            Setting(
                "group_agreed", bool, "whether information or consent for this group is in order", False, True
            ),
            Setting(
                "objecting_pupils", int, "number of pupils that must not be filmed", 0, 2, low=0, high=200
            ),
            Setting(
                "arrangement",
                str,
                "what was arranged for them (empty: nothing yet)",
                "",
                "seated out of view",
            ),
            Setting(
                "trajectory",
                str,
                "code of the trajectory this belongs to (empty: nothing was agreed)",
                "",
                "T-2026-01",
            ),
            Setting("stage", int, "1 coach leads, 2 teacher leads, 3 teacher prepares", 1, 1, low=1, high=3),
            Setting(
                "learning_question", str, "the teacher's question to learn from", "", "How do I model a task?"
            ),
            Setting(
                "legal_basis",
                str,
                "the school's choice",
                "consent",
                "consent",
                choices=("consent", "legitimate_interest"),
            ),
            Setting("sound", bool, "whether sound may be recorded; a decision of its own", False, True),
            Setting("valid_from", str, "first day, as year-month-day", "2000-01-01", "2026-09-01"),
            Setting("valid_until", str, "last day, as year-month-day", "2000-01-01", "2027-07-10"),
        ),
        _verify_agreement,
    ),
)


class Config:
    """The whole configuration, checked. Tables are plain mappings with every default filled in."""

    def __init__(self, document: Mapping[str, Any], source: str) -> None:
        self.source = source
        self._tables: dict[str, dict[str, Any]] = {}
        self._drivers: dict[tuple[str, str], dict[str, Any]] = {}
        known = {table.name: table for table in known_tables()}
        for name in document:
            if name not in known and name not in drivers.KINDS:
                possible = ", ".join(sorted((*known, *drivers.KINDS)))
                raise Permanent(f"{source}: unknown table [{name}]; known tables are {possible}")
        self._known, self._document = known, document
        for name in known:
            if name in document:
                self.table(name)
        for kind in drivers.KINDS:
            for name in self._drivers_of(kind):
                self.driver_options(kind, name)

    def has(self, name: str) -> bool:
        """Tell whether the file has this table."""
        return name in self._document

    def has_driver(self, kind: str, name: str) -> bool:
        """Tell whether the file has a table for this driver."""
        return name in self._drivers_of(kind)

    def table(self, name: str) -> dict[str, Any]:
        """Return a table; Permanent that names the key when something in it is wrong or missing."""
        if name not in self._tables:
            try:
                self._tables[name] = self._known[name].read(self._document.get(name, {}))
            except Permanent as error:
                raise Permanent(f"{self.source}: {error}") from None
        return self._tables[name]

    def driver_options(self, kind: str, name: str) -> dict[str, Any]:
        """Return the options of a driver, as in ``[camera.synthetic]``.

        A driver that speaks, speaks the language of the device unless it is told otherwise.
        """
        table, given = driver_table(kind, name), self._drivers_of(kind).get(name, {})
        device = self._document.get("device")
        speaks = any(setting.name == "language" for setting in table.settings)
        if speaks and isinstance(given, Mapping) and isinstance(device, Mapping) and "language" in device:
            given = {"language": device["language"], **given}
        try:
            return table.read(given)
        except Permanent as error:
            raise Permanent(f"{self.source}: {error}") from None

    def verify_driver(self, kind: str, name: str) -> None:
        """Raise Permanent when this driver would refuse its options at its start.

        Only for drivers that are chosen: one that is still being set up may be incomplete.
        """
        verify = getattr(drivers.load(kind, name), "verify", None)
        if verify is None:
            return
        try:
            verify(self.driver_options(kind, name))
        except Permanent as error:
            raise Permanent(f"{self.source}: {error}") from None

    def _drivers_of(self, kind: str) -> Mapping[str, Any]:
        section = self._document.get(kind, {})
        if not isinstance(section, Mapping):
            raise Permanent(
                f"{self.source}: {kind} must be a table of drivers, such as [{kind}.{drivers.names(kind)[0]}]"
            )
        return section


def driver_table(kind: str, name: str) -> Table:
    """Return what a driver can be told; Permanent when there is no such driver."""
    module = drivers.load(kind, name)
    return Table(f"{kind}.{name}", f"The {kind} driver '{name}'.", tuple(module.OPTIONS))


def known_tables() -> list[Table]:
    """Return every table that an installed part of Leerblik declares."""
    tables: list[Table] = []
    for entry in sorted(metadata.entry_points(group="leerblik.settings"), key=lambda entry: entry.name):
        tables += importlib.import_module(entry.module).TABLES
    return tables


def find_path(given: str | None) -> Path:
    """Return the configuration file: the one given, else from the environment, else the usual place."""
    return Path(given or os.environ.get(ENVIRONMENT) or DEFAULT_PATH)


def load(given: str | None) -> Config:
    """Read and check the configuration; Permanent with one sentence when anything is wrong with it."""
    path = find_path(given)
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise Permanent(
            f"there is no configuration at {path}; make one with 'leerblik config example > {path}'"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Permanent(f"the configuration {path} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise Permanent(f"{path} is not valid TOML: {error}") from None
    return Config(document, str(path))
