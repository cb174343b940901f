"""The public page, left open in a room: what it shows changes with the recorder, and it never shows an old answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask")

from device.web import public
from device.web.view import Lens
from device.web.words import WORDS
from tests.web.site import make_site


def headline(lens: Lens) -> str:
    return WORDS["nl"].lens[lens][0]


def wait_for(page: Any, lens: Lens) -> None:
    page.locator("h1", has_text=headline(lens)).wait_for()
    assert page.locator("body").get_attribute("class") == lens.value
    assert page.title().startswith(headline(lens))


def test_it_follows_the_recorder_without_being_loaded_anew(
    page: Any, serve: Callable[[Any], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "REFRESH_S", 0.1)
    site = make_site(tmp_path)
    page.goto(serve(site.app) + "/?lang=nl")
    page.evaluate("() => { window.isTheSame = true; }")
    wait_for(page, Lens.CLOSED)
    for state, lens in (("recording", Lens.OPEN), ("blanked", Lens.BLANKED), ("idle", Lens.CLOSED)):
        site.status["state"] = state
        site.pass_s(10)
        wait_for(page, lens)
    assert page.evaluate("() => window.isTheSame"), "a page that is loaded anew is read out anew"
    assert not page.complaints


def test_it_admits_that_it_does_not_know_when_the_device_is_gone_and_comes_back_by_itself(
    page: Any, serve: Callable[[Any], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "REFRESH_S", 0.1)
    page.goto(serve(make_site(tmp_path).app) + "/?lang=nl")
    wait_for(page, Lens.CLOSED)
    page.context.set_offline(True)
    wait_for(page, Lens.UNKNOWN)
    page.context.set_offline(False)
    wait_for(page, Lens.CLOSED)
