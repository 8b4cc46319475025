"""A browser for tests whose requests are as far from the test as a real one's."""

from contextvars import Context
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import db


class Browser(FlaskClient):
    """Each request runs outside the test's application context.

    Within it, a request would use the test's database session, and Flask-Login would answer the next request with
    the user it remembered from the one before. What a test wrote and has not committed is rolled back.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        db.session.rollback()
        return Context().run(super().open, *args, **kwargs)
