"""A case of 5 万元 with its two collectors, on a day of November."""

from tests.contacts.conftest import author, banker, case, clock, twin  # noqa: F401 - fixtures
