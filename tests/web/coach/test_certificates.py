"""The end of recordings on the coach's pages: what closing destroys, when that comes, and the proof afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Temporary
from device.domain.register.decisions import TrajectoryClosed
from tests.web.coach.desk import ALL_SET, TRAJECTORY, Desk, row

GONE, OTHER = "01K3ZZZZZZZZZZZZZZZZZZZZZC", "01K3ZZZZZZZZZZZZZZZZZZZZZD"
NAME = TRAJECTORY.trajectory
CLOSE = f"/coach/trajectories/close?name={NAME}"
PROOF = {
    "destroyed_at": "2026-08-31T09:00:00Z",
    "objects": 4,
    "size_bytes": 12_300_000,
    "film": True,
    "valid": True,
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.decided(*ALL_SET)
    return desk


def destroyed(recording: str = GONE, **more: Any) -> dict[str, Any]:
    return row(recording, "destroyed", **({"reason": "teacher", "certificate": PROOF} | more))


def show(desk: Desk, *rows: dict[str, Any], more: bool = False) -> None:
    desk.site.recorder.answers["recordings"] = {"ok": True, "recordings": list(rows), "more": more}


def reach(desk: Desk, here: int, elsewhere: int, on_the_way: int) -> None:
    desk.site.recorder.answers["reach"] = {
        "ok": True, "here": here, "elsewhere": elsewhere, "on_the_way": on_the_way,
    }  # fmt: skip


def test_before_a_trajectory_is_closed_the_page_says_what_that_destroys(desk: Desk) -> None:
    reach(desk, 1, 3, 0)
    asked = desk.see(CLOSE)
    assert "1 recording that still waits on this device is thrown away" in asked
    assert "3 recordings on your machine are destroyed there" in asked
    assert "on its way" not in asked
    assert "Copies that you made by hand you destroy yourself." in asked
    assert not desk.book.read().trajectories[NAME].closed
    assert ("reach", {"trajectory": NAME}) in desk.site.recorder.asked
    desk.saved("/coach/trajectories/close", {"name": NAME}, on=CLOSE)
    assert desk.book.read().trajectories[NAME].closed


def test_a_trajectory_without_recordings_says_that_there_is_nothing(desk: Desk) -> None:
    reach(desk, 0, 0, 0)
    assert "Nothing of what was recorded under it is left anywhere." in desk.see(CLOSE)


def test_what_is_not_known_is_said_and_closing_works_all_the_same(desk: Desk) -> None:
    def silent(**_: Any) -> dict[str, Any]:
        raise Temporary("the recorder does not answer")

    desk.site.recorder.answers["reach"] = silent
    assert "how many there are is not known now" in desk.see(CLOSE)


@pytest.mark.parametrize(("days", "warned"), [(-1, False), (0, True), (14, True), (15, False)])
def test_from_two_weeks_before_the_last_day_the_overview_and_the_trajectory_warn(
    tmp_path: Path, days: int, warned: bool
) -> None:
    desk = Desk(tmp_path)
    today = desk.site.now().date()
    opened = replace(TRAJECTORY, closes_on=today + timedelta(days=days))
    desk.decided(*(opened if each is TRAJECTORY else each for each in ALL_SET))
    assert ("Within two days after, its recordings are destroyed" in desk.see("/coach/")) is warned
    page = desk.see(f"/coach/trajectories/one?name={NAME}")
    assert ("Its last day comes soon." in page) is warned
    assert ("The last day has passed" in page) is (days < 0)


def test_a_closed_trajectory_leads_to_the_certificates(desk: Desk) -> None:
    desk.decided(TrajectoryClosed(NAME))
    assert 'href="/coach/certificates"' in desk.see(f"/coach/trajectories/one?name={NAME}")
    assert 'href="/coach/certificates"' in desk.see("/coach/recordings")


def test_each_certificate_says_when_why_and_what(desk: Desk) -> None:
    show(desk, destroyed(), destroyed(OTHER, reason="closed", certificate=PROOF | {"film": False}))
    page = desk.see("/coach/certificates")
    assert "a teacher took it back" in page
    assert "its trajectory is over" in page
    assert "4 sealed pieces" in page
    assert "12.3 MB" in page
    assert "yesterday 11:00" in page  # on the school's clock
    assert "there was no film." in page
    assert "not of the key" not in page
    assert ("recordings", {"limit": 50, "status": "destroyed"}) in desk.site.recorder.asked


def test_one_that_is_signed_with_another_key_says_so_and_one_that_is_lost_too(desk: Desk) -> None:
    show(desk, destroyed(certificate=PROOF | {"valid": False}), destroyed(OTHER, certificate=None))
    page = desk.see("/coach/certificates")
    assert "Its signature is not of the key that this device knows now." in page
    assert "its certificate is not on this device any more" in page


def test_the_page_says_how_to_check_one_and_what_it_does_not_know(desk: Desk) -> None:
    page = desk.see("/coach/certificates")
    assert "There is none yet." in page
    assert "leerblik inbox verify-certificate" in page
    assert "--receipt-key" in page
    assert "copies that you made by hand" in page


def test_what_was_not_confirmed_yet_is_counted(desk: Desk) -> None:
    assert "called back" not in desk.see("/coach/certificates")
    desk.site.status["counts"] = {"by_status": {"withdrawn": 2, "destroyed": 9}}
    assert "2 recordings are called back: your machine has not confirmed yet" in desk.see(
        "/coach/certificates"
    )


def test_older_ones_come_page_by_page(desk: Desk) -> None:
    show(desk, destroyed(), more=True)
    assert f"before={GONE}" in desk.see("/coach/certificates")
    desk.see(f"/coach/certificates?before={GONE}")
    assert desk.site.recorder.asked[-1] == (
        "recordings", {"limit": 50, "before": GONE, "status": "destroyed"},
    )  # fmt: skip


def test_a_certificate_is_given_as_the_file_that_was_signed(desk: Desk) -> None:
    signed = '{"format":"leerblik-certificate","signature":"é"}'
    desk.site.recorder.answers["recording"] = {"ok": True, "recording": {"certificate_text": signed}}
    answer = desk.coach.get(f"/coach/certificates/file?recording={GONE}")
    assert answer.status_code == 200
    assert answer.data == signed.encode()
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{GONE}.certificate.json"'


def test_there_is_no_file_where_there_is_no_certificate(desk: Desk) -> None:
    desk.site.recorder.answers["recording"] = {"ok": True, "recording": {"certificate_text": ""}}
    for name in (GONE, "", "../../etc/passwd"):
        assert desk.coach.get(f"/coach/certificates/file?recording={name}").status_code == 404


def test_what_an_ended_trajectory_destroyed_is_not_called_taken_back(desk: Desk) -> None:
    for status, words in (
        ("withdrawn", "the trajectory is over: your machine is told to destroy it"),
        ("destroyed", "the trajectory is over: destroyed on your machine, with a certificate"),
    ):
        show(desk, row(GONE, status, reason="closed"))
        page = desk.see("/coach/recordings")
        assert words in page
        assert "taken back" not in page
