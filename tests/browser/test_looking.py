"""What looks at the pages sees what is wrong with them: each fault here is one that a page must not have."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest

flask = pytest.importorskip("flask")

from device.web.headers import CONTENT_SECURITY_POLICY  # noqa: E402  # what comes first decides whether it is skipped
from tests.browser.accessibility import AXE, shortcomings, strays, violations  # noqa: E402
from tests.browser.visitor import Manner, visiting  # noqa: E402

GOOD = """<!doctype html><html lang=nl><title>Goed</title><main><h1>Goed</h1>
<form><label>Naam <input></label><button>Verder</button></form></main></html>"""

TINY = "<button aria-label=a style='padding:0;border:0;width:9px;height:9px'></button>"


def test_axe_is_exactly_what_its_table_says() -> None:
    table = (AXE.parent / "README.md").read_text("utf-8")
    ((name, digest),) = re.findall(r"^\| `([^`]+)` \| .*\| `([0-9a-f]{64})` \|$", table, re.MULTILINE)
    assert {path.name for path in AXE.parent.iterdir()} == {name, "README.md"}
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == digest


def test_nothing_is_said_of_a_good_page(page: Any) -> None:
    page.set_content(GOOD)
    assert [*violations(page), *shortcomings(page), *strays(page)] == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<label>Naam <input></label>", "<input>", "label"),
        ("<h1>", "<h1 style='color:#bbb;background:#fff'>", "color-contrast"),
        ("<main>", "<main><img src=data:,>", "image-alt"),
        ("</form>", f"</form>{TINY}{TINY}", "target-size"),
    ],
)
def test_axe_finds_it(page: Any, old: str, new: str, said: str) -> None:
    page.set_content(GOOD.replace(old, new))
    assert said in {each.partition(":")[0] for each in violations(page)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<h1>Goed</h1>", "", "0 h1"),
        ("</main>", "<h1>Nog een</h1></main>", "2 h1"),
        ("lang=nl", "lang=fr", "'fr'"),
        ("<title>Goed", "<title>", "no title"),
        ("<form>", "<form style='width:5000px'>", "sideways"),
    ],
)
def test_our_own_rules_find_it(page: Any, old: str, new: str, said: str) -> None:
    page.set_content(GOOD.replace(old, new))
    assert said in " ".join(shortcomings(page))


def test_english_is_found_on_a_dutch_page_unless_it_says_so_itself(page: Any) -> None:
    page.set_content(GOOD.replace("Verder", "Log out"))
    assert strays(page) == ["Log out"]
    page.set_content(GOOD.replace("<button>Verder", "<button lang=en>Log out"))
    assert strays(page) == []


def test_a_visitor_hears_what_the_browser_complains_about(chromium: Any, serve: Callable[[Any], str]) -> None:
    application = flask.Flask("bad")
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    bad = GOOD.replace("</main>", "</main><script>document.title = 'x'</script>")
    application.add_url_rule("/", "page", lambda: (bad, headers))
    application.add_url_rule("/favicon.ico", "icon", lambda: ("", 204))
    with (
        pytest.raises(AssertionError, match="Content Security Policy"),
        visiting(chromium, serve(application), Manner("nl", 1280)) as visitor,
    ):
        visitor.go("/")
