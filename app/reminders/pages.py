"""The blueprint that the pages of reminders share."""

from flask import Blueprint

bp = Blueprint("reminders", __name__, url_prefix="/reminders")
