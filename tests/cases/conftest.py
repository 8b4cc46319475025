"""A clock that a test sets."""

from tests.contacts.conftest import clock  # noqa: F401 - a fixture
