"""``leerblik aim``: stills for pointing the camera; somebody must press at the device itself."""

from __future__ import annotations

import argparse
import base64
import time
from pathlib import Path

from device import config
from device.domain.errors import Refused, Temporary
from device.recorder.client import RecorderClient

SUMMARY = "look through the lens for a moment, to point the camera (needs a press at the device)"
_ASK_EVERY_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, default=Path("aim.jpg"),
        help="picture that is written again and again; most viewers show the newest (default aim.jpg)",
    )  # fmt: skip
    parser.add_argument("--once", action="store_true", help="write one picture and end")
    parser.add_argument(
        "--every", metavar="SECONDS", type=float, default=1.0, help="time between pictures (default 1)"
    )
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
        time.sleep(arguments.every)
        if not client.ask("status")["aim"]["open"]:
            print("the lens is closed")
            return 0


def _wait_for_press(client: RecorderClient) -> None:
    answer = client.ask("aim")
    if not answer["open"]:
        print(f"press the button at the device within {answer['left_s']:.0f} seconds", flush=True)
    while True:
        aim = client.ask("status")["aim"]
        if aim["open"]:
            return
        if aim["left_s"] <= 0:
            raise Refused("nobody pressed at the device; the lens stays closed")
        time.sleep(_ASK_EVERY_S)


def _write_still(client: RecorderClient, path: Path) -> float:
    answer = client.ask("still")
    fresh = path.with_name(f".{path.name}.part")
    try:
        fresh.write_bytes(base64.b64decode(answer["jpeg"]))
        fresh.replace(path)
    except OSError as error:
        raise Temporary(f"{path} cannot be written: {error.strerror}; choose another with --out") from None
    return float(answer["left_s"])
