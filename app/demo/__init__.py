"""An invented county whose October 2023 figures are the published ones: for demonstrations and tests.

No database: the county comes as ledger files, to be imported like any ledger, and as plain descriptions of
its users, targets and notes.
"""

from app.demo.county import Demo, Ledger, county
from app.demo.life import Row
from app.demo.notes import DemoNote
from app.demo.staff import DemoUser
from app.demo.workbook import write_ledger

__all__ = ["Demo", "DemoNote", "DemoUser", "Ledger", "Row", "county", "write_ledger"]
