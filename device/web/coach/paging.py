"""One page of a long list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

PER_PAGE = 50
_Each = TypeVar("_Each")


@dataclass(frozen=True, slots=True)
class Page(Generic[_Each]):
    """Some of a list, the number of this page (from 1) and of the last one."""

    items: Sequence[_Each]
    number: int
    last: int


def page_of(everything: Sequence[_Each], per_page: int = PER_PAGE) -> Page[_Each]:
    """Return the page that the address asks for; the nearest one that there is."""
    last = max(1, -(-len(everything) // per_page))
    number = min(max(1, _number(request.args.get("page", ""))), last)
    return Page(everything[(number - 1) * per_page : number * per_page], number, last)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
