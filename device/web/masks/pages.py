"""Aim and masks: ask for the lens, look at a still, draw on it, save.

The still passes through this process and is kept nowhere. Masks hold for the view that they were drawn on, and
saving ties them to how the camera looks now; so what was drawn on another view is saved only by somebody who looked.
"""

from __future__ import annotations

import base64
import time
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from device.domain.consent import STILL_EVERY_NS
from device.domain.errors import Busy, LeerblikError
from device.domain.mask import MAX_CORNERS, MAX_POLYGONS, Polygon
from device.web.coach.filled import Question, ask_once_more
from device.web.current import say
from device.web.masks.drawing import (
    HIGH,
    WIDE,
    Masks,
    Rectangle,
    Unclear,
    in_words,
    masks_now,
    middle,
    outline,
    polygons_in,
    rectangle_in,
    written,
)
from device.web.masks.editor import editor_words
from device.web.masks.lens import Lens, Sight, lens_now
from device.web.roles import Role, open_to
from device.web.services import services

masks = Blueprint("masks", __name__)
_ALL = "all"
_YES = "yes"
_LONGEST_NUMBER = 10
_TRIES = 3


@masks.get("/coach/masks")
@open_to(Role.COACH)
def show() -> str:
    """Show how it is with the lens, what is masked, and the next step."""
    return _page(lens_now(), masks_now())


@masks.get("/coach/masks/lens")
@open_to(Role.COACH, awake=False)
def lens() -> Response:
    """Show the lens alone again: a page that stands open asks for it every other second."""
    now, was = lens_now(), request.args.get("was", "")
    response = make_response(render_template("masks/_lens.html", **_about(now, was)))
    if now.is_open and was != Sight.OPEN.value:
        response.headers["HX-Refresh"] = "true"
    return response


@masks.post("/coach/masks/aim")
@open_to(Role.COACH)
def aim() -> Response:
    """Ask for the lens; the next press at the device opens it."""
    try:
        services().recorder.ask("aim")
    except Busy:
        say(_("A lesson is being recorded. You can aim when it has ended."))
    except LeerblikError:
        say(_("The recorder does not answer. Try again in a moment, or ask IT."))
    return _back()


@masks.post("/coach/masks/close")
@open_to(Role.COACH)
def close() -> Response:
    """Close the lens at once."""
    try:
        services().recorder.ask("aim", close=True)
    except LeerblikError:
        say(_("The recorder does not answer. Press the button on the device to close the lens."))
    return _back()


@masks.get("/coach/masks/still")
@open_to(Role.COACH, awake=False)
def still() -> Response:
    """Hand on one picture; refused unless somebody pressed at the device for it."""
    answer = _ask_still()
    return Response(base64.b64decode(answer["jpeg"]), mimetype="image/jpeg")


@masks.post("/coach/masks")
@open_to(Role.COACH)
def save() -> Response:
    """Save what was drawn, and a rectangle besides it when one was typed."""
    now = masks_now()
    try:
        drawn = polygons_in(request.form.get("polygons", ""))
        if request.form.get("do") == "add":
            drawn += (rectangle_in(request.form),)
        _check_seen(now)
        if not drawn and now.polygons:
            return make_response(redirect(url_for("masks.remove", mask=_ALL), 303))
        _keep(drawn)
    except Unclear as unclear:
        return _again(now, unclear)
    say(_("The masks are saved. From now on these parts are black in every recording."))
    return _back()


@masks.get("/coach/masks/remove")
@open_to(Role.COACH)
def remove() -> str:
    """Ask once more."""
    now = masks_now()
    return ask_once_more(_question(request.args.get("mask", ""), now))


@masks.post("/coach/masks/remove")
@open_to(Role.COACH)
def do_remove() -> Response:
    """Remove one mask or all, unless somebody changed them meanwhile."""
    now, which = masks_now(), request.form.get("mask", "")
    question = _question(which, now)
    if request.form.get("before", "") != written(now.polygons):
        return make_response(
            ask_once_more(question, _("The masks were changed meanwhile. Look again and decide.")), 400
        )
    try:
        _keep(_without(which, now.polygons))
    except Unclear as unclear:
        return make_response(ask_once_more(question, unclear.sentences[""]), 400)
    say(_("The masks are removed.") if which == _ALL else _("The mask is removed."))
    return _back()


