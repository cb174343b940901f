"""Keeps the translations up to date: ``python -m device.web.catalogue`` after a sentence was added or translated.

Sentences stand in English in code and templates; English needs no catalogue. Each part of the site has its own
``translations/nl/LC_MESSAGES/<part>.po``, named after its folder under ``device/web`` or ``templates``, and
``messages.po`` has everything else. All of them become one ``messages.mo``, which the pages read.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages import extract, mofile, pofile
from babel.messages.catalog import Catalog, Message

HERE = Path(__file__).parent
FOLDER = HERE / "translations" / "nl" / "LC_MESSAGES"
MO = FOLDER / "messages.mo"
EVERYTHING_ELSE = "messages"
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_KEYWORDS: dict[str, Any] = {**extract.DEFAULT_KEYWORDS, "N_": None, "_l": None, "lazy_gettext": None}
# A date would make the same sentences another file every day.
_TOOL = b"Generated-By"
_DATE = datetime(2026, 1, 1, tzinfo=UTC)


def used(folder: Path = HERE) -> dict[str, Catalog]:
    """Return every sentence that code and templates use, by part."""
    parts: dict[Any, str] = {}
    found = list(extract.extract_from_dir(folder, _METHODS, keywords=_KEYWORDS))
    for path, _line, sentence, _comments, _context in found:
        part = _part_of(path)
        if part == EVERYTHING_ELSE or sentence not in parts:
            parts[sentence] = part
    templates: dict[str, Catalog] = {}
    for path, _line, sentence, comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        template = templates.setdefault(parts[sentence], _empty())
        template.add(sentence, "", locations=[(path, 1)], auto_comments=comments, context=context)
    return templates


def updated(folder: Path = FOLDER, templates: dict[str, Catalog] | None = None) -> dict[str, Catalog]:
    """Return each part's catalogue with exactly the sentences in use, and every translation that there is."""
    known = {_key(message): message for held in _read_all(folder).values() for message in _messages(held)}
    fresh = used() if templates is None else templates
    for template in fresh.values():
        for message in _messages(template):
            if _key(message) in known:
                message.string = known[_key(message)].string
    return fresh


def untranslated(catalogues: dict[str, Catalog]) -> list[str]:
    """Return the sentences that have no translation yet, with their part."""
    return [
        f"{part}: {message.id}"
        for part, catalogue in sorted(catalogues.items())
        for message in _messages(catalogue)
        if not all(_strings(message))
    ]


def compiled(catalogues: dict[str, Catalog]) -> bytes:
    """Return what the pages read."""
    together = _empty()
    for part in sorted(catalogues):
        for message in _messages(catalogues[part]):
            together.add(message.id, message.string, context=message.context)
    out = io.BytesIO()
    mofile.write_mo(out, together)
    return out.getvalue()


def text_of(catalogue: Catalog) -> bytes:
    """Return a catalogue as it stands in its file."""
    out = io.BytesIO()
    pofile.write_po(out, catalogue, width=110, sort_output=True, include_lineno=False)
    return b"".join(line for line in out.getvalue().splitlines(keepends=True) if _TOOL not in line)


def main(arguments: list[str] | None = None) -> int:
    """Write what changed and say what is still to be translated; with ``--check`` change nothing."""
    parser = argparse.ArgumentParser(prog="python -m device.web.catalogue", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail when something would change"
    )
    check = parser.parse_args(arguments).check
    catalogues = updated()
    wanted = {FOLDER / f"{part}.po": text_of(each) for part, each in catalogues.items()}
    wanted[MO] = compiled(catalogues)
    changed = [path for path, content in wanted.items() if not path.exists() or _differ(path, content)]
    for path in changed:
        sys.stdout.write(f"{'would change' if check else 'changed'}: {path.name}\n")
        if not check:
            path.write_bytes(wanted[path])
    missing = untranslated(catalogues)
    sys.stdout.writelines(f"not translated yet: {each}\n" for each in missing)
    return 1 if missing or (check and changed) else 0


def _differ(path: Path, content: bytes) -> bool:
    if path != MO:
        return path.read_bytes() != content
    # Another version of Babel puts its number into it; the sentences count.
    with path.open("rb") as file:
        there = mofile.read_mo(file)
    return _pairs(there) != _pairs(mofile.read_mo(io.BytesIO(content)))


def _pairs(catalogue: Catalog) -> dict[Any, Any]:
    return {_key(message): _strings(message) for message in _messages(catalogue)}


def _key(message: Message) -> tuple[str | None, ...]:
    """Return what tells a message from every other: its forms and its context."""
    forms = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    return (*forms, message.context)


def _strings(message: Message) -> tuple[str, ...]:
    """Return its translations: one, or one for each plural form; empty ones when it has none yet."""
    held = message.string or ""
    return (held,) if isinstance(held, str) else tuple(held)


def _part_of(path: str) -> str:
    parts = Path(path).parts
    folders = parts[1:-1] if parts[0] == "templates" else parts[:-1]
    return folders[0] if folders else EVERYTHING_ELSE


def _read_all(folder: Path) -> dict[str, Catalog]:
    held = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            held[path.stem] = pofile.read_po(file, locale="nl", abort_invalid=True)
    return held


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _empty() -> Catalog:
    return Catalog(
        "nl", project="leerblik", header_comment="# The sentences of the web page, in Dutch.", fuzzy=False,
        creation_date=_DATE, revision_date=_DATE, last_translator="leerblik", language_team="nl",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
