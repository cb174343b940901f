"""The story of one lesson: press, mark, press, hold, release, push, receipt, purge."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.house import House
from deploy.demo.progress import Progress
from device.domain.errors import LeerblikError, Permanent, Refused, Temporary

_POLL_S = 0.1
_FOLLOW_LIMIT_S = 10.0
_STILL_LIMIT_S = 60.0
_DONE = {"held", "released", "uploading", "delivered", "purged"}


@dataclass(slots=True)
class Story:
    """What happened, for the table at the end. Times in seconds, sizes in bytes."""

    recording: str = ""
    recorded_s: float = 0.0
    lens_open_s: float | None = None
    size_bytes: int = 0
    dropped_frames: int = 0
    bookmarks: int = 0
    steps_s: dict[str, float] = field(default_factory=dict)


class Teller:
    """Plays the story on a running house."""

    def __init__(self, house: House, progress: Progress) -> None:
        self._house = house
        self._progress = progress
        self.story = Story()
        self._following = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="events", daemon=True)

    def tell(self, seconds: float | None, marks: int = 1) -> Story:
        """Record so many seconds of film (None: until the source ends) and follow it to its receipt."""
        self._listener.start()
        self._following.wait(_FOLLOW_LIMIT_S)
        self._record(seconds, marks)
        self._follow("held", {"held"}, _DONE - {"held"}, self._held_text)
        self._follow("released", {"released", "uploading"}, {"delivered", "purged"}, self._sent_text)
        self._follow("delivered", {"delivered"}, {"purged"}, _purge_text)
        self._progress.step("purged")
        self._progress.done("nothing of it is left on the device")
        return self.story

    def _record(self, seconds: float | None, marks: int) -> None:
        client, progress = self._house.client, self._progress
        began_s = time.monotonic()
        progress.step("recording")
        client.ask("press")
        status = self._until("the recording did not begin", lambda s: bool(s["recording"]))
        self.story.recording = status["recording"]
        marks_left = marks
        while status["state"] in ("recording", "blanked"):
            recorded_s = status["recorded_s"]
            progress.update(
                f"{recorded_s:5.1f} s{f' of {seconds:g} s' if seconds else ''}, {_moments(status['bookmarks'])}"
            )
            if marks_left and recorded_s > (seconds or 4.0) / 2:
                self._mark(seconds)
                marks_left -= 1
            if seconds and recorded_s >= seconds:
                client.ask("press")
                seconds = None
                self._until("the recording did not stop", lambda s: s["state"] == "idle")
            time.sleep(_POLL_S)
            status = self._status()
        row = self._until("the recording was not finished", self._is_finished)
        self._remember(self._row(row))
        self._end_step("recording", began_s, f"{self.story.recorded_s:.2f} s, sealed while it was recorded")

    def _mark(self, seconds: float | None) -> None:
        """Press twice, as a teacher does; a film played as fast as possible is over before a finger can."""
        if seconds:
            self._house.client.ask("press", gesture="double")
        else:
            with suppress(Refused):
                self._house.client.ask("mark")

    def _listen(self) -> None:
        """Follow the recorder's events: it says by its clock how long the lens was open."""
        with suppress(LeerblikError, OSError):
            for event in self._house.client.events():
                self._following.set()
                if event["event"] == "marked":
                    self.story.bookmarks += 1
                elif event["event"] == "stopped" and event["recording"] == self.story.recording:
                    self.story.lens_open_s = event["lens_open_s"]

    def _is_finished(self, status: dict[str, Any]) -> bool:
        return self._row(status)["status"] in _DONE

    def _remember(self, row: dict[str, Any]) -> None:
        self.story.recorded_s = row["duration_s"]
        self.story.size_bytes = row["size_bytes"]
        self.story.dropped_frames = row["dropped_frames"]

    def _follow(
        self, name: str, during: set[str], after: set[str], text: Callable[[dict[str, Any]], str]
    ) -> None:
        """Show a status for as long as it lasts; a status that passed by unseen is told all the same."""
        began_s = moved_s = time.monotonic()
        self._progress.step(name)
        last = ""
        while (row := self._row(self._status()))["status"] not in after:
            if row["status"] not in during:
                raise Temporary(f"the recording is {row['status']}, expected {' or '.join(sorted(during))}")
            if text(row) != last:
                last, moved_s = text(row), time.monotonic()
            self._progress.update(last)
            if time.monotonic() - moved_s > _STILL_LIMIT_S:
                raise Temporary(
                    f"nothing moved for {_STILL_LIMIT_S:g} s while the recording was {row['status']}: {self._why()}"
                )
            time.sleep(_POLL_S)
        self._end_step(name, began_s, _ENDINGS[name])

    def _end_step(self, name: str, began_s: float, text: str) -> None:
        self.story.steps_s[name] = time.monotonic() - began_s
        self._progress.done(text)

    def _held_text(self, row: dict[str, Any]) -> str:
        left_s = row["cooling_off_left_s"] or 0.0
        return f"cooling-off, {left_s:.1f} s left in which the teacher can discard it"

    def _sent_text(self, row: dict[str, Any]) -> str:
        percent = 100 * row["sent_bytes"] // max(1, row["size_bytes"])
        return f"{percent} % of {row['size_bytes'] / 1e6:.1f} MB sent; {self._sync_message()}"

    def _sync_message(self) -> str:
        for process in self._status()["processes"]:
            if process["process"] == "sync":
                return str(process["message"])
        return "the sync has not said anything yet"

    def _why(self) -> str:
        return f"{self._sync_message()} (inbox: {self._house.last_words('inbox')})"

    def _status(self) -> dict[str, Any]:
        self._house.check()
        status = self._house.client.ask("status")
        if status["refusal"]:
            raise Refused(" ".join(reason["message"] for reason in status["refusal"]))
        return status

    def _row(self, status: dict[str, Any]) -> dict[str, Any]:
        for row in status["recordings"]:
            if row["id"] == self.story.recording:
                return dict(row)
        raise Permanent(f"recording {self.story.recording} is not in the catalogue")

    def _until(
        self, sentence: str, holds: Callable[[dict[str, Any]], bool], limit_s: float = 20.0
    ) -> dict[str, Any]:
        deadline_s = time.monotonic() + limit_s
        while not holds(status := self._status()):
            if time.monotonic() > deadline_s:
                raise Temporary(
                    f"{sentence} within {limit_s:g} s: {status['problem'] or self._house.last_words('recorder')}"
                )
            time.sleep(_POLL_S / 4)
        return status


def _purge_text(row: dict[str, Any]) -> str:
    return "the receipt is verified; the local copy goes"


def _moments(count: int) -> str:
    return f"{count or 'no'} {'moment' if count == 1 else 'moments'} marked"


_ENDINGS = {
    "held": "the cooling-off has passed and nobody discarded it",
    "released": "pushed, and every hash verified by the coach's machine",
    "delivered": "the receipt's signature is verified on the device",
}
