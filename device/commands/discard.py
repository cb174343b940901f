"""``leerblik discard``: the teacher says no to a recording that has not left yet."""

from __future__ import annotations

import argparse
from pathlib import Path

from device import config
from device.domain.errors import Permanent
from device.recorder.client import RecorderClient

SUMMARY = "destroy a recording that has not left this device"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.add_argument(
        "recording", metavar="RECORDING", help="its id in 'leerblik status', or the end of it"
    )


def run(arguments: argparse.Namespace) -> int:
    """Discard it; Refused's exit code when it has left already."""
    client = RecorderClient(Path(config.load(arguments.config).table("device")["runtime_dir"]))
    ids = [row["id"] for row in client.ask("status")["recordings"]]
    found = [each for each in ids if each.endswith(arguments.recording.upper())]
    if len(found) != 1:
        many = f"{len(found)} recordings end" if found else "no recording ends"
        raise Permanent(f"{many} with '{arguments.recording}'; see 'leerblik status'")
    client.ask("discard", recording=found[0])
    print(f"{found[0]} is discarded")
    return 0
