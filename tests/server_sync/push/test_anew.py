"""The sync takes up what IT set on the page, and tries the coach's machine at once: the real process."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Temporary
from device.domain.overlay import FILE_NAME, write_overlay
from device.footage.durable import replace_file
from server_sync.push.anew import ANSWERED, IDLE, Ending, TryOut, mark_of
from server_sync.push.loop import PROCESS
from tests.server_sync.push.house import KEY, PushHouse
from tests.support.waiting import wait_for

RECEIPT_KEY = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PushHouse]:
    made = PushHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sync(house: PushHouse) -> Iterator[subprocess.Popen[bytes]]:
    """``leerblik sync`` of a device on which nobody has filled in the receipt key yet."""
    (house.root / "settings").mkdir()
    tables: dict[str, dict[str, object]] = {
        "device": {
            "name": "d", "spool_dir": str(house.spool), "state_dir": str(house.root),
            "settings_dir": str(house.root / "settings"),
        },
        "recorder": {"camera": "synthetic"},
        "sync": {"transport": "local", "local_dir": str(house.box), "poll_interval_s": 0.1, "retry_first_s": 0.1},
    }  # fmt: skip
    lines = [
        f"[{table}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        for table, values in tables.items()
    ]
    (house.root / "leerblik.toml").write_text("".join(lines))
    words = [sys.executable, "-m", "device.cli", "sync", "--config", str(house.root / "leerblik.toml")]
    with (house.root / "log").open("wb") as log:
        process = subprocess.Popen(words, stderr=log)
    yield process
    process.kill()
    process.wait()


def set_on_the_page(house: PushHouse, **coach: Any) -> None:
    values = {f"coach.{key}": value for key, value in coach.items()}
    replace_file(house.root / "settings" / FILE_NAME, write_overlay(values))


def test_what_is_missing_is_waited_for_and_taken_up_when_somebody_fills_it_in(
    house: PushHouse, sync: subprocess.Popen[bytes]
) -> None:
    wait_for(lambda: any(each.process == PROCESS for each in house.recorder.processes.all()))
    assert house.state()[0] == "waiting"
    assert "coach.receipt_key is missing" in house.state()[1]
    set_on_the_page(house, receipt_key=RECEIPT_KEY)
    wait_for(lambda: len(house.manifest_names()) > 0)
    house.answer(house.receipt())
    wait_for(lambda: house.state() == ("ok", ANSWERED))
    set_on_the_page(house, receipt_key="x")
    wait_for(lambda: "coach.receipt_key" in house.state()[1] and house.state()[0] == "waiting")
    assert sync.poll() is None
    sync.send_signal(signal.SIGTERM)
    assert sync.wait(20) == 0


class Coach:
    """A coach's machine that answers or does not."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = True

    def put(self, *_: Any) -> None:
        raise AssertionError

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        self.asked += 1
        if self.away:
            raise Temporary("it is off")
        return None

    def close(self) -> None:
        """There was no connection."""


def test_new_settings_are_tried_until_the_coach_s_machine_answers_and_then_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEERBLIK_SYNC_TRIED", "")
    coach = Coach()
    try_out = TryOut(coach, "01J00000000000000000000000", "7.8")
    for _ in range(2):
        with pytest.raises(Temporary, match="it is off"):
            try_out()
    assert try_out.words == IDLE
    coach.away = False
    for _ in range(3):
        try_out()
    assert (coach.asked, try_out.words) == (3, ANSWERED)
    # As after a start anew: the same settings.
    again = TryOut(coach, "01J00000000000000000000001", "7.8")
    again()
    assert (coach.asked, again.words) == (3, ANSWERED)
    TryOut(coach, "01J00000000000000000000001", "7.9")()
    assert coach.asked == 4


def test_without_settings_of_the_page_nothing_is_tried() -> None:
    coach = Coach()
    try_out = TryOut(coach, "01J00000000000000000000000", "")
    try_out()
    assert (coach.asked, try_out.words) == (0, IDLE)


def test_every_change_of_the_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    marks = [mark_of(None), mark_of(path)]
    assert marks == ["", ""]
    for _ in range(3):
        replace_file(path, b"{}")
        marks.append(mark_of(path))
    assert len({*marks[2:]}) == 3


def test_an_end_that_somebody_told_is_no_beginning_anew() -> None:
    ending = Ending()
    ending.begin_anew()
    assert ending.is_set()
    assert not ending.told.is_set()
    ending.set()
    assert ending.told.is_set()
