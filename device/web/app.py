"""The web application, put together: who may pass, which pages there are, how they look."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from flask import Blueprint, Flask, Request

from device.web import csrf, guard, headers, language, problems
from device.web.api.blueprint import api
from device.web.api.tokens_page import tokens_page
from device.web.coach import coach
from device.web.current import current_actor, take_messages
from device.web.entrance import entrance, home
from device.web.first_start.pages import first_start
from device.web.it.network import network
from device.web.it.pages import it
from device.web.it.server import server
from device.web.it.wipe import wipe, wiped
from device.web.masks.pages import masks
from device.web.prints import prints
from device.web.public import public
from device.web.roles import BODY_BYTES, Role, Table, table_of
from device.web.services import KEY, Services
from device.web.teacher import teacher
from device.web.timetables import timetables
from device.web.vendor import vendored

# Every page of the device; a new part of it is one blueprint more.
BLUEPRINTS: tuple[Blueprint, ...] = (
    public,
    entrance,
    first_start,
    teacher,
    coach,
    masks,
    timetables,
    prints,
    it,
    wipe,
    wiped,
    server,
    network,
    tokens_page,
    api,
)
_MOST_FIELDS = 500


class SmallRequest(Request):
    """A request of which nothing is put on the card; its size is limited before anything of it is read."""

    max_form_parts = _MOST_FIELDS

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


def create_app(services: Services, *more: Blueprint) -> Flask:
    """Make the application. ``more``: pages besides those of BLUEPRINTS."""
    app = Flask(__name__)
    app.request_class = SmallRequest
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.extensions[KEY] = services
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    language.set_up(app, services.timezone)
    guard.stand_before(app)
    problems.stand_behind(app)
    for after in (csrf.keep_form_cookie, language.keep, headers.add_headers):
        app.after_request(after)
    for blueprint in dict.fromkeys((*BLUEPRINTS, *more)):
        app.register_blueprint(blueprint)
    app.extensions[guard.TABLE] = table_of(app)
    app.jinja_env.globals.update(
        csrf_token=csrf.csrf_token, actor=current_actor, take_messages=take_messages, home=home, Role=Role,
        language=language.current_language, other_languages=language.others, query_in=language.query_in,
        vendored=vendored, device_name=services.device_name,
    )  # fmt: skip
    return app


def access_table(app: Flask) -> Table:
    """Return who may open what: the complete table of an application."""
    table: Table = app.extensions[guard.TABLE]
    return table
