"""The page on which the coach and IT make tokens for machines, and revoke them."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from device.domain.errors import Refused
from device.web.api.bearer import Bearer
from device.web.api.tokens import Tokens, may_make
from device.web.current import current_actor, say
from device.web.roles import Role, open_to
from device.web.services import services

tokens_page = Blueprint("tokens", __name__)


@tokens_page.get("/it/tokens")
@open_to(Role.COACH, Role.IT)
def overview() -> str:
    """Show which there are."""
    return _page()


@tokens_page.post("/it/tokens")
@open_to(Role.COACH, Role.IT)
def make() -> Response:
    """Make one and show it, this once: it stands in this answer and nowhere else."""
    name, role = request.form.get("name", "").strip(), request.form.get("role", "")
    maker = current_actor().role
    try:
        wanted = next(each for each in may_make(maker) if each.value == role)
        token = _tokens().make(name, wanted, maker)
    except StopIteration:
        return make_response(_page(role_problem=_("Choose what the machine may do.")), 400)
    except Refused as refused:
        return make_response(_page(name_problem=_(str(refused))), 400)
    return make_response(render_template("api/token.html", name=name, token=token), 201)


@tokens_page.get("/it/tokens/revoke")
@open_to(Role.COACH, Role.IT)
def ask() -> str:
    """Ask once more."""
    name = request.args.get("name", "")
    if name not in (each.name for each in _tokens().all()):
        abort(404)
    return render_template("api/revoke.html", name=name)


@tokens_page.post("/it/tokens/revoke")
@open_to(Role.COACH, Role.IT)
def revoke() -> Response:
    """Let one mean nothing any more."""
    name = request.form.get("name", "")
    _tokens().revoke(name)
    say(_("The token %(name)s was revoked: its machine is refused from now on.", name=name[:40]))
    return make_response(redirect(url_for("tokens.overview"), 303))


def _page(name_problem: str = "", role_problem: str = "") -> str:
    return render_template(
        "api/tokens.html", tokens=_tokens().all(), may_make=may_make(current_actor().role), form=request.form,
        name_problem=name_problem, role_problem=role_problem,
    )  # fmt: skip


def _tokens() -> Tokens:
    holder = services().token_holder
    if not isinstance(holder, Bearer):
        abort(404)
    return holder.tokens
