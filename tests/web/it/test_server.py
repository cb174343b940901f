"""IT's page for the coach's machine, against a real recorder: all faults at once, compared first, and a press."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from device.domain import network as network_rules
from device.domain import server_fields
from device.domain.errors import Temporary
from device.domain.host_key import host_key_fingerprint
from device.web.first_start.keys import fingerprint
from device.web.it import network, server
from device.web.roles import Role
from tests.browser.accessibility import translation
from tests.domain.test_server_fields import ED25519
from tests.recorder.test_settings_overlay import RECEIPT_KEY, Device
from tests.web.site import Site, make_site, post

FORM = {
    "host": "coach.school.example", "port": "2222", "user": "leerblik-room12", "host_key": f"coach {ED25519}",
    "inbox_dir": "inbox", "receipts_dir": "receipts", "receipt_key": f'receipt_key = "{RECEIPT_KEY}"',
    "bandwidth_cap_bytes_per_s": "500", "windows": "16:00-07:00\n12:00-13:00", "pause_while_recording": "yes",
}  # fmt: skip
UNTOUCHED = {"port": "22", "user": "leerblik", "inbox_dir": "inbox", "receipts_dir": "receipts"}


class Desk:
    """IT at the page, and the device."""

    def __init__(self, folder: Path, **written: Any) -> None:
        self.device = Device(folder / "recorder", **written)
        self.site: Site = make_site(folder, recorder=self.device)
        self.browser: FlaskClient = self.site.log_in(Role.IT)

    def send(self, path: str = "/it/server", **fields: str) -> Any:
        return post(self.browser, path, on="/it/server", **fields)

    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = self.device.ask("settings")["fields"]
        return fields


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.device.unit.catalogue.close()


def test_what_redirects_footage_is_compared_then_pressed_for_and_then_saved(desk: Desk) -> None:
    shown = desk.send(**FORM)
    assert shown.status_code == 200
    for print_ in (host_key_fingerprint(ED25519), fingerprint(RECEIPT_KEY), "coach.school.example"):
        assert print_ in shown.text
    assert desk.fields()["sync.host"]["value"] == ""
    unpressed = desk.send(**FORM, compared="yes")
    assert unpressed.status_code == 409
    assert "Druk eerst op de knop" in unpressed.text
    assert 'name="compared"' in unpressed.text
    desk.device.press()
    assert desk.send(**FORM, compared="yes").location == "/it/server"
    values = {name: each["value"] for name, each in desk.fields().items()}
    assert values["sync.host_key"] == ED25519
    assert values["coach.receipt_key"] == RECEIPT_KEY
    assert (values["sync.port"], values["sync.bandwidth_cap_bytes_per_s"]) == (2222, 500_000)
    assert (values["sync.windows"], values["sync.pause_while_recording"]) == (
        ["16:00-07:00", "12:00-13:00"],
        True,
    )
    assert host_key_fingerprint(ED25519) in desk.browser.get("/it/server").text


def test_the_line_s_settings_need_neither(desk: Desk) -> None:
    assert desk.send(**UNTOUCHED, bandwidth_cap_bytes_per_s="250").status_code == 303
    assert desk.fields()["sync.bandwidth_cap_bytes_per_s"] == {"value": 250_000, "origin": "page"}
    assert desk.fields()["sync.user"]["origin"] == "default"
    assert desk.send(**UNTOUCHED, bandwidth_cap_bytes_per_s="").status_code == 303
    assert desk.fields()["sync.bandwidth_cap_bytes_per_s"]["origin"] == "default"


def test_every_fault_is_told_beside_its_field_and_what_was_typed_stays(desk: Desk) -> None:
    wrong = {
        "host": "coach:22", "port": "many", "user": "a b", "host_key": "AAAA", "inbox_dir": "..", "receipts_dir": "a b",
        "receipt_key": "x", "bandwidth_cap_bytes_per_s": "-1", "windows": "16-7",
    }  # fmt: skip
    desk.device.press()
    answer = desk.send(**wrong, compared="yes")
    assert answer.status_code == 400
    for name, typed in wrong.items():
        assert f'id="{name}-problem"' in answer.text, name
        assert html.escape(typed) in answer.text, name
    assert not desk.device.file.exists()


def test_what_stands_in_leerblik_toml_is_shown_and_no_field(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sync={"host": "nas.school.example", "windows": ["01:00-02:00"], "port": 2022})
    page = desk.browser.get("/it/server?lang=en").text
    for shown in ("nas.school.example", "01:00-02:00", "2022", "Set in leerblik.toml"):
        assert shown in page
    for name in ("host", "windows", "port"):
        assert f'name="{name}"' not in page
    desk.device.press()
    assert desk.send(**FORM, compared="yes").status_code == 303
    assert desk.fields()["sync.host"] == {"value": "nas.school.example", "origin": "file"}
    desk.device.unit.catalogue.close()


def test_it_can_be_tried_again_without_changing_anything(desk: Desk) -> None:
    assert desk.send("/it/server/try").status_code == 303
    first = desk.device.file.stat()
    assert desk.send("/it/server/try").status_code == 303
    assert (desk.device.file.stat().st_ino, desk.device.file.read_text()) != (first.st_ino, "")
    assert desk.device.file.read_text() == "{}"


def test_the_page_tells_how_the_sync_fares(desk: Desk) -> None:
    status = desk.device.ask("status")
    status["processes"] = [
        {
            "process": "sync",
            "state": "refused",
            "message": "the host key does not match",
            "at": "2026-09-01T08:00:00Z",
        }
    ]
    ask = desk.device.ask
    desk.device.ask = lambda do, **values: status if do == "status" else ask(do, **values)
    assert "the host key does not match" in desk.browser.get("/it/server").text


def test_settings_that_the_page_changed_are_shown_as_they_are_now_with_where_they_are_from(
    desk: Desk,
) -> None:
    desk.device.press()
    desk.send(**FORM, compared="yes")
    page = desk.browser.get("/it/settings?lang=en").text
    assert "coach.school.example <span" in page
    assert "set on the page" in page
    assert "coach.school.example" in desk.browser.get("/it/report.txt").text


def test_a_recorder_that_is_away_is_said_and_no_error(desk: Desk) -> None:
    def away(do: str, **values: Any) -> dict[str, Any]:
        raise Temporary("no recorder is listening")

    desk.device.ask = away
    for path in ("/it/server", "/it/network", "/it/settings"):
        assert desk.browser.get(path).status_code == 200


def test_every_sentence_about_a_field_is_known_to_the_page_and_in_dutch() -> None:
    assert set(server.SENTENCES) == set(server_fields.SENTENCES)
    assert set(network.SENTENCES) == set(network_rules.SENTENCES)
    dutch = translation("nl")
    for sentence in (*server.SENTENCES, *network.SENTENCES):
        assert dutch.gettext(sentence) != sentence
