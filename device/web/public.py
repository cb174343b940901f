"""The public status page: whether this device records, for anybody in the room and for a machine that asks."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template

from device.web.language import current_language, others
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.view import UNREACHABLE, Lens
from device.web.words import WORDS

REFRESH_S = 5
public = Blueprint("public", __name__)


@public.get("/")
@open_to(Role.PUBLIC)
def status_page() -> str:
    """Show in very large type whether it records, for anybody in the room."""
    view = services().asking.view()
    language = current_language()
    words = WORDS[language]
    headline, line = words.lens[view.lens]
    return render_template(
        "status.html", language=language, title=words.title, lens=view.lens.value, headline=headline, line=line,
        missing=words.missing, sentences=[words.parts.get(part, words.other_part) for part in view.missing],
        others=others(), refresh_s=REFRESH_S, lost=words.lens[Lens.UNKNOWN],
    )  # fmt: skip


@public.get("/healthz")
@open_to(Role.PUBLIC)
def health() -> tuple[Response, int]:
    """Tell a machine whether the recorder answers: 200 or 503. It learns nothing else."""
    answers = services().asking.view() is not UNREACHABLE
    return jsonify(recorder="answers" if answers else "does not answer"), 200 if answers else 503
