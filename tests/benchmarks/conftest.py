"""The measurements serve the program on a port of this machine."""

import pytest


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """These tests open sockets of their own; --allow-hosts still keeps them on this machine."""
