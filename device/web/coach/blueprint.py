"""The blueprint of the coach's pages, and what every one of its templates can say."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request

from device.web.coach.labels import label
from device.web.coach.times import clock_words, day_words, has_begun, moment_words

coach = Blueprint("coach", __name__)
Options = list[tuple[Any, str]]


@coach.context_processor
def _words() -> dict[str, Any]:
    return {
        "label": label, "labelled": labelled, "same": same, "query_with": query_with,
        "moment_words": moment_words, "has_begun": has_begun, "day_words": day_words, "clock_words": clock_words,
    }  # fmt: skip


def labelled(values: Iterable[enum.Enum]) -> Options:
    """Return the choices of a field: each value with what it is called."""
    return [(each.value, label(each)) for each in values]


def same(names: Iterable[str]) -> Options:
    """Return the choices of a field where each is called as it is."""
    return [(each, each) for each in names]


def query_with(**values: Any) -> str:
    """Return the query of this page with other values."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in values]
    return urlencode([*kept, *values.items()])
