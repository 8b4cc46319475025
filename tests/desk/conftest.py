"""The demonstration county, its forms without tokens."""

import pytest
from flask import Flask

TODAY_OF_DEMO = "2023-12-05"


@pytest.fixture
def plain_app(demo_app: Flask) -> Flask:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    return demo_app
