"""``leerblik press``: a finger made of software."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

from device import config
from device.commands.meaning import Gesture, nothing, remark
from device.domain.errors import Busy, Refused
from device.recorder.client import RecorderClient

SUMMARY = "press the button of a running recorder"

_EFFECT_LIMIT_S = 2.0
_FINGER_LIMIT_S = 0.5
_LONGEST_HOLD_S = 60.0
# A finger's short press and the pause between two, and how long the recorder waits for the second; with some time
# for a machine that is busy.
_DOUBLE_S = 0.2 + 0.4 + 0.1
_EPILOG = """what a press means:
  nothing is recorded    one press begins a lesson
  recording              one press stops; two quick ones mark the moment; hold 3 s to blank picture and sound
  picture and sound off  one press shows the class again; hold 3 s to stop without doing so
  within a minute after  hold 5 s to discard the lesson that was just stopped
Within 2 seconds after a stop a press means nothing, and a second press right after the start stops again."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    gesture = parser.add_mutually_exclusive_group()
    gesture.add_argument("--double", action="store_true", help="two quick presses: mark the moment")
    gesture.add_argument(
        "--hold", type=_hold_s, metavar="SECONDS",
        help="hold it: 3 s while recording blanks the picture, 5 s after stopping discards the lesson",
    )  # fmt: skip
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG


def _hold_s(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_HOLD_S:
        raise argparse.ArgumentTypeError(f"a number of seconds from 0 to 60 is needed, found '{text}'")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Press, and print what came of it; Refused's exit code when the recorder refused."""
    client = RecorderClient(Path(config.load(arguments.config).table("device")["runtime_dir"]))
    gesture = Gesture(double=arguments.double, hold_s=arguments.hold or 0.0)
    before = client.ask("status")
    _press(client, gesture)
    after = _wait_for_effect(client, before)
    if after["refusals"] != before["refusals"]:
        raise Refused(" ".join(reason["message"] for reason in after["refusal"]))
    if _effect(after) == _effect(before):
        print(f"nothing: {nothing(gesture, before)}")
    else:
        print("; ".join(filter(None, (_line(after), remark(gesture, before, after)))))
    return 0


def _line(status: dict[str, Any]) -> str:
    if status["recording"]:
        return f"recorder: {status['state']}, bookmarks: {status['bookmarks']}"
    latest = f", latest recording: {status['recordings'][0]['status']}" if status["recordings"] else ""
    return f"recorder: {status['state']}{latest}"


def _press(client: RecorderClient, gesture: Gesture) -> None:
    """Press, and return when the finger is up; one that still comes up from the last press is waited for."""
    deadline_s = time.monotonic() + _FINGER_LIMIT_S
    while True:
        try:
            client.ask("press", **gesture.request())
        except Busy:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)
        else:
            # What follows asks how it is, and what is asked comes after what was pressed.
            time.sleep(_DOUBLE_S if gesture.double else gesture.hold_s)
            return


def _wait_for_effect(client: RecorderClient, before: dict[str, Any]) -> dict[str, Any]:
    """Return the status when it has changed and settled, or after a while: not every press changes something."""
    deadline_s = time.monotonic() + _EFFECT_LIMIT_S
    while True:
        after = client.ask("status")
        if after["state"] in ("starting", "stopping"):
            deadline_s = time.monotonic() + _EFFECT_LIMIT_S
        elif _effect(after) != _effect(before) or time.monotonic() > deadline_s:
            return after
        time.sleep(0.05)


def _effect(status: dict[str, Any]) -> tuple[Any, ...]:
    # Not how far each has come: that changes by itself.
    recordings = [(row["id"], row["discarded"]) for row in status["recordings"]]
    return status["state"], status["bookmarks"], status["refusals"], status["aim"]["open"], recordings
