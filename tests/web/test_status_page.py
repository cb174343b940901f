"""The public page as a visitor's browser gets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Temporary

pytest.importorskip("flask", reason="flask is not installed here")

from flask.testing import FlaskClient

from device.web.asking import Asking
from device.web.public import REFRESH_S
from device.web.view import Lens
from device.web.words import WORDS
from tests.web.site import Site


class Recorder:
    """Says whatever it is told to say; None: it is gone."""

    def __init__(self) -> None:
        self.status: Mapping[str, Any] | None = {"state": "idle"}

    def __call__(self) -> Mapping[str, Any]:
        if self.status is None:
            raise Temporary("no recorder is listening")
        return self.status


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def visitor(recorder: Recorder, tmp_path: Path) -> FlaskClient:
    never_fresh = iter(range(0, 10_000, 10))
    return Site(tmp_path).open(asking=Asking(recorder, lambda: float(next(never_fresh)))).browser()


def missing(*parts: str) -> list[dict[str, str]]:
    return [{"part": part, "message": "unplugged"} for part in parts]


def headline(page: str) -> str:
    found = re.search("<h1>(.*)</h1>", page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("status", "lens"),
    [
        ({"state": "idle"}, Lens.CLOSED),
        ({"state": "recording"}, Lens.OPEN),
        ({"state": "recording", "picture_is_away": True}, Lens.SIGHTLESS),
        ({"state": "blanked"}, Lens.BLANKED),
        ({"state": "idle", "aim": {"open": True}}, Lens.AIMING),
        ({"state": "dancing"}, Lens.UNKNOWN),
        (None, Lens.UNKNOWN),
    ],
)
def test_it_says_in_large_type_whether_it_records(
    status: Mapping[str, Any] | None, lens: Lens, recorder: Recorder, visitor: FlaskClient
) -> None:
    recorder.status = status
    for language in ("nl", "en"):
        answer = visitor.get(f"/?lang={language}")
        assert answer.status_code == 200
        assert headline(answer.text) == WORDS[language].lens[lens][0]
        assert f'class="{lens.value}"' in answer.text


def test_what_is_missing_is_said_in_words(recorder: Recorder, visitor: FlaskClient) -> None:
    recorder.status = {"state": "idle", "missing": missing("camera", "microphone", "toaster")}
    page = visitor.get("/?lang=en").text
    words = WORDS["en"]
    for sentence in (words.missing, words.parts["camera"], words.parts["microphone"], words.other_part):
        assert sentence in page
    recorder.status = {"state": "idle", "missing": []}
    assert words.missing not in visitor.get("/?lang=en").text


def test_nothing_that_the_recorder_knows_of_people_or_recordings_reaches_the_page(
    recorder: Recorder, visitor: FlaskClient
) -> None:
    secret = "jan-1"
    recorder.status = {
        "state": "recording",
        **dict.fromkeys(("recording", "pressed_by", "problem", "refusal", "trajectory"), secret),
        "missing": [{"part": "camera", "message": secret}, {"part": f"{secret} light", "message": secret}],
        "recordings": [{"id": secret, "trajectory": secret}],
    }
    for path in ("/", "/healthz"):
        answer = visitor.get(path)
        assert secret not in answer.text
        assert secret not in str(answer.headers)


def test_it_speaks_the_visitors_language_else_the_devices(visitor: FlaskClient) -> None:
    def language(path: str, accepts: str | None) -> str:
        headers = {} if accepts is None else {"Accept-Language": accepts}
        found = re.search('<html lang="(..)">', visitor.get(path, headers=headers).text)
        assert found is not None
        return found[1]

    assert language("/", None) == "nl"
    assert language("/", "en-GB,en;q=0.9,nl;q=0.5") == "en"
    assert language("/", "fr") == "nl"
    assert language("/?lang=xx", "en") == "en"
    assert language("/?lang=en", "nl") == "en"
    assert language("/", "nl") == "en", "what was chosen once stays"


def test_it_stays_up_to_date_with_and_without_script(visitor: FlaskClient) -> None:
    answer = visitor.get("/")
    assert f'<noscript><meta http-equiv="refresh" content="{REFRESH_S}"></noscript>' in answer.text
    assert f'data-every-s="{REFRESH_S}"' in answer.text
    assert re.findall("<script.*?>(.*?)</script>", answer.text) == [""], "only what the policy lets run"
    assert visitor.get("/static/status.js").status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.get("/static/status.css").status_code == 200


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_page_that_is_not_there_says_so_in_the_visitors_language(
    language: str, visitor: FlaskClient
) -> None:
    answer = visitor.get("/elsewhere", headers={"Accept-Language": language})
    assert answer.status_code == 404
    assert headline(answer.text) == {"nl": "Niet gevonden", "en": "Not found"}[language]
    assert 'href="/"' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_machine_can_ask_whether_the_recorder_answers(recorder: Recorder, visitor: FlaskClient) -> None:
    assert visitor.get("/healthz").status_code == 200
    recorder.status = None
    answer = visitor.get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"recorder": "does not answer"})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nobody_can_change_anything_through_it(method: str, visitor: FlaskClient) -> None:
    assert visitor.open("/", method=method).status_code == 405
