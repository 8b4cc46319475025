from tests.browser.test_pages import *
import tests.browser.test_pages as tp
from app.db import db
from app.accounts.models import User
from sqlalchemy import select
from tests.browser.edition_states import *
from tests.browser.states import Visit, chinese_data
@pytest.fixture(scope="module")
def mine(chromium, instances, tmp_path_factory):
    settings = demonstration(instances)
    def fill(app):
        office = db.session.scalars(select(User).where(User.username == "office")).one()
        make_editions(db.session(), office); db.session.commit()
        v = edition_values(db.session())
        e = v["edition_id"]
        vs = [Visit(p, "office") for p in ("/editions/", f"/editions/{e}", f"/editions/{e}/text", f"/editions/{e}/changes", "/editions/clauses", "/bulletin/")]
        vs += [Visit(*x) for x in edition_visits(db.session())]
        return vs, chinese_data()
    found, chinese = within(settings, fill)
    site = Site(settings)
    yield Everything(site, found, chinese)
    site.stop(); instances.drop(settings)
@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_mine(mine, open_browser, language, width):
    tp.test_every_page_and_state.__wrapped__ if False else None
    tp.test_every_page_and_state(mine, open_browser, language, width)
