"""Asking once more, on a page of its own, before something that cannot be undone."""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template


def ask_again(
    title: str,
    sentences: Sequence[str],
    button: str,
    back: str,
    *,
    names: dict[str, str] | None = None,
    is_kind: bool = False,
) -> str:
    """Return the page: what will happen in plain sentences, one button that does it, and the way back.

    ``names`` are hidden fields of the form, which is sent to this same address. ``is_kind``: the button takes
    nothing away, and looks like it.
    """
    return render_template(
        "teacher/confirm.html", title=title, sentences=sentences, button=button, back=back, names=names or {},
        is_kind=is_kind,
    )  # fmt: skip
