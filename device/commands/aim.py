"""``leerblik aim``: stills for pointing the camera; somebody must press at the device itself."""

from __future__ import annotations

import argparse
import base64
import time
from pathlib import Path
from typing import Any

from device import config
from device.domain.consent import STILL_EVERY_NS
from device.domain.errors import Busy, Refused, Temporary
from device.recorder.client import RecorderClient

SUMMARY = "look through the lens for a moment, to point the camera (needs a press at the device)"
_ASK_EVERY_S = 0.5
# The recorder gives no more than this.
_STILL_EVERY_S = STILL_EVERY_NS / 1e9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, default=Path("aim.jpg"),
        help="picture that is written again and again; most viewers show the newest (default aim.jpg)",
    )  # fmt: skip
    parser.add_argument("--once", action="store_true", help="write one picture and end")
    parser.add_argument(
        "--every", metavar="SECONDS", type=float, default=1.0,
        help="time between pictures, no shorter than a second (default 1)",
    )  # fmt: skip
    parser.epilog = (
        "Nothing is recorded. The lens closes after two minutes, or with the next press at the device."
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask, wait for the press, and write stills until the lens is closed; 0 when at least one came."""
    client = RecorderClient(Path(config.load(arguments.config).table("device")["runtime_dir"]))
    _wait_for_press(client)
    while True:
        left_s = _write_still(client, arguments.out)
        if arguments.once:
            print(f"{arguments.out} is what the lens sees; press at the device to close it")
            return 0
        print(f"{arguments.out} written; the lens is open for {left_s:.0f} s more", flush=True)
        time.sleep(max(arguments.every, _STILL_EVERY_S))
        if not client.ask("status")["aim"]["open"]:
            print("the lens is closed")
            return 0


def _wait_for_press(client: RecorderClient) -> None:
    refusals = client.ask("status")["refusals"]
    answer = client.ask("aim")
    if not answer["open"]:
        print(f"press the button at the device within {answer['left_s']:.0f} seconds", flush=True)
    while True:
        status = client.ask("status")
        if status["refusals"] != refusals:
            refusals = status["refusals"]
            print(*(reason["message"] for reason in status["refusal"]), flush=True)
        if status["aim"]["open"]:
            return
        if status["aim"]["left_s"] <= 0:
            raise Refused("nobody pressed at the device; the lens stays closed")
        time.sleep(_ASK_EVERY_S)


def _ask_still(client: RecorderClient) -> dict[str, Any]:
    """Return a still; where somebody else had one just now, the next one."""
    try:
        return client.ask("still")
    except Busy:
        time.sleep(_STILL_EVERY_S)
        return client.ask("still")


def _write_still(client: RecorderClient, path: Path) -> float:
    answer = _ask_still(client)
    fresh = path.with_name(f".{path.name}.part")
    try:
        fresh.write_bytes(base64.b64decode(answer["jpeg"]))
        fresh.replace(path)
    except OSError as error:
        raise Temporary(f"{path} cannot be written: {error.strerror}; choose another with --out") from None
    return float(answer["left_s"])
