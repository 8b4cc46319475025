"""The blueprint of the desk; its pages are in ``views``, ``queue`` and ``household``."""

from flask import Blueprint

bp = Blueprint("desk", __name__)
