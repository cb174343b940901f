"""``leerblik press``: a finger made of software."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from device import config
from device.domain.errors import Busy, Refused
from device.recorder.client import RecorderClient

SUMMARY = "press the button of a running recorder"

_EFFECT_LIMIT_S = 2.0
_FINGER_LIMIT_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    gesture = parser.add_mutually_exclusive_group()
    gesture.add_argument("--double", action="store_true", help="two quick presses: mark the moment")
    gesture.add_argument(
        "--hold", type=float, metavar="SECONDS",
        help="hold it: 3 s while recording blanks the picture, 5 s after stopping discards the lesson",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Press, and print what came of it; Refused's exit code when the recorder refused."""
    client = RecorderClient(Path(config.load(arguments.config).table("device")["runtime_dir"]))
    before = client.ask("status")
    if arguments.hold is not None:
        _press(client, gesture="hold", seconds=arguments.hold)
        time.sleep(arguments.hold)
    else:
        _press(client, gesture="double" if arguments.double else "single")
    after = _wait_for_effect(client, before)
    if after["refusals"] != before["refusals"]:
        raise Refused(" ".join(reason["message"] for reason in after["refusal"]))
    line = f"recorder: {after['state']}"
    if after["recording"]:
        line += f", bookmarks: {after['bookmarks']}"
    elif after["recordings"]:
        line += f", latest recording: {after['recordings'][0]['status']}"
    print(line)
    return 0


def _press(client: RecorderClient, **gesture: Any) -> None:
    """Press; a finger that is still coming up from the last press is waited for."""
    deadline_s = time.monotonic() + _FINGER_LIMIT_S
    while True:
        try:
            client.ask("press", **gesture)
        except Busy:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)
        else:
            return


def _wait_for_effect(client: RecorderClient, before: dict[str, Any]) -> dict[str, Any]:
    """Return the status when it has changed, or after a while: not every press changes something."""
    deadline_s = time.monotonic() + _EFFECT_LIMIT_S
    while True:
        after = client.ask("status")
        if _effect(after) != _effect(before) or time.monotonic() > deadline_s:
            return after
        time.sleep(0.05)


def _effect(status: dict[str, Any]) -> tuple[Any, ...]:
    statuses = [row["status"] for row in status["recordings"]]
    return status["state"], status["bookmarks"], status["refusals"], statuses
