"""What comes from elsewhere and lies here unchanged: exact versions, with hashes that the browser checks too."""

from __future__ import annotations

from flask import url_for
from markupsafe import Markup

# static/vendor/README.md says where each came from and under which licence; a test compares the hashes.
FILES = {
    "htmx.js": ("vendor/htmx-2.0.11.min.js", "sha256-1v3HXyBOa976mbab8ebUrGm4o2T3eSn0XBNHa0AA9xc="),
    "simple.css": ("vendor/simple-2.3.7.min.css", "sha256-+wYkWCZ55K+QUmjg+0YRKFg6SbXZ5dhnXRyeL8NMfT0="),
}


def vendored(name: str) -> Markup:
    """Return the address and the hash, as attributes of a ``script`` (``src``) or ``link`` (``href``)."""
    path, integrity = FILES[name]
    attribute = "src" if path.endswith(".js") else "href"
    return Markup('{}="{}" integrity="{}"').format(attribute, url_for("static", filename=path), integrity)
