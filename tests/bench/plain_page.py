"""What the pages are compared with: a page of plain Flask, without data, a login or a translation."""

from __future__ import annotations

from flask import Flask, render_template_string

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><h1>{{ title }}</h1><ul>{% for each in lines %}<li>{{ each }}</li>{% endfor %}</ul></body></html>
"""


def application() -> Flask:
    """Return the application, for gunicorn."""
    app = Flask(__name__)

    @app.get("/")
    def page() -> str:
        return render_template_string(_PAGE, title="A page", lines=range(20))

    return app
