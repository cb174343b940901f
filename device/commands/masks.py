"""``leerblik masks``: the areas of the picture that nobody will ever see."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from device import config
from device.domain.errors import Permanent
from device.recorder.client import RecorderClient
from device.recorder.masks import OTHER_VIEW

SUMMARY = "show, set or clear the areas of the picture that are painted black"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--set", metavar="FILE", help="polygons as JSON; - reads them from standard input")
    group.add_argument("--clear", action="store_true", help="mask nothing any more")
    parser.epilog = (
        "A polygon is a list of [x, y] corners in ten-thousandths of the picture's width and height, from the "
        "upper left: [[[0, 0], [2500, 0], [2500, 10000], [0, 10000]]] masks the left quarter. Look first with "
        "'leerblik aim'."
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask the recorder and print the masks, as JSON; say so where they were drawn on another view."""
    client = RecorderClient(Path(config.load(arguments.config).table("device")["runtime_dir"]))
    values: dict[str, Any] = {}
    if arguments.clear:
        values["polygons"] = []
    elif arguments.set is not None:
        values["polygons"] = _read(arguments.set)
    answer = client.ask("masks", **values)
    print(json.dumps(answer["polygons"]))
    if not answer["fits"]:
        print(f"Nothing is recorded: {OTHER_VIEW}.", file=sys.stderr)
    return 0


def _read(name: str) -> Any:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
        return json.loads(text)
    except OSError as error:
        raise Permanent(f"{name} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Permanent(f"{name} is not valid JSON: {error}") from None
