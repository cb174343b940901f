"""What a page is like for whoever cannot see it, or uses no mouse: axe-core's verdict and a few rules of our own."""

from __future__ import annotations

import functools
import gettext
from pathlib import Path
from typing import Any

from device import web

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
_CATALOGUES = Path(web.__file__).parent / "translations"
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
_RUN = """async tags => {
    const found = await axe.run(document, {
        resultTypes: ["violations"], runOnly: {type: "tag", values: tags},
        rules: {"target-size": {enabled: true}},
    });
    return found.violations.flatMap(each => each.nodes.map(
        node => `${each.id}: ${each.help}: ${node.html.slice(0, 160)}`));
}"""
_OURS = """() => {
    const said = [], root = document.documentElement;
    const headings = document.querySelectorAll("h1").length;
    if (headings !== 1) said.push(`it has ${headings} h1`);
    if (!["nl", "en"].includes(root.lang)) said.push(`its language is '${root.lang}'`);
    if (!document.title.trim()) said.push("it has no title");
    if (root.scrollWidth > root.clientWidth) {
        const wide = [...document.querySelectorAll("body *")].filter(each => {
            const scrolls = each.closest(".wide, pre, textarea");
            return each.getBoundingClientRect().right > root.clientWidth + 1 && !(scrolls && scrolls !== each);
        });
        const names = wide.slice(0, 5).map(each => each.outerHTML.slice(0, 120));
        said.push(`it scrolls sideways, ${root.scrollWidth} of ${root.clientWidth} px: ${names.join(" ... ")}`);
    }
    return said;
}"""


# What is read or heard, but for what says itself that it is in another language.
_TEXTS = """() => {
    const found = [document.title], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const foreign = each => each.closest("[lang]").lang !== document.documentElement.lang;
    while (texts.nextNode()) if (!foreign(texts.currentNode.parentElement)) found.push(texts.currentNode.data);
    for (const each of document.querySelectorAll("[aria-label], [alt], [placeholder], [title]"))
        if (!foreign(each)) found.push(each.ariaLabel, each.alt, each.placeholder, each.title);
    return found.filter(Boolean).map(each => each.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""


@functools.cache
def _axe() -> str:
    return AXE.read_text("utf-8")


def violations(page: Any) -> list[str]:
    """Return what axe-core finds, by all its rules for WCAG 2.2 A and AA and its best practices."""
    # Evaluated from outside, which the page's content security policy rightly would not let a script do.
    page.evaluate(_axe())
    found: list[str] = page.evaluate(_RUN, list(_TAGS))
    return found


def strays(page: Any) -> list[str]:
    """Return what a Dutch page says in English: sentences of our own catalogue that were not translated in it."""
    return [text for text in page.evaluate(_TEXTS) if text in _english()]


@functools.cache
def _english() -> frozenset[str]:
    """Return the English sentences that read differently in Dutch, but for single words that are in both languages."""
    dutch = translation("nl")
    assert isinstance(dutch, gettext.GNUTranslations)
    sentences = [each for each in dutch._catalog if isinstance(each, str) and each]  # type: ignore[attr-defined]
    dutch_sentences = {dutch.gettext(each) for each in sentences}
    return frozenset(each for each in sentences if dutch.gettext(each) != each) - dutch_sentences


def shortcomings(page: Any) -> list[str]:
    """Return what is wrong with a page that axe-core does not ask: one h1, language, title, no sideways scrolling."""
    found: list[str] = page.evaluate(_OURS)
    return found


def translation(language: str) -> gettext.NullTranslations:
    """Return the catalogue of the pages; the English sentences are its keys."""
    return gettext.translation("messages", _CATALOGUES, [language], fallback=language == "en")
