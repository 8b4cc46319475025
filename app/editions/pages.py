"""The bulletin's pages together: who registers this blueprint has all of them."""

from app.editions import library, remarks, writing
from app.editions.views import bp

__all__ = ["bp", "library", "remarks", "writing"]
