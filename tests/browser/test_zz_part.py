from tests.browser.test_pages import DESK, PHONE, Everything, everything, pytest  # noqa: F401
from tests.browser.test_pages import test_every_page_and_state as walk
@pytest.mark.parametrize(("language","width"), [("en", DESK), ("en", PHONE)])
def test_part(everything, open_browser, language, width):
    want=("/bulletin/bridge","/lines/","/months/","/reminders/","/trail/","/cases/bulk")
    some=Everything(everything.site,[v for v in everything.visits if v.path.startswith(want)],everything.chinese)
    walk(some, open_browser, language, width)
