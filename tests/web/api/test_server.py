"""The coach's machine for programs: the same rules as on the page, and a press for what redirects footage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.web.roles import Role
from tests.domain.test_server_fields import ED25519
from tests.recorder.test_settings_overlay import RECEIPT_KEY, Device
from tests.web.site import csrf_token, make_site

PATH = "/api/v1/coachs-machine"
ALL = {
    "host": "coach.school.example", "port": 2222, "user": "room-12", "host_key": ED25519, "inbox_dir": "in",
    "receipts_dir": "out", "receipt_key": RECEIPT_KEY, "bandwidth_cap_bytes_per_s": 1000, "windows": ["16:00-07:00"],
    "pause_while_recording": True,
}  # fmt: skip


class Program:
    """What somebody of IT does without a page."""

    def __init__(self, folder: Path) -> None:
        self.device = Device(folder / "recorder", sync={"user": "room-12"})
        self._browser = make_site(folder, recorder=self.device).log_in(Role.IT)
        token = csrf_token(self._browser.get("/it/").text)
        self._headers = {"X-CSRF-Token": token, "Origin": "http://localhost"}

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = self._browser.get(PATH).get_json()
        return found

    def set(self, **values: Any) -> Any:
        return self._browser.post(PATH, json={**ALL, **values}, headers=self._headers)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    made.device.unit.catalogue.close()


def test_after_a_press_all_is_set_but_what_the_file_has_already(program: Program) -> None:
    assert program.set().status_code == 403
    program.device.press()
    assert program.set().get_json() == program.read()
    assert {name: each["value"] for name, each in program.read().items()} == ALL
    assert {each["origin"] for name, each in program.read().items() if name != "user"} == {"page"}
    assert program.read()["user"]["origin"] == "file"
    assert program.set(user="room-13").status_code == 403


def test_every_fault_is_told_by_field(program: Program) -> None:
    answer = program.set(host="a b", host_key="x", windows=["16-7"], receipts_dir="in")
    assert answer.status_code == 422
    assert set(answer.get_json()["objections"]) == {"host", "host_key", "windows", "receipts_dir"}
    assert program.read()["host"]["value"] == ""
