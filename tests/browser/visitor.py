"""Somebody with a phone or a laptop, who follows the words on the page; the same text for every language and width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.browser.accessibility import shortcomings, strays, translation, violations

_LIMIT_MS = 15_000
_LOCALES = {"nl": "nl-NL", "en": "en-GB"}
_MOST_TABS = 120
HEIGHTS_PX = {360: 740, 1280: 800}
_FOCUSED = "each => each === document.activeElement"
_OPTION = """each => ({at: each.selectedIndex, values: [...each.options].map(option => option.value)})"""


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody visits: language ("nl" or "en"), width in pixels, and what there is besides a screen."""

    language: str
    width_px: int
    keyboard: bool = False
    script: bool = True

    def words(self, sentence: str) -> str:
        """Return a sentence of the pages as it is shown in this language."""
        return translation(self.language).gettext(sentence)

    def __str__(self) -> str:
        more = "-keyboard" * self.keyboard + "-noscript" * (not self.script)
        return f"{self.language}-{self.width_px}{more}"


@contextmanager
def visiting(chromium: Any, address: str, manner: Manner, *, strict: bool = True) -> Iterator[Visitor]:
    """Open a browser of one's own; at the end nothing on any of its pages may have been out of order.

    With ``strict`` off nothing is asked of its pages.
    """
    context = chromium.new_context(
        viewport={"width": manner.width_px, "height": HEIGHTS_PX[manner.width_px]}, color_scheme="light",
        locale=_LOCALES[manner.language], java_script_enabled=manner.script, timezone_id="Europe/Amsterdam",
        is_mobile=manner.width_px < 600, has_touch=manner.width_px < 600,
        reduced_motion="reduce",  # else what has the focus is still on its way into view
    )  # fmt: skip
    context.set_default_timeout(_LIMIT_MS)
    visitor = Visitor(context, address, manner, strict=strict)
    try:
        yield visitor
    except BaseException as error:
        error.add_note(f"The page was {visitor.page.url}:\n{visitor.page.locator('body').inner_text()}")
        raise
    finally:
        context.close()
    assert not visitor.complaints, "\n".join(visitor.complaints)


