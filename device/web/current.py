"""Who asks now, and what is said to them on the next page."""

from __future__ import annotations

from flask import Response, g, request

from device.web.roles import NOBODY, Actor
from device.web.services import services
from device.web.sessions import Session

_PLAIN, _TLS = "leerblik", "__Host-leerblik"


def current_actor() -> Actor:
    """Return who is logged in; NOBODY for anybody in the room."""
    actor: Actor = g.get("actor", NOBODY)
    return actor


def current_session() -> Session | None:
    """Return the session of this browser; None when nobody is logged in (or a machine asks)."""
    session: Session | None = g.get("session")
    return session


def say(message: str) -> None:
    """Show a sentence, already translated, on top of the next page that this visitor gets."""
    session = current_session()
    if session is not None:
        session.say(message)
    else:
        g.messages = [*g.get("messages", []), message]


def take_messages() -> list[str]:
    """Return what must be shown now; each sentence once."""
    own = list(g.pop("messages", []))
    session = current_session()
    return own if session is None else [*session.take_messages(), *own]


def session_token() -> str:
    """Return what the browser sent as its session; empty when nothing."""
    return request.cookies.get(cookie_name(), "")


def recognise(*, awake: bool) -> None:
    """Find out who asks: by the cookie of a person, or by the token of a machine."""
    session = services().sessions.find(session_token(), awake=awake) if session_token() else None
    g.session = session
    g.actor = session.actor if session is not None else _machine() or NOBODY


def log_in(actor: Actor, response: Response) -> None:
    """Begin a session under a new token, whatever the browser had before."""
    sessions = services().sessions
    sessions.close(session_token())
    token, session = sessions.open(actor)
    g.session, g.actor = session, actor
    # It ends with the browser at the latest; when else it ends is decided here, not there.
    set_cookie(response, cookie_name(), token, None)


def log_out(response: Response, *, everywhere: bool = False) -> None:
    """End this session, or every one of this actor."""
    if everywhere:
        services().sessions.close_all(current_actor())
    services().sessions.close(session_token())
    g.session, g.actor = None, NOBODY
    set_cookie(response, cookie_name(), "", 0)


def cookie_name() -> str:
    """Return the session's cookie: under TLS one that no other host or path can set."""
    return _TLS if services().tls else _PLAIN


def set_cookie(response: Response, name: str, value: str, longest_s: int | None) -> None:
    """Set a cookie that no script reads and no other site sends along."""
    response.set_cookie(
        name, value, max_age=longest_s, path="/", secure=services().tls, httponly=True, samesite="Strict"
    )


def _machine() -> Actor | None:
    holder = services().token_holder
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if holder is None or kind.lower() != "bearer" or not token:
        return None
    g.is_machine = True
    return holder(token)
