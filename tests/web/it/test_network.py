"""IT's page for the network, against a real recorder: all faults at once, a press, and no secret comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from device.domain.network import read_wish
from device.domain.network_outcome import FILE_NAME, Outcome, Result, write_result
from device.web.roles import Role
from tests.domain.test_network import ENTERPRISE, FIXED, PEM, PERSONAL
from tests.recorder.test_settings_overlay import Device
from tests.web.site import csrf_token, make_site

AWKWARD = {"ssid": " a;b\\c=d <é> ", "passphrase": " geheim;\\= "}


class Desk:
    """IT at the page, and the device."""

    def __init__(self, folder: Path) -> None:
        self.device = Device(folder / "recorder")
        self.browser: FlaskClient = make_site(folder, recorder=self.device).log_in(Role.IT)
        self.request = folder / "recorder" / "network"
        self.results = folder / "recorder" / "results"

    def send(self, path: str = "/it/network", /, **fields: Any) -> Any:
        values = {name: ", ".join(each) if isinstance(each, list) else each for name, each in fields.items()}
        token = csrf_token(self.browser.get("/it/network").text)
        return self.browser.post(path, data={"csrf_token": token, **values})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.device.unit.catalogue.close()


@pytest.mark.parametrize(
    "values", [{**PERSONAL, **AWKWARD}, ENTERPRISE, {**FIXED, "dns": ["10.0.0.1", "10.0.0.2"]}]
)
def test_what_was_filled_in_is_handed_on_exactly_after_a_press(desk: Desk, values: dict[str, Any]) -> None:
    unpressed = desk.send(**values)
    assert unpressed.status_code == 409
    assert "Druk eerst op de knop" in unpressed.text
    assert not desk.request.exists()
    desk.device.press()
    assert desk.send(**values).location == "/it/network"
    expected = {**values, "certificate": PEM.strip()} if "certificate" in values else values
    assert read_wish(json.loads(desk.request.read_text())) == read_wish(expected)


def test_no_secret_comes_back_whatever_goes_wrong(desk: Desk) -> None:
    secrets = {"passphrase": "geheim-een-88", "password": "geheim-twee"}
    for fields in (PERSONAL, {**ENTERPRISE, "domain": "?"}, {**FIXED, "address": "?"}, {}):
        answer = desk.send(**{**fields, **secrets})
        assert answer.status_code in (400, 409)
        assert "geheim-een" not in answer.text
        assert "geheim-twee" not in answer.text
    assert "geheim" not in desk.browser.get("/it/network").text


def test_every_fault_is_told_beside_its_field_and_the_rest_stays(desk: Desk) -> None:
    desk.device.press()
    answer = desk.send(
        kind="wireless", method="fixed", security="enterprise", ssid="", address="10.0.0.1", domain="x"
    )
    assert answer.status_code == 400
    for name in ("ssid", "identity", "password", "domain", "address"):
        assert f'href="#{name}"' in answer.text
    assert 'value="10.0.0.1"' in answer.text
    assert not desk.request.exists()


def test_while_it_is_being_changed_the_page_says_so_and_looks_again_by_itself(desk: Desk) -> None:
    desk.device.press()
    desk.send(**FIXED)
    page = desk.browser.get("/it/network").text
    assert 'http-equiv="refresh"' in page
    assert 'role="status"' in page
    again = desk.send(**PERSONAL)
    assert again.status_code == 409
    assert "al" in again.text


@pytest.mark.parametrize("outcome", Outcome)
def test_each_end_is_told_in_words(desk: Desk, outcome: Outcome) -> None:
    folder = desk.device.unit.root / "network"
    ask = desk.device.ask
    result = Result(
        outcome, "2026-09-01T08:00:00+00:00", "Error: <x>", read_wish({**PERSONAL, **AWKWARD}).shown()
    )
    (desk.device.unit.root / FILE_NAME).write_bytes(write_result(result))
    told = {
        "ok": True, "pending": False,
        "result": {"outcome": outcome.value, "at": result.at, "why": result.why, "shown": dict(result.shown)},
    }  # fmt: skip
    desk.device.ask = lambda do, **values: told if do == "network" else ask(do, **values)
    page = desk.browser.get("/it/network?lang=en").text
    words = {
        Outcome.UP: "a;b\\c=d &lt;é&gt;", Outcome.PUT_BACK: "Error: &lt;x&gt;", Outcome.REMOVED: "is gone",
        Outcome.ABSENT: "apt install network-manager", Outcome.REFUSED: "nothing was changed",
    }  # fmt: skip
    assert words[outcome] in page
    assert not folder.exists()


def test_what_was_set_can_be_taken_away_again_after_a_press(desk: Desk) -> None:
    assert desk.send("/it/network/forget").status_code == 409
    desk.device.press()
    assert desk.send("/it/network/forget").status_code == 303
    assert json.loads(desk.request.read_text()) == {"forget": True}


def test_no_field_is_filled_in_by_a_browser_with_somebody_s_password(desk: Desk) -> None:
    page = desk.browser.get("/it/network").text
    assert page.count('type="password"') == page.count('autocomplete="new-password"') == 2
