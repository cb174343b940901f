"""The first start in a browser without scripts, against a real recorder."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest
from werkzeug.test import TestResponse

from device.domain.errors import Temporary
from device.domain.register.decisions import SchoolSet, Unbooked
from device.domain.trajectory import LegalBasis
from device.ports import Edge
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.claim import ClaimCode
from device.web.first_start.keys import fingerprint
from device.web.first_start.pages import first_start, prepare
from device.web.first_start.plan import chosen_language
from device.web.hashing import Hasher
from device.web.roles import Actor, Role
from tests.recorder.test_settings_overlay import RECEIPT_KEY
from tests.support.recorder import Unit
from tests.web.real_recorder import RealRecorder
from tests.web.site import CHEAP_KIB, Site, post

COACH_PASSWORD, IT_PASSWORD = "paard fiets wolk trein", "lepel dakraam storm elf"
SCHOOL = {"language": "en", "name": "voorbeeldschool", "legal_basis": "consent"}
COACH_KEY = str(pyrage.x25519.Identity.generate().to_public())
RECOVERY_KEY = str(pyrage.x25519.Identity.generate().to_public())
OTHER_RECEIPT_KEY = base64.b64encode(bytes(31) + b"x").decode()
PASSWORDS = {
    "coach_password": COACH_PASSWORD,
    "coach_again": COACH_PASSWORD,
    "it_password": IT_PASSWORD,
    "it_again": IT_PASSWORD,
    "compared": "yes",
}
PAGES = ("", "/press", "/school", "/keys", "/finish")


class Fresh:
    """A device nobody has claimed, with a code on its label, and a browser in front of it."""

    def __init__(self, folder: Path) -> None:
        self.own = folder / "web"
        self.book = RegisterBook(folder)
        self.recorder = RealRecorder(Unit(folder / "recorder", agreed=None, coach_key_present=False))
        self.claim = ClaimCode(self.own, Hasher(CHEAP_KIB))
        self.code = self.claim.make()
        self.site = Site(folder).open(first_start, book=self.book, recorder=self.recorder)
        prepare(self.site.app, self.own, self.claim)
        self.browser = self.site.browser()

    def send(self, page: str, **fields: str) -> TestResponse:
        return post(self.browser, f"/start{page}", **fields)

    def go_to(self, page: str) -> Fresh:
        """Fill in everything before a page."""
        steps: dict[str, dict[str, str]] = {
            "": {"code": self.code},
            "/school": SCHOOL,
            "/keys": {"coach": COACH_KEY, "recovery": RECOVERY_KEY},
        }
        for step, fields in steps.items():
            if step == page:
                break
            assert self.send(step, **fields).status_code == 303
            if step == "" and page != "/press":
                self.press()
        return self

    def press(self) -> None:
        """Press the button at the device, and let the recorder take notice of it."""
        loop, clock = self.recorder.unit.loop, self.recorder.unit.clock
        for down in (True, False):
            loop.edge(Edge(down, clock.monotonic_ns()))
            item = loop._inbox.get_nowait()
            assert item is not None
            loop._handle(item)

    def is_claimed(self) -> bool:
        # From the card, as after a restart.
        return Accounts(self.own, Hasher(CHEAP_KIB)).is_claimed()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    made = Fresh(tmp_path)
    yield made
    made.recorder.unit.catalogue.close()


def test_the_label_s_code_and_a_press_make_the_device_the_school_s(fresh: Fresh) -> None:
    assert fresh.send("", code=fresh.code.lower().replace("-", " ")).location.endswith("/start/press")
    assert "button" in fresh.browser.get("/start/press?lang=en").text
    fresh.press()
    assert fresh.browser.get("/start/press").location.endswith("/start/school")
    assert fresh.send("/school", **SCHOOL).location.endswith("/start/keys")
    assert fresh.send("/keys", coach=COACH_KEY, recovery=RECOVERY_KEY).location.endswith("/start/finish")
    shown = fresh.browser.get("/start/finish").text
    assert fingerprint(COACH_KEY) in shown
    assert fingerprint(RECOVERY_KEY) in shown
    assert "data:image/svg+xml" in shown
    answer = fresh.send("/finish", **PASSWORDS)
    assert answer.location.endswith("/start/done")
    assert fresh.browser.get("/start/done").status_code == 200
    assert fresh.is_claimed()
    accounts = Accounts(fresh.own, Hasher(CHEAP_KIB))
    assert accounts.verify(Actor(Role.COACH), COACH_PASSWORD)
    assert accounts.verify(Actor(Role.IT), IT_PASSWORD)
    assert fresh.book.read().school == SchoolSet(
        "voorbeeldschool", LegalBasis.CONSENT, Unbooked.REFUSE, "Europe/Amsterdam"
    )
    keys = fresh.recorder.ask("keys")
    assert (keys["coach"], keys["recovery"]) == (COACH_KEY, RECOVERY_KEY)
    assert chosen_language(fresh.own) == "en"
    assert not fresh.claim.exists()


PRINTED = f"""The keys are in /srv/leerblik/keys.
[coach]
recipient = "{COACH_KEY}"
receipt_key = "{RECEIPT_KEY}"
"""


@pytest.mark.parametrize(
    "fields",
    [
        {"coach": PRINTED},
        {"coach": COACH_KEY, "receipt": RECEIPT_KEY},
        {"coach": PRINTED, "receipt": PRINTED},
    ],
)
def test_all_that_the_coach_s_machine_printed_can_be_pasted_at_once(
    fresh: Fresh, fields: dict[str, str]
) -> None:
    fresh.go_to("/keys")
    assert fresh.send("/keys", **fields).location.endswith("/start/finish")
    shown = fresh.browser.get("/start/finish").text
    assert fingerprint(COACH_KEY) in shown
    assert fingerprint(RECEIPT_KEY) in shown
    assert fresh.send("/finish", **PASSWORDS).location.endswith("/start/done")
    assert fresh.recorder.ask("keys") == {
        "ok": True,
        "coach": COACH_KEY,
        "recovery": "",
        "receipt": RECEIPT_KEY,
    }


def test_without_a_receipt_key_it_goes_on_and_says_what_is_missing(fresh: Fresh) -> None:
    fresh.go_to("/keys")
    assert fresh.send("/keys", coach=COACH_KEY).location.endswith("/start/finish")
    assert "nothing counts as delivered" in fresh.browser.get("/start/finish?lang=en").text
    assert fresh.send("/finish", **PASSWORDS).location.endswith("/start/done")
    assert fresh.recorder.ask("keys")["receipt"] == ""


@pytest.mark.parametrize(
    "receipt",
    ["x", COACH_KEY, f"{RECEIPT_KEY} {OTHER_RECEIPT_KEY}", OTHER_RECEIPT_KEY],
    ids=["none", "the coach's", "two", "another"],
)
def test_a_receipt_key_that_is_none_or_another_one_is_refused(fresh: Fresh, receipt: str) -> None:
    fresh.go_to("/keys")
    answer = fresh.send("/keys", coach=PRINTED, receipt=receipt)
    assert answer.status_code == 400
    assert 'id="receipt-error"' in answer.text


def test_a_device_that_has_the_coach_s_key_is_asked_for_the_receipt_key_alone(fresh: Fresh) -> None:
    fresh.recorder.unit.keys.coach = COACH_KEY
    fresh.go_to("/keys")
    page = fresh.browser.get("/start/keys").text
    assert 'name="coach"' not in page
    assert 'name="receipt"' in page
    assert fresh.send("/keys", receipt=RECEIPT_KEY).location.endswith("/start/finish")
    assert fresh.send("/finish", **PASSWORDS).location.endswith("/start/done")
    assert fresh.recorder.ask("keys")["receipt"] == RECEIPT_KEY


@pytest.mark.parametrize("page", PAGES)
def test_a_claimed_device_has_no_first_start(fresh: Fresh, page: str) -> None:
    fresh.go_to("/finish").send("/finish", **PASSWORDS)
    for browser in (fresh.browser, fresh.site.browser()):
        assert browser.get(f"/start{page}").status_code == 404
    assert post(fresh.browser, f"/start{page}", on="/login", code=fresh.code).status_code in (404, 405)
    assert fresh.site.browser().get("/start/done").status_code == 404


@pytest.mark.parametrize("page", PAGES[1:])
def test_without_the_code_no_page_opens(fresh: Fresh, page: str) -> None:
    fresh.go_to("/finish")
    stranger = fresh.site.browser()
    assert stranger.get(f"/start{page}").location.endswith("/start")
    if page != "/press":
        answer = post(stranger, f"/start{page}", on="/login", **{**SCHOOL, "coach": COACH_KEY, **PASSWORDS})
        assert answer.location.endswith("/start")
    assert not fresh.is_claimed()


@pytest.mark.parametrize("page", PAGES[2:])
def test_without_a_press_no_page_opens_and_five_minutes_later_none_is_open(fresh: Fresh, page: str) -> None:
    fresh.send("", code=fresh.code)
    assert fresh.browser.get(f"/start{page}").location.endswith("/start/press")
    fresh.press()
    assert not fresh.browser.get(f"/start{page}").location or page == "/finish"
    fresh.recorder.unit.clock.pass_s(300)
    assert fresh.browser.get(f"/start{page}").location.endswith("/start/press")


def test_a_press_again_gives_more_time_and_nothing_is_lost(fresh: Fresh) -> None:
    fresh.go_to("/finish")
    fresh.recorder.unit.clock.pass_s(400)
    late = post(fresh.browser, "/start/finish", on="/start/press", **PASSWORDS)
    assert (late.status_code, fresh.is_claimed()) == (400, False)
    fresh.press()
    assert fresh.browser.get("/start/press").location.endswith("/start/finish")
    assert fresh.send("/finish", **PASSWORDS).location.endswith("/start/done")


def test_a_wrong_code_is_told_in_one_sentence_and_guessing_soon_waits(fresh: Fresh) -> None:
    answers = [fresh.send("", code="KDFM-37XR-9CTW-HJ4P") for _ in range(8)]
    assert answers[0].status_code == 400
    assert answers[0].text.count('role="alert"') == 1
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1
    fresh.site.pass_s(3600)
    assert fresh.send("", code=fresh.code).status_code == 303


def test_a_device_without_a_code_says_how_to_make_one_and_opens_for_nothing(fresh: Fresh) -> None:
    fresh.claim.forget()
    assert "leerblik web claim-code" in fresh.browser.get("/start").text
    for code in ("", fresh.code):
        assert post(fresh.browser, "/start", on="/login", code=code).status_code == 400


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"coach_password": "kort", "coach_again": "kort"}, "coach_password"),
        ({"it_password": "aaaaaaaaaaaaaaaa", "it_again": "aaaaaaaaaaaaaaaa"}, "it_password"),
        ({"it_again": "another one altogether"}, "it_again"),
        ({"it_password": COACH_PASSWORD, "it_again": COACH_PASSWORD}, "it_password"),
        ({"compared": ""}, None),
    ],
)
def test_weak_different_or_shared_passwords_are_refused_beside_their_field(
    fresh: Fresh, fields: dict[str, str], field: str | None
) -> None:
    fresh.go_to("/finish")
    given = {name: value for name, value in {**PASSWORDS, **fields}.items() if value}
    answer = fresh.send("/finish", **given)
    assert answer.status_code == 400
    assert f'id="{field or "compared"}-error"' in answer.text
    assert not any(password in answer.text for password in PASSWORDS.values() if password != "yes")
    assert not fresh.is_claimed()
    assert not fresh.recorder.ask("keys")["coach"]


def test_a_secret_key_that_was_pasted_by_mistake_is_refused_and_comes_back_nowhere(fresh: Fresh) -> None:
    fresh.go_to("/keys")
    identity = pyrage.x25519.Identity.generate()
    answer = fresh.send("/keys", coach=f"# public key: {identity.to_public()}\n{identity}")
    assert answer.status_code == 400
    assert str(identity)[16:40] not in answer.text
    assert 'id="coach-error"' in answer.text


@pytest.mark.parametrize(
    ("coach", "recovery", "wrong"),
    [
        ("", "", "coach"),
        ("age1", "", "coach"),
        (COACH_KEY[:-1] + ("q" if COACH_KEY[-1] != "q" else "p"), "", "coach"),
        (f"{COACH_KEY} {RECOVERY_KEY}", "", "coach"),
        (COACH_KEY, COACH_KEY, "recovery"),
        (COACH_KEY, "age1 nothing", "recovery"),
    ],
    ids=["nothing", "cut off", "mistyped", "two at once", "the same twice", "no key"],
)
def test_what_is_no_public_key_is_refused_beside_its_field(
    fresh: Fresh, coach: str, recovery: str, wrong: str
) -> None:
    fresh.go_to("/keys")
    answer = fresh.send("/keys", coach=coach, recovery=recovery)
    assert answer.status_code == 400
    assert f'id="{wrong}-error"' in answer.text


def test_all_that_the_coachs_command_printed_may_be_pasted(fresh: Fresh) -> None:
    fresh.go_to("/keys")
    printed = (
        f'[coach]\nrecipient = "{COACH_KEY}"\nreceipt_key = "q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c="\n'
    )
    assert fresh.send("/keys", coach=printed).status_code == 303
    assert fingerprint(COACH_KEY) in fresh.browser.get("/start/finish").text


def test_keys_of_the_settings_are_shown_and_not_asked(tmp_path: Path) -> None:
    fresh = Fresh(tmp_path)
    fresh.recorder.unit.keys.coach = COACH_KEY
    fresh.send("", code=fresh.code)
    fresh.press()
    assert fresh.send("/school", **SCHOOL).status_code == 303
    page = fresh.browser.get("/start/keys").text
    assert fingerprint(COACH_KEY) in page
    assert "<textarea" not in page
    assert fresh.send("/keys").status_code == 303
    assert fresh.send("/finish", **PASSWORDS).location.endswith("/start/done")
    fresh.recorder.unit.catalogue.close()


class Failing:
    """Lets a collaborator fail at one step, once."""

    def __init__(self, inner: Any, name: str, at: int = 1) -> None:
        self._inner, self._name, self._left = inner, name, at

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._inner, name)
        if name != self._name:
            return real

        def call(*given: Any, **named: Any) -> Any:
            if name != "ask" or "coach" in named:
                self._left -= 1
                if self._left == 0:
                    raise Temporary("the card is away")
            return real(*given, **named)

        return call


@pytest.mark.parametrize(
    ("service", "call", "at"),
    [
        ("recorder", "ask", 1),
        ("book", "decide", 1),
        ("accounts", "set_password", 1),
        ("accounts", "set_password", 2),
    ],
)
def test_whatever_fails_in_the_middle_the_same_form_sent_again_does_the_rest(
    fresh: Fresh, service: str, call: str, at: int
) -> None:
    fresh.go_to("/finish")
    real = fresh.site.app.extensions["leerblik"]
    broken = Failing(getattr(real, service), call, at)
    fresh.site.app.extensions["leerblik"] = dataclasses.replace(real, **{service: broken})
    answer = fresh.send("/finish", **PASSWORDS)
    assert answer.status_code == 503
    assert "the card is away" in answer.text
    assert not fresh.is_claimed()
    assert fresh.send("/finish", **PASSWORDS).location.endswith("/start/done")
    assert fresh.is_claimed()
    assert fresh.book.read().head.number == 1
    assert fresh.recorder.ask("keys")["coach"] == COACH_KEY


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"name": "a, b"}, "name"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"language": "fr"}, "language"),
    ],
)
def test_a_school_that_cannot_be_is_refused_and_what_was_typed_stays(
    fresh: Fresh, fields: dict[str, str], wrong: str
) -> None:
    fresh.go_to("/school")
    answer = fresh.send("/school", **{**SCHOOL, **fields})
    assert answer.status_code == 400
    assert f'id="{wrong}-error"' in answer.text
    assert f'value="{fields.get("name", SCHOOL["name"])}"' in answer.text
    assert fresh.book.read().is_empty


def test_a_recorder_that_does_not_answer_is_told_and_asked_again(fresh: Fresh) -> None:
    fresh.send("", code=fresh.code)
    real = fresh.site.app.extensions["leerblik"]

    class Gone:
        def ask(self, do: str, **values: Any) -> dict[str, Any]:
            raise Temporary("no recorder")

    fresh.site.app.extensions["leerblik"] = dataclasses.replace(real, recorder=Gone())
    assert 'role="alert"' in fresh.browser.get("/start/press").text
    fresh.site.app.extensions["leerblik"] = real
    fresh.press()
    answer = fresh.browser.get("/start/press", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/start/school")
