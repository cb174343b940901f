"""``leerblik demo``: one lesson from the press to the coach's screen, on this machine, measured at the end."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from deploy.demo.house import House
from deploy.demo.progress import Progress
from deploy.demo.school import COOLING_OFF_S, Entrance, open_school
from deploy.demo.story import Story, Teller
from deploy.demo.verdict import judge
from device.domain.errors import LeerblikError, Permanent
from device.drivers.camera._nodes import find as find_webcam

SUMMARY = "show the whole way of a lesson on this machine, from the press to the film"
_DEFAULT_SECONDS = 12.0
# Long enough to be seen, and with --keep-running to discard a lesson of one's own by hand.
_COOLING_OFF_S = {False: 3.0, True: 15.0}
# Not 'aim': it needs a hand on a device.
_TO_TRY = (
    ("press", "start, or stop"),
    ("press --double", "mark the moment"),
    ("press --hold 3", "picture and sound off, until the next press"),
    ("press --hold 5", "within a minute after the stop: discard the lesson"),
    ("status", ""),
    ("masks", "the areas that are painted black; see --help"),
    ("doctor", ""),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--input", metavar="FILM", help="a video file as lens and microphone (default: a synthetic lesson)"
    )
    parser.add_argument(
        "--camera", choices=("synthetic", "v4l2"), default="synthetic",
        help="the lens, where no film stands in for it; v4l2 is a webcam, filmed without sound (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--speed", choices=("real", "max"), default="real",
        help="as fast as life, or as fast as possible (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=float, metavar="N",
        help=f"seconds to record (default: {_DEFAULT_SECONDS:g}, or the whole film with --input)",
    )  # fmt: skip
    parser.add_argument(
        "--folder",
        default="var/demo",
        metavar="DIR",
        help="where everything goes; emptied first (default: %(default)s)",
    )
    parser.add_argument(
        "--keep-running", action="store_true", help="leave everything running afterwards, until Ctrl-C"
    )


def run(arguments: argparse.Namespace) -> int:
    """Play the demonstration; 0 when every step and every measurement is right."""
    seconds = _check_seconds(arguments)
    progress = Progress()
    film = _find_input(arguments.input)
    lens = _find_lens(arguments, film)
    with House(Path(arguments.folder), _tables(arguments, film, seconds)) as house:
        for note in house.notes:
            progress.say(f"  ! {note}.")
        _introduce(house, progress, lens)
        try:
            stops_itself = seconds is None or arguments.speed == "max"
            story = Teller(house, progress).tell(None if stops_itself else seconds)
            good = _conclude(house, story, film, progress, arguments, seconds)
        except LeerblikError as error:
            progress.failed(str(error))
            raise
        except KeyboardInterrupt:
            progress.failed("stopped with Ctrl-C")
            raise
        if arguments.keep_running:
            _show_school(open_school(house), progress)
            _wait(house, progress)
    return 0 if good else LeerblikError.exit_code


def _check_seconds(arguments: argparse.Namespace) -> float | None:
    seconds: float | None = arguments.seconds
    if seconds is None:
        return None if arguments.input else _DEFAULT_SECONDS
    if not 1 <= seconds <= 3000:
        raise Permanent(f"--seconds must be between 1 and 3000, found {seconds:g}")
    return seconds


def _find_input(given: str | None) -> Path | None:
    if given is None:
        return None
    path = Path(given).resolve()
    if not path.is_file():
        raise Permanent(f"there is no film at {given}")
    return path


def _find_lens(arguments: argparse.Namespace, film: Path | None) -> str:
    """Return what stands before the class; Temporary when it should be a webcam and there is none."""
    if arguments.camera != "v4l2":
        return str(film or "a synthetic lesson with a counter in every frame")
    if film:
        raise Permanent("--input and --camera v4l2 exclude each other; choose the film or the webcam")
    if arguments.speed == "max":
        raise Permanent("--speed max needs a film or a synthetic lesson; a webcam films in real time only")
    webcam = find_webcam("")
    return f"{webcam.card} ({webcam.path}), without sound"


def _tables(
    arguments: argparse.Namespace, film: Path | None, seconds: float | None
) -> dict[str, dict[str, Any]]:
    webcam = arguments.camera == "v4l2"
    tables: dict[str, dict[str, Any]] = {
        "recorder": {
            "camera": "file" if film else arguments.camera,
            "microphone": "none" if webcam else "file" if film else "synthetic",
            "triggers": ["control_socket"], "indicators": ["console"],
            "segment_s": 4.0, "cooling_off_s": _COOLING_OFF_S[arguments.keep_running], "maximum_length_s": 6 * 3600.0,
        },
        "agreement": {
            "teachers": ["teacher-1"], "teachers_agreed": ["teacher-1"], "group": "demo group", "group_agreed": True,
            "trajectory": "demo", "stage": 1, "learning_question": "What does a lesson look like from the front?",
            "sound": not webcam, "valid_from": "2000-01-01", "valid_until": "2999-12-31",
        },
        "indicator.console": {"language": "en", "in_view": True},
    }  # fmt: skip
    if webcam:
        return tables
    options: dict[str, Any] = {"speed": arguments.speed}
    if film:
        options["path"] = str(film)
        if seconds:
            options["length_s"] = seconds
    elif arguments.speed == "max" and seconds:
        options["length_s"] = seconds
    kind = tables["recorder"]["camera"]
    return {**tables, f"camera.{kind}": options, f"microphone.{kind}": dict(options)}


def _introduce(house: House, progress: Progress, lens: str) -> None:
    progress.say("Leerblik on this machine: recorder, sync and inbox, each a process of its own")
    progress.say(f"  server    {house.server_words}, {house.server.host} port {house.server.port}")
    progress.say(f"  lens      {lens}")
    progress.say(f"  folder    {house.folder}\n")


def _conclude(
    house: House,
    story: Story,
    film: Path | None,
    progress: Progress,
    arguments: argparse.Namespace,
    seconds: float | None,
) -> bool:
    webcam = arguments.camera == "v4l2"
    # A webcam needs its time to open, so that its film is shorter than its lens was open.
    real_time = arguments.speed == "real" and not webcam
    progress.step("measuring")
    verdict = judge(house, story, film, real_time=real_time, seconds=seconds, marked=not webcam)
    progress.done(f"{verdict.frames} frames of the film looked at, one by one")
    width = max(len(row.name) for row in verdict.rows)
    progress.say("")
    for row in verdict.rows:
        progress.say(f"  {row.sign} {row.name:{width}}  {row.value}")
    progress.say(f"\n  film        {verdict.film}")
    progress.say(
        f"  passphrase  {house.passphrase} (opens the coach's key of this demonstration, and nothing else)\n"
    )
    for row in verdict.rows:
        if row.right is False:
            print(f"leerblik: not right: {row.name}: {row.value}", file=sys.stderr)
    return all(row.right is not False for row in verdict.rows)


def _show_school(entrance: Entrance, progress: Progress) -> None:
    progress.say(f"An example school to play with: {entrance.address}")
    progress.say(f"  {'anybody':14} whether it records: {entrance.address}")
    for who, secret in entrance.secrets:
        progress.say(f"  {who:14} {secret}")
    progress.say(
        f"  Log in at {entrance.address}login, an invitation is used at {entrance.address}invitation\n"
    )


def _wait(house: House, progress: Progress) -> None:
    progress.say(
        "It keeps running until Ctrl-C. One press starts a lesson, the next one stops it. In another terminal:"
    )
    for words, meaning in _TO_TRY:
        progress.say(f"  .venv/bin/leerblik {words + ' --config ' + str(house.config):52} {meaning}")
    progress.say(
        f"A lesson waits {COOLING_OFF_S / 60:g} minutes or until it is released; its film comes to {house.films}"
    )
    try:
        while True:
            house.check()
            time.sleep(1)
    except KeyboardInterrupt:
        progress.say("\nStopping.")
