"""``leerblik press``: a finger made of software."""

from __future__ import annotations

import argparse
from pathlib import Path

from device import config
from device.recorder.client import RecorderClient

SUMMARY = "press the button of a running recorder"


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
    """Press and return at once; what came of it is in ``leerblik status``."""
    client = RecorderClient(Path(config.load(arguments.config).table("device")["runtime_dir"]))
    if arguments.hold is not None:
        client.ask("press", gesture="hold", seconds=arguments.hold)
    else:
        client.ask("press", gesture="double" if arguments.double else "single")
    return 0
