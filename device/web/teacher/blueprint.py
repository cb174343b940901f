"""The blueprint of the teacher's pages; every module of this part adds its own to it."""

from __future__ import annotations

from flask import Blueprint

teacher = Blueprint("teacher", __name__)
