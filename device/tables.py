"""What a device can be told: the tables ``[device]``, ``[coach]``, ``[recorder]`` and ``[agreement]``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from device import drivers
from device.domain.errors import Permanent
from device.domain.receipt import read_public_key
from device.domain.settings import REQUIRED, Setting, Table
from device.domain.texts import LANGUAGES
from device.footage.seal import read_recipient


def _verify_device(values: Mapping[str, Any]) -> None:
    if not values["name"].strip():
        raise Permanent('device.name is empty; for example name = "learning-square-1"')
    for key, value in values.items():
        if key.endswith("_dir") and not value.startswith("/"):
            raise Permanent(f"device.{key} is a full path such as /var/lib/leerblik/spool, found {value!r}")


def _verify_recorder(values: Mapping[str, Any]) -> None:
    for key in ("triggers", "indicators"):
        for name in values[key]:
            if values[key].count(name) > 1:
                raise Permanent(f"recorder.{key} names '{name}' twice; once is enough")
    if not values["triggers"]:
        raise Permanent(
            'recorder.triggers is empty, so nobody could press; for example triggers = ["gpio_button"]'
        )
    if not set(values["indicators"]) - {"none"}:
        raise Permanent(
            "recorder.indicators names no light, and nothing is recorded without one; "
            'for example indicators = ["gpio_led"]'
        )


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
    if _day("valid_until", values) < _day("valid_from", values):
        raise Permanent(
            f"agreement.valid_until ({values['valid_until']}) is before agreement.valid_from "
            f"({values['valid_from']}); on no day could anything be recorded"
        )
    if bool(values["group"].strip()) != bool(values["trajectory"].strip()):
        raise Permanent(
            "agreement.group and agreement.trajectory are needed both; without one nothing was agreed"
        )
    for code in values["teachers_agreed"]:
        if code not in values["teachers"]:
            raise Permanent(
                f"agreement.teachers_agreed names '{code}', who is not in agreement.teachers; "
                "that is a slip of the pen, or a teacher in view who is missing there"
            )


def _day(key: str, values: Mapping[str, Any]) -> date:
    try:
        return date.fromisoformat(values[key])
    except ValueError:
        raise Permanent(f"agreement.{key} is a day such as 2026-09-01, found {values[key]!r}") from None


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
                "recorder_dir",
                str,
                "folder that the recorder alone may write: the masks",
                "/var/lib/leerblik/recorder",
                "/var/lib/leerblik/recorder",
            ),
            Setting(
                "register_dir",
                str,
                "folder for the register of what was agreed; the web page alone writes it",
                "/var/lib/leerblik/register",
                "/var/lib/leerblik/register",
            ),
            Setting(
                "settings_dir",
                str,
                "folder for what IT sets on the page; the recorder alone writes it",
                "/var/lib/leerblik/settings",
                "/var/lib/leerblik/settings",
            ),
            Setting(
                "wiped_dir",
                str,
                "folder for the proof that this device was wiped; it outlives the wipe",
                "/var/lib/leerblik/wiped",
                "/var/lib/leerblik/wiped",
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
        _verify_device,
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
                "overrun_s",
                int,
                "how long a lesson that was begun with the button may run over its booking, in seconds",
                300,
                300,
                low=0,
                high=1800,
            ),
            Setting(
                "warm_camera",
                bool,
                "let the camera stand ready while a lesson is booked, its lens seeing nothing before the press",
                True,
                False,
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
        _verify_recorder,
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
