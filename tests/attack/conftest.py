"""The attack opens sockets of its own."""

import pytest


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """--allow-hosts still keeps them on this machine."""