class Visitor:
    """One browser with one page, and what is asked of every page that it sees."""

    def __init__(self, context: Any, address: str, manner: Manner, *, strict: bool = True) -> None:
        self.context = context
        self.manner = manner
        self.complaints: list[str] = []
        self._address = address
        self._strict = strict
        self._seen: set[str] = set()
        self.page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._complain(str(error)))

    def go(self, path: str) -> None:
        """Type an address."""
        self.open(path)

    def open(self, path: str) -> Any:
        """Type an address, and return what was answered."""
        answer = self.page.goto(self._address + path)
        self.look()
        return answer

    def follow(self, sentence: str, **values: str) -> None:
        """Follow the first link that begins with these words."""
        self._use(self._named("link", sentence, **values))
        self.look()

    def turn_to(self, sentence: str) -> None:
        """Follow a link in the header, where every page has the same ones."""
        name = re.compile("^" + re.escape(self.manner.words(sentence)))
        self.enter(self.page.locator("header").get_by_role("link", name=name))

    def enter(self, what: Any) -> None:
        """Use what leads to another page."""
        self._use(what)
        self.look()

    def send(self, sentence: str, **values: str) -> None:
        """Send the form whose button begins with these words."""
        self._use(self._named("button", sentence, **values))
        self.look()

    def send_only(self) -> None:
        """Send the one form that the page has."""
        self._use(self.page.locator("main form button"))
        self.look()

    def press_on(self, what: Any, key: str) -> None:
        """Go to something with Tab and press a key."""
        self._reach(what)
        self.page.keyboard.press(key)

    def fill(self, name: str, value: str) -> None:
        """Type into the field of this name."""
        field = self.page.locator(f"main [name={name}]:not([type=hidden])")
        if not self.manner.keyboard:
            field.fill(value)
            return
        self._reach(field)
        if field.get_attribute("type") == "date":
            self._type_date(field, value)
            return
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(value)
        assert field.input_value() == value

    def tick(self, name: str, value: str | None = None) -> None:
        """Tick a box, or choose one of several, unless it is so already."""
        which = f"[value='{value}']" if value is not None else ""
        box = self.page.locator(f"main input[name={name}]{which}")
        if box.is_checked():
            return
        if not self.manner.keyboard:
            box.check()
        elif box.get_attribute("type") == "checkbox":
            self._reach(box)
            self.page.keyboard.press("Space")
        else:
            self._choose_by_arrows(name, box)
        assert box.is_checked()

    def select(self, name: str, value: str, at: int = 0) -> None:
        """Choose from a list; ``at``: which list of this name, counted from 0."""
        choice = self.page.locator(f"main select[name={name}]").nth(at)
        if not self.manner.keyboard:
            choice.select_option(value)
            return
        self._reach(choice)
        found = choice.evaluate(_OPTION)
        steps = found["values"].index(value) - found["at"]
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        assert choice.input_value() == value

    def reads(self, sentence: str, **values: str) -> None:
        """Wait until the page says so, in the visitor's language."""
        text = self.manner.words(sentence)
        self.page.get_by_text(text % values if values else text).first.wait_for()

    def look(self) -> None:
        """Ask of the page what is asked of every page, once for each address."""
        self.page.wait_for_load_state("load")
        path = re.sub(r"[0-9A-HJKMNP-TV-Z]{26}", "*", self.page.url.removeprefix(self._address))
        if not (self._strict and self.manner.script) or path in self._seen:
            return
        self._seen.add(path)
        found = [*shortcomings(self.page), *violations(self.page)]
        if self.manner.language == "nl":
            found += [f"English on a Dutch page: '{each}'" for each in strays(self.page)]
        self.complaints += [f"{self.manner} {path}: {each}" for each in found]

    def _named(self, role: str, sentence: str, **values: str) -> Any:
        text = self.manner.words(sentence)
        # Some end in words for those who hear the page only: of whom it is.
        name = re.compile("^" + re.escape(text % values if values else text))
        return self.page.locator("main").get_by_role(role, name=name).first

    def _use(self, what: Any) -> None:
        """Use a link or a button that leads to another page."""
        with self.page.expect_navigation():
            if self.manner.keyboard:
                self.press_on(what, "Enter")
            else:
                what.click()

    def _reach(self, what: Any) -> None:
        """Press Tab until it has the focus, as somebody without a mouse does."""
        what.wait_for()
        for _ in range(_MOST_TABS):
            if what.evaluate(_FOCUSED):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{self.page.url}: Tab does not lead to {what}")

    def _choose_by_arrows(self, name: str, box: Any) -> None:
        group = self.page.locator(f"main input[name={name}]")
        chosen = [index for index in range(group.count()) if group.nth(index).is_checked()]
        self._reach(group.nth(chosen[0] if chosen else 0))
        if not chosen:
            self.page.keyboard.press("Space")
        for _ in range(group.count()):
            if box.is_checked():
                return
            self.page.keyboard.press("ArrowDown")

    def _type_date(self, field: Any, value: str) -> None:
        """Type a day in the order of this browser, whatever that is."""
        year, month, day = value.split("-")
        for digits in (day + month + year, month + day + year, year + month + day):
            self.page.keyboard.type(digits)
            if field.input_value() == value:
                return
            field.evaluate("each => { each.blur(); each.value = ''; each.focus() }")
        raise AssertionError(f"{value} cannot be typed into {field}")

    def _hear(self, said: Any) -> None:
        # A form that came back with its problems answers 400, and the browser says so.
        if said.type == "error" and "status of 4" not in said.text:
            self._complain(said.text)

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{self.manner} {self.page.url}: {text}")