def _page(
    lens: Lens,
    masks: Masks,
    *,
    drawn: tuple[Polygon, ...] | None = None,
    rectangle: Rectangle | None = None,
    problem: str = "",
) -> str:
    polygons = masks.polygons if drawn is None else drawn
    return render_template(
        "masks/masks.html",
        **_about(lens, lens.sight.value),
        masks=masks,
        polygons=polygons,
        polygons_json=written(polygons),
        # Somebody who looked, or who draws on the view that the masks are of.
        seen=lens.is_open or request.form.get("seen") == _YES,
        may_change=lens.is_open or drawn is not None,
        rectangle=rectangle or Rectangle(),
        problem=problem,
        words=editor_words(),
        in_words=in_words,
        outline=outline,
        middle=middle,
        wide=WIDE,
        high=HIGH,
        most={"masks": MAX_POLYGONS, "corners": MAX_CORNERS},
    )


def _about(now: Lens, was: str) -> dict[str, Any]:
    """Return what is said of the lens; ``was``: how it was when this page was opened or last asked."""
    told = request.args.get("refusals", "")
    is_told = told.isascii() and told.isdigit() and len(told) < _LONGEST_NUMBER
    return {
        "lens": now,
        "was": was,
        "told": told if is_told else now.refusals,
        "reasons": now.reasons if is_told and int(told) != now.refusals else (),
        "left": ngettext("%(num)s second", "%(num)s seconds", int(now.left_s)),
        "Sight": Sight,
    }


def _again(now: Masks, unclear: Unclear) -> Response:
    """Show the page as it was filled in, with what is wrong."""
    try:
        drawn = polygons_in(request.form.get("polygons", ""))
    except Unclear:
        drawn = now.polygons
    sentences = dict(unclear.sentences)
    problem = sentences.pop("", "")
    page = _page(lens_now(), now, drawn=drawn, rectangle=Rectangle(request.form, sentences), problem=problem)
    return make_response(page, 400)


def _check_seen(now: Masks) -> None:
    if now.fits and now.answers:
        return
    if request.form.get("seen") != _YES:
        raise Unclear({"": _("Look through the lens first: nobody saw whether these masks fit this view.")})


def _keep(polygons: tuple[Polygon, ...]) -> None:
    """Save; raises Unclear with a sentence for the whole when the recorder does not."""
    if len(polygons) > MAX_POLYGONS:
        raise Unclear({"": _("There are at most %(most)s masks: remove one first.", most=MAX_POLYGONS)})
    try:
        services().recorder.ask("masks", polygons=[[[x, y] for x, y in each] for each in polygons])
    except Busy:
        raise Unclear({"": _("A lesson is being recorded. Save the masks when it has ended.")}) from None
    except LeerblikError:
        sentence = _("The device did not save the masks: the old ones still hold. Try again, or ask IT.")
        raise Unclear({"": sentence}) from None


def _question(which: str, now: Masks) -> Question:
    """Return what is asked before masks go; 404 for a mask that there is not, or that nobody can judge now."""
    if which != _ALL and (not now.fits or not _is_one(which, now.polygons)):
        abort(404)
    every = which == _ALL
    if every:
        title, line = _("Remove all masks?"), _("Nothing is painted black any more in the next recordings.")
    else:
        title = _("Remove mask %(number)s?", number=which)
        line = in_words(now.polygons[int(which) - 1])
    return Question(
        title=title,
        lines=(
            line,
            _("What was behind it will be filmed. A group for which a mask was arranged needs it."),
        ),
        button=_("Remove all masks") if every else _("Remove this mask"),
        back=url_for("masks.show"),
        fields={"mask": which, "before": written(now.polygons)},
    )


def _without(which: str, polygons: tuple[Polygon, ...]) -> tuple[Polygon, ...]:
    if which == _ALL:
        return ()
    return polygons[: int(which) - 1] + polygons[int(which) :]


def _is_one(which: str, polygons: tuple[Polygon, ...]) -> bool:
    return which.isascii() and which.isdigit() and len(which) < 4 and 0 < int(which) <= len(polygons)


def _ask_still() -> dict[str, Any]:
    """Return a still; where somebody else had one just now, one of the next."""
    for _try in range(_TRIES - 1):
        try:
            return services().recorder.ask("still")
        except Busy:
            time.sleep(STILL_EVERY_NS / 1e9)
    return services().recorder.ask("still")


def _back() -> Response:
    return make_response(redirect(url_for("masks.show"), 303))
