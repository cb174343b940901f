"""Who may open which page: the roles, one table for all of them, and the guard that fails closed."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from flask import Flask

from device.domain.errors import Permanent

BODY_BYTES = 64 * 1024
_MARK = "leerblik_access"
_View = TypeVar("_View", bound=Callable[..., Any])


class Role(enum.Enum):
    """Who looks; PUBLIC is anybody in the room. There is no role for management, on purpose."""

    PUBLIC = "public"
    TEACHER = "teacher"
    COACH = "coach"
    IT = "it"


EVERYBODY = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a role and, for a teacher, the code that the school knows her by."""

    role: Role
    code: str = ""

    @property
    def name(self) -> str:
        """How this actor is called in the register: "coach", "it", or the teacher's code."""
        return self.code if self.role is Role.TEACHER else self.role.value


NOBODY = Actor(Role.PUBLIC)


@dataclass(frozen=True, slots=True)
class Access:
    """One line of the table.

    ``body_bytes`` is the largest request; ``awake``: opening it counts as being there, which a page that
    refreshes itself must not; ``home``: where these roles arrive after logging in.
    """

    roles: frozenset[Role]
    body_bytes: int = BODY_BYTES
    awake: bool = True
    home: bool = False


Table = Mapping[str, Access]

# What Flask itself adds.
_FLASK_S_OWN = {"static": Access(EVERYBODY, awake=False)}


def open_to(
    *roles: Role, body_bytes: int = BODY_BYTES, awake: bool = True, home: bool = False
) -> Callable[[_View], _View]:
    """Declare who may open a page. A page without this is refused for everybody.

    PUBLIC means everybody, logged in or not.
    """
    everybody = Role.PUBLIC in roles
    access = Access(
        EVERYBODY if everybody else frozenset(roles), body_bytes, awake=awake and not everybody, home=home
    )

    def mark(view: _View) -> _View:
        if getattr(view, _MARK, access) != access:
            raise Permanent(
                f"{view.__qualname__} is open to others already; give each page a function of its own"
            )
        setattr(view, _MARK, access)
        return view

    return mark


def table_of(app: Flask) -> Table:
    """Return the whole table: each endpoint that declared itself, and what Flask adds."""
    declared = {
        endpoint: access
        for endpoint, view in app.view_functions.items()
        if isinstance(access := getattr(view, _MARK, None), Access)
    }
    return MappingProxyType({**_FLASK_S_OWN, **declared})


def homes_of(table: Table) -> Mapping[Role, str]:
    """Return where each role arrives after logging in."""
    return {role: endpoint for endpoint, access in table.items() if access.home for role in access.roles}


def may(table: Table, endpoint: str | None, role: Role) -> bool:
    """Tell whether a role may open an endpoint; False for one that is in no table."""
    access = table.get(endpoint or "")
    return access is not None and role in access.roles
