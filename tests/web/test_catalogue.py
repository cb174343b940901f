"""Every sentence is there in Dutch, and what the pages read is made from what the translators wrote."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

pytest.importorskip("flask_babel", reason="flask-babel is not installed here")

from device.web import catalogue


def test_every_sentence_is_translated() -> None:
    assert catalogue.untranslated(catalogue.updated()) == []


def test_the_catalogues_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogue.main(["--check"]) == 0, capsys.readouterr().out + "run: python -m device.web.catalogue"


def test_a_translation_names_the_same_values_as_its_sentence() -> None:
    for each in catalogue.updated().values():
        for message in each:
            for error in message.check(each):
                pytest.fail(f"{message.id}: {error}")


def test_a_sentence_is_told_apart_from_one_that_ends_otherwise() -> None:
    """English and Dutch end alike: a question stays a question, a label gets no full stop."""
    for each in catalogue.updated().values():
        for message in each:
            if (
                message.id
                and message.string
                and isinstance(message.id, str)
                and message.id[-1] in string.punctuation
            ):
                assert message.string[-1] == message.id[-1], message.id


def test_a_new_sentence_is_found_wherever_it_stands(tmp_path: Path) -> None:
    for path, text in {
        "room.py": '_("One sentence.")\nN_("Two sentences.")\nngettext("%(num)d day", "%(num)d days", 2)\n',
        "coach/pages.py": '_("Three sentences.")\n_("One sentence.")\n',
        "templates/coach/page.html": '<p>{{ _("Four sentences.") }}</p>\n',
        "templates/page.html": "{% trans %}Five sentences.{% endtrans %}\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = catalogue.used(tmp_path)
    assert {part: {message.id for message in each if message.id} for part, each in found.items()} == {
        "messages": {"One sentence.", "Two sentences.", "Five sentences.", ("%(num)d day", "%(num)d days")},
        "coach": {"Three sentences.", "Four sentences."},
    }
    assert len(catalogue.untranslated(found)) == 6


def test_no_sentence_stands_inside_an_f_string_where_it_would_not_be_found() -> None:
    """Before Python 3.12 nobody who looks for sentences sees into an f-string: it would stay English without a word."""
    hidden = [
        f"{path.name}:{call.lineno}"
        for path in Path(catalogue.__file__).parent.rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"_", "N_", "gettext", "ngettext"}
        and any(isinstance(each, ast.Constant) for each in call.args)
    ]
    assert hidden == []
