"""What comes from elsewhere is exactly what its README says, and no page has script or style of another kind."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from device import web
from device.web.vendor import FILES
from tests.web.site import make_site

HERE = Path(web.__file__).parent
STATIC = HERE / "static"
TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
_ROW = re.compile(r"^\| `([^`]+)` \| .*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


def test_every_file_is_listed_with_its_hash_and_there_is_no_other() -> None:
    listed = dict(_ROW.findall((STATIC / "vendor" / "README.md").read_text()))
    there = {path.name for path in (STATIC / "vendor").iterdir()} - {"README.md"}
    assert set(listed) == there == {path.removeprefix("vendor/") for path, _ in FILES.values()}
    for name, digest in listed.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize(("path", "integrity"), FILES.values(), ids=FILES)
def test_a_browser_gets_the_hash_of_the_file(path: str, integrity: str) -> None:
    digest = hashlib.sha256((STATIC / path).read_bytes()).digest()
    assert integrity == "sha256-" + base64.b64encode(digest).decode()


def test_pages_use_them_with_their_hash(tmp_path: Path) -> None:
    page = make_site(tmp_path).browser().get("/login").text
    for path, integrity in FILES.values():
        assert f'/static/{path}" integrity="{integrity}"' in page


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_script_or_style_of_its_own(template: Path) -> None:
    """The content security policy would stop it in the browser; here it is found before."""
    text = template.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals=.js:", text)
    for script in re.findall("<script[^>]*>([^<]*)", text):
        assert not script.strip()
    assert "|safe" not in text.replace(" ", "")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_changes_something_has_its_token(template: Path) -> None:
    for form in re.findall(r'<form[^>]*method="post".*?</form>', template.read_text(), re.DOTALL):
        assert 'include "csrf.html"' in form


def test_our_own_style_asks_nothing_of_elsewhere() -> None:
    for path in STATIC.rglob("*.css"):
        assert not re.search(r"@import|url\((?!['\"]?data:)|https?://", path.read_text()), path.name


def test_htmx_evaluates_nothing_and_keeps_no_page() -> None:
    base = (HERE / "templates" / "base.html").read_text()
    for setting in ('"allowEval": false', '"includeIndicatorStyles": false', '"historyCacheSize": 0',
                    '"allowScriptTags": false', '"selfRequestsOnly": true'):  # fmt: skip
        assert setting in base
