"""The page for a form whose CSRF token is missing or stale."""

import re

import pytest
from django.test import Client

from ghar.testing import PASSWORD

pytestmark = pytest.mark.django_db
ALREADY = "You are logged in already"
OUTDATED = "This page is out of date"


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


def form_token(page):
    return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]


def log_in(browser, path="/login", token=None, name="asha", **fields):
    token = token or form_token(browser.get(path))
    form = {"username": f"{name}@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token}
    return browser.post(path, form | fields)


def links(page):
    return re.findall(r'<a href="([^"]*)"', page.content.decode())


class TestTwoLoginTabs:
    @pytest.mark.parametrize(
        ("following", "link"),
        [
            ("/events/", "/events/"),
            ("/authorize?client_id=x&state=1", "/authorize?client_id=x&amp;state=1"),
            ("", "/"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("\x01//evil.example", "/"),
            ("events/", "/"),
        ],
    )
    def test_the_second_tab_leads_on_to_where_the_user_wanted_to_go(self, browser, asha, following, link):
        second_tab = form_token(browser.get("/login"))
        assert log_in(browser).status_code == 302
        page = log_in(browser, token=second_tab, next=following)
        text = page.content.decode()
        assert page.status_code == 403
        assert ALREADY in text
        assert "<strong>Asha Rao</strong>" in text
        assert links(page) == [link]

    def test_the_address_of_the_form_says_where_when_the_form_does_not(self, browser, asha):
        second_tab = form_token(browser.get("/login?next=/events/"))
        log_in(browser)
        assert links(log_in(browser, "/login?next=/events/", token=second_tab)) == ["/events/"]

    def test_the_admins_log_in_leads_to_the_admin(self, browser, ops):
        second_tab = form_token(browser.get("/admin/login/"))
        log_in(browser, "/admin/login/", name="ops")
        page = log_in(browser, "/admin/login/", token=second_tab, name="ops")
        assert (page.status_code, links(page)) == (403, ["/admin/"])
        assert ALREADY in page.content.decode()


def test_a_stale_log_in_of_nobody_leads_back_to_the_form(browser, asha):
    browser.get("/login")
    page = log_in(browser, "/login?next=/events/", token="x" * 64)
    text = page.content.decode()
    assert (page.status_code, links(page)) == (403, ["/login?next=/events/"])
    assert OUTDATED in text
    assert "Go back, reload the page, and send the form again." in text
    assert "_auth_user_id" not in browser.session


def test_a_browser_without_cookies_is_told_to_allow_them(browser, asha):
    page = log_in(browser, token="x" * 64)
    text = page.content.decode()
    assert page.status_code == 403
    assert "Your browser sent no cookie" in text
    assert "Allow cookies for this site" in text


@pytest.mark.parametrize("path", ["/logout", "/admin/accounts/user/add/", "/authorize?client_id=x"])
def test_other_forms_say_what_to_do_and_change_nothing(browser, ops, path):
    log_in(browser, name="ops")
    page = browser.post(path, {"decision": "allow", "csrfmiddlewaretoken": "x" * 64})
    assert page.status_code == 403
    assert OUTDATED in page.content.decode()
    assert (ALREADY in page.content.decode(), links(page)) == (False, [])
    assert browser.session["_auth_user_id"] == str(ops.pk)


def test_the_page_is_one_of_the_site_and_is_not_kept(browser, settings):
    settings.DEBUG = False
    page = browser.post("/login")
    assert "ghar/page.css" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_the_api_answers_with_a_problem(browser, asha):
    log_in(browser)
    answer = browser.post("/api/v1/visits", "{}", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert answer.json()["code"] == "permission_denied"
