"""IT's page to wipe the device: what it says, what it takes, and who can have the proof afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Busy, LeerblikError, Refused, Temporary
from device.domain.wiping import ASKED_NAME
from device.ports import Edge
from device.web.it.wipe import prepare
from device.web.roles import Role
from tests.support.recorder import Unit
from tests.web.real_recorder import RealRecorder
from tests.web.site import Site, make_site, post
from tests.wipe.furnished import DEVICE, Furnished

NAME = "voorbeeldschool-1"
NOTHING = {
    "ok": True, "held": 0, "on_the_way": 0, "delivered": 3, "discarded": 0, "withdrawals": 0, "hours": 1.5, "lost": 0,
    "armed": False, "ordered": False, "left_s": 0.0,
}  # fmt: skip


def a_site(folder: Path, **here: Any) -> Site:
    site = make_site(folder)
    site.recorder.answers["wipe"] = {**NOTHING, **here}
    return site


def arms(site: Site) -> list[Any]:
    return [values for do, values in site.recorder.asked if do == "wipe" and values]


def test_it_sees_what_would_go_and_loudly_what_would_be_lost(tmp_path: Path) -> None:
    site = a_site(tmp_path, held=2, on_the_way=1, withdrawals=1, lost=4)
    browser = site.log_in(Role.IT)
    page = browser.get("/it/wipe?lang=en").text
    for words in ("3 recordings are not with the coach yet", "1 withdrawal has not reached", "leerblik.toml"):
        assert words in page
    assert 'name="unsent"' in page
    assert "niemand kan het terughalen" in browser.get("/it/wipe?lang=nl").text


def test_where_nothing_would_be_lost_it_says_so_and_asks_for_the_name_alone(tmp_path: Path) -> None:
    page = a_site(tmp_path).log_in(Role.IT).get("/it/wipe?lang=en").text
    assert "nothing here that the coach does not have" in page
    assert 'name="unsent"' not in page


def test_the_name_arms_the_button(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    answer = post(site.log_in(Role.IT), "/it/wipe", name=f" {NAME} ")
    assert (answer.status_code, answer.location) == (303, "/it/wipe")
    assert arms(site) == [{"wipe": "arm", "name": NAME, "unsent": False}]


def test_another_name_and_a_missing_tick_arm_nothing_and_both_are_told_at_once(tmp_path: Path) -> None:
    site = a_site(tmp_path, held=1, lost=1)
    answer = post(site.log_in(Role.IT), "/it/wipe?lang=en", name="<b>voorbeeld")
    assert answer.status_code == 400
    assert "not the name of this device" in answer.text
    assert "you know what is lost" in answer.text
    assert 'value="&lt;b&gt;voorbeeld"' in answer.text
    assert arms(site) == []


@pytest.mark.parametrize(("error", "status"), [(Busy("x"), 409), (Refused("x"), 400)])
def test_what_the_recorder_refuses_is_told(error: LeerblikError, status: int, tmp_path: Path) -> None:
    site = a_site(tmp_path)
    browser = site.log_in(Role.IT)

    def ask(do: str, **values: Any) -> dict[str, Any]:
        if values:
            raise error
        return dict(NOTHING)

    site.recorder.ask = ask  # type: ignore[method-assign]
    answer = post(browser, "/it/wipe", name=NAME)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


def test_without_a_recorder_the_page_says_how_it_goes_without_it(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    browser = site.log_in(Role.IT)

    def away(do: str, **values: Any) -> dict[str, Any]:
        raise Temporary("no recorder is listening")

    site.recorder.ask = away  # type: ignore[method-assign]
    page = browser.get("/it/wipe")
    assert page.status_code == 200
    assert "sudo leerblik wipe" in page.text
    assert "<form method" not in page.text.partition("<main")[2]
    assert browser.post("/it/wipe", data={}).status_code in (400, 403)


def test_while_armed_it_counts_down_with_and_without_a_script_and_can_be_cancelled(tmp_path: Path) -> None:
    site = a_site(tmp_path, armed=True, left_s=271.6)
    browser = site.log_in(Role.IT)
    page = browser.get("/it/wipe?lang=en").text
    assert "4:32" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    part = browser.get("/it/wipe/now", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "4:32" in part
    assert post(browser, "/it/wipe/cancel", on="/it/wipe").status_code == 303
    assert arms(site) == [{"wipe": "cancel"}]


def test_looking_on_keeps_nobody_logged_in(tmp_path: Path) -> None:
    site = a_site(tmp_path, armed=True, left_s=1.0)
    browser = site.log_in(Role.IT)
    for _ in range(4):
        browser.get("/it/wipe/now", headers={"HX-Request": "true"})
        site.pass_s(10 * 60)
    assert browser.get("/it/wipe").status_code == 303


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.TEACHER, Role.COACH])
def test_nobody_else_arms_or_cancels(role: Role, tmp_path: Path) -> None:
    site = a_site(tmp_path)
    browser = site.log_in(role)
    for path in ("/it/wipe", "/it/wipe/cancel"):
        assert post(browser, path, on="/elsewhere", name=NAME).status_code in (303, 401, 403)
    assert arms(site) == []


def test_with_a_real_recorder_the_page_arms_and_a_hand_orders_and_the_page_alone_cannot(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path / "unit")
    site = make_site(tmp_path, recorder=RealRecorder(unit), device_name="device-1")
    browser = site.log_in(Role.IT)
    assert post(browser, "/it/wipe", name="device-1").status_code == 303
    assert "5:00" in browser.get("/it/wipe").text
    unit.ask("press", pass_s=11)
    assert not (unit.root / ASKED_NAME).exists()
    unit.loop._take_edge(Edge(True, unit.clock.ns))
    unit.clock.pass_s(10)
    unit.loop._take_edge(Edge(False, unit.clock.ns))
    assert (unit.root / ASKED_NAME).exists()
    assert "is being wiped" in browser.get("/it/wipe/now?lang=en").text
    assert post(browser, "/it/wipe/cancel", on="/it/wipe/now").status_code == 303
    assert (unit.root / ASKED_NAME).exists()


# --- the proof


def wiped_site(folder: Path) -> tuple[Site, Furnished]:
    furnished = Furnished(folder / "device").fill()
    furnished.wipe()
    site = Site(folder).open()
    prepare(site.app, furnished.keeping.wiped)
    return site, furnished


def test_the_first_start_shows_that_it_was_wiped_and_hands_the_proof_to_everybody(tmp_path: Path) -> None:
    from device.web.first_start.pages import prepare as prepare_first_start

    site, furnished = wiped_site(tmp_path)
    prepare_first_start(site.app, tmp_path / "web")
    browser = site.browser()
    page = browser.get("/start?lang=en").text
    assert "This device was wiped" in page
    assert DEVICE in page
    for path in furnished.keeping.wiped.iterdir():
        assert f"/wiped/{path.name}" in page
        answer = browser.get(f"/wiped/{path.name}")
        assert answer.data == path.read_bytes()
        assert "attachment" in answer.headers["Content-Disposition"]
    assert browser.get(f"/wiped/{next(furnished.keeping.wiped.glob('*Z.json')).name}").is_json


def test_once_it_is_claimed_only_it_gets_the_proof(tmp_path: Path) -> None:
    site, furnished = wiped_site(tmp_path)
    site.populate()
    name = next(furnished.keeping.wiped.glob("*Z.json")).name
    for role, status in ((Role.PUBLIC, 404), (Role.TEACHER, 404), (Role.COACH, 404), (Role.IT, 200)):
        assert site.log_in(role).get(f"/wiped/{name}").status_code == status
    site.recorder.answers["wipe"] = NOTHING
    assert name in site.log_in(Role.IT).get("/it/wipe").text


def test_nothing_but_the_proof_can_be_had(tmp_path: Path) -> None:
    site, furnished = wiped_site(tmp_path)
    folder = furnished.keeping.wiped
    (folder / "order.json").write_text("{}")
    (folder / "wiped-20200101T000000Z.json").write_text("{}")
    (folder / "wiped-20300101T000000Z.txt").symlink_to(furnished.root / "etc" / "leerblik.toml")
    browser = site.browser()
    for name in (
        *(
            "order.json",
            "..%2fetc%2fleerblik.toml",
            "wiped-20300101T000000Z.txt",
            "wiped-20200101T000000Z.json",
        ),
        *("wiped-99999999T999999Z.json", "x"),
    ):
        assert browser.get(f"/wiped/{name}").status_code == 404
    site.populate()
    it = site.log_in(Role.IT)
    for name in ("order.json", "wiped-20300101T000000Z.txt", "x"):
        assert it.get(f"/wiped/{name}").status_code == 404


def test_a_proof_that_is_not_complete_is_shown_as_such_and_a_broken_one_not_at_all(tmp_path: Path) -> None:
    site, furnished = wiped_site(tmp_path)
    site.populate()
    site.recorder.answers["wipe"] = NOTHING
    path = next(furnished.keeping.wiped.glob("*Z.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "complete": False}))
    assert "NOT wiped completely" in site.log_in(Role.IT).get("/it/wipe?lang=en").text
    path.write_text(json.dumps({**json.loads(path.read_text()), "complete": True}))
    assert "NOT wiped" not in site.log_in(Role.IT).get("/it/wipe?lang=en").text
    path.write_text("{broken")
    assert site.log_in(Role.IT).get("/it/wipe?lang=en").status_code == 200


@pytest.mark.parametrize("told", ["unfinished", "order", "key", "broken", "gone"])
def test_a_wipe_that_could_not_destroy_the_key_is_not_called_complete(told: str, tmp_path: Path) -> None:
    site, furnished = wiped_site(tmp_path)
    folder = furnished.keeping.wiped
    key = next(folder.glob("*.key.json"))
    if told in ("unfinished", "order"):
        (folder / f"{told}.json").write_text("{}")
    elif told == "gone":
        key.unlink()
    else:
        key.write_text("{" if told == "broken" else json.dumps({"ssh_key": "ssh_key: Read-only file system"}))
    site.populate()
    site.recorder.answers["wipe"] = NOTHING
    assert "NOT wiped completely" in site.log_in(Role.IT).get("/it/wipe?lang=en").text
