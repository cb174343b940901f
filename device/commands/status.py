"""``leerblik status``: what the device is doing and where its recordings are."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from device import config
from device.recorder.client import RecorderClient

SUMMARY = "show what the device is doing and where its recordings are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.add_argument("--json", action="store_true", help="print one JSON object for scripts")


def run(arguments: argparse.Namespace) -> int:
    """Ask the recorder and print its answer."""
    client = RecorderClient(Path(config.load(arguments.config).table("device")["runtime_dir"]))
    answer = client.ask("status")
    if arguments.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(answer)))
    return 0


def lines(answer: dict[str, Any]) -> list[str]:
    """Return the recorder's answer as lines for a person."""
    said = [f"recorder: {answer['state']}"]
    if answer["recording"]:
        counts = f"bookmarks: {answer['bookmarks']}, frames dropped: {answer['dropped_frames']}"
        said[0] += f" for {clock_text(answer['recorded_s'])}, {counts}"
    said += [f"refused: {reason['message']}" for reason in answer["refusal"]]
    said += [f"missing: {part['part']}: {part['message']}" for part in answer["missing"]]
    if answer["problem"] and answer["problem"] not in [part["message"] for part in answer["missing"]]:
        said.append(f"problem: {answer['problem']}")
    said += (
        ["sound: no microphone"] if answer["sound_is_away"] else [_level(level) for level in answer["levels"]]
    )
    if answer["aim"]["open"]:
        said.append(f"the lens is open for aiming, for {answer['aim']['left_s']:.0f} s more")
    said += [f"{p['process']}: {p['state']}; {p['message']}" for p in answer["processes"]]
    said.append(f"free space: {answer['free_bytes'] / 1e9:.1f} GB")
    if not answer["recordings"]:
        said.append("no recordings yet")
    for row in answer["recordings"]:
        said.append("  ".join(_row(row)))
    return said


def _level(level: dict[str, Any]) -> str:
    words = (
        "too loud"
        if level["clipping"]
        else f"silent for {level['silent_s']:.0f} s"
        if level["silent_s"]
        else "fine"
    )
    return f"sound: {level['name']} {level['rms_dbfs']:.0f} dBFS, peak {level['peak_dbfs']:.0f}, {words}"


def _row(row: dict[str, Any]) -> list[str]:
    parts = [row["id"], row["started_at"], f"{row['status']:10}"]
    if row["duration_s"] is not None:
        parts.append(clock_text(row["duration_s"]))
    if row["status"] == "held":
        parts.append(f"leaves in {clock_text(row['cooling_off_left_s'])}")
    if row["status"] == "uploading" and row["size_bytes"]:
        parts.append(f"{100 * row['sent_bytes'] // row['size_bytes']} % sent")
    parts += [
        flag for flag in ("discarded", "interrupted", "unclaimed") if row[flag] and flag != row["status"]
    ]
    return parts


def clock_text(seconds: float) -> str:
    """Return a duration as minutes:seconds or hours:minutes:seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
