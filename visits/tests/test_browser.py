"""Staff at work in a real browser. `make screenshots` takes the README's screenshots."""

import os
import re
from pathlib import Path

import pytest

from visits.management import demo
from visits.models import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
SHOTS = os.environ.get("GHAR_SCREENSHOTS")


@pytest.fixture
def agency(transactional_db, staff_groups):
    demo.seed()


@pytest.fixture
def enter(chromium, live_server, agency):
    """`enter(who)` logs a user in and returns their page. In the end, no script failed or was blocked."""
    contexts, problems = [], []

    def enter(who, viewport=DESKTOP, **options):
        context = chromium.new_context(base_url=live_server.url, viewport=viewport, locale="en-GB", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: message.type == "error" and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto("/admin/")
        page.get_by_label("Email or phone").fill(f"{who}@ghar.example")
        page.get_by_label("Password").fill(demo.DEMO_PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/admin/")
        return page

    yield enter
    for context in contexts:
        context.close()
    assert problems == []


def expect_messages(page, *texts):
    """Wait for the messages on the page; a text may be a pattern."""
    from playwright.sync_api import expect

    expect(page.locator(".messagelist li")).to_have_text(list(texts))


def open_unassigned(page, name):
    page.goto("/admin/")
    page.get_by_role("link", name="Unassigned").click()
    page.get_by_role("row", name=name).get_by_role("link").first.click()


def visit_of(name, **fields):
    return Visit.objects.get(user__full_name=name, status__in=["scheduled", "confirmed"], **fields)


def test_a_dispatcher_finds_assigns_and_confirms_a_visit(enter):
    page = enter("dispatch")
    open_unassigned(page, "Bala Iyer")
    page.get_by_role("radio", name="Meera Kulkarni").check()
    page.get_by_role("button", name="Assign", exact=True).click()
    expect_messages(page, "Assigned to Meera Kulkarni.")
    assert visit_of("Bala Iyer").agent.name == "Meera Kulkarni"

    page.get_by_role("link", name="Confirm…").click()
    page.get_by_role("button", name="Confirm visit").click()
    expect_messages(page, "Confirmed.")
    assert visit_of("Bala Iyer").status == "confirmed"
    assert [event.actor.full_name for event in visit_of("Bala Iyer").events.order_by("-id")[:2]] == [
        "Farah Qureshi",
        "Farah Qureshi",
    ]


def test_a_refusal_is_shown_and_an_override_with_a_reason_assigns(enter):
    page = enter("dispatch")
    open_unassigned(page, "Dev Malhotra")
    page.get_by_role("radio", name="Meera Kulkarni").check()
    page.get_by_role("button", name="Assign", exact=True).click()
    expect_messages(page, re.compile("Meera Kulkarni"))
    assert Visit.objects.unassigned().filter(user__full_name="Dev Malhotra").exists()

    page.get_by_role("radio", name="Meera Kulkarni").check()
    page.get_by_label("Override hours").check()
    page.get_by_role("textbox", name="Reason").fill("Lives next door.")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect_messages(page, "Assigned to Meera Kulkarni.")


def test_a_dispatcher_cancels_a_visit(enter):
    page = enter("dispatch")
    open_unassigned(page, "Dev Malhotra")
    page.get_by_role("link", name="Cancel…").click()
    page.get_by_label("Reason").fill("Nobody works at six.")
    page.get_by_role("button", name="Cancel visit").click()
    expect_messages(page, "Cancelled.")
    assert page.get_by_text("Nobody works at six.").first.is_visible()
    assert page.get_by_role("link", name="Confirm…").count() == 0


def test_selected_visits_are_assigned_together(enter):
    page = enter("dispatch")
    page.get_by_role("link", name="Unassigned").click()
    page.locator("#action-toggle").check()
    page.get_by_label("Action:").select_option("Assign agents…")
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Agent for").first.wait_for()
    assert page.get_by_label("Agent for").count() == 2
    assert Visit.objects.unassigned().count() == 2
    # Agents are not proposed for a visit from which they were unassigned: they are chosen by hand.
    able = page.locator("option", has_text=" · free")
    chooser = page.get_by_label("Agent for").filter(has=able).first
    chooser.select_option(chooser.locator(able).first.get_attribute("value"))
    page.get_by_role("button", name="Assign", exact=True).click()
    expect_messages(page, "1 assigned, 0 refused.")
    assert Visit.objects.unassigned().count() == 1


def test_a_tour_is_booked_by_typing_names(enter):
    page = enter("dispatch")
    page.get_by_role("link", name="Book a tour").click()
    for name, typed, found in (("user", "asha", "Asha Rao"), ("listing", "sea breeze", "Sea breeze")):
        page.locator(f".field-{name} .select2-selection").click()
        page.locator(".select2-search__field").fill(typed)
        page.locator(".select2-results__option").filter(has_text=found).click()
    page.get_by_label("Time").fill(
        f"{demo.india_time(8, 11).astimezone(demo.ZoneInfo(demo.ZONE)):%Y-%m-%dT%H:%M}"
    )
    page.get_by_role("button", name="Book tour").click()
    expect_messages(page, re.compile("Booked. "))
    assert (
        visit_of("Asha Rao", scheduled_date=demo.india_time(8, 11)).property.title
        == "Sea breeze off Hill Road"
    )


def test_a_viewer_sees_visits_and_changes_nothing(enter):
    page = enter("viewer")
    open_unassigned(page, "Bala Iyer")
    page.get_by_role("heading", name="History").wait_for()
    assert page.get_by_role("radio").count() == 0
    assert page.locator(".object-actions a").all_inner_texts() == ["Admin log"]
    assert page.locator("input[type=submit], textarea").count() == 0
    for action in ("assign", "confirm", "cancel"):
        assert page.request.get(page.url.replace("/change/", f"/{action}/")).status == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_on_a_phone(enter, scheme):
    page = enter("dispatch", viewport=PHONE, color_scheme=scheme, is_mobile=True, has_touch=True)
    visit = Visit.objects.unassigned().first()
    for path in ("", "visits/visit/", f"visits/visit/{visit.pk}/change/", f"visits/visit/{visit.pk}/cancel/"):
        page.goto(f"/admin/{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], path


@pytest.mark.skipif(not SHOTS, reason="`make screenshots` takes them")
def test_screenshots(enter):
    folder = Path(SHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    visit = f"/admin/visits/visit/{visit_of('Bala Iyer', agent=None).pk}/change/"
    dark = {"color_scheme": "dark"}
    phone = {"viewport": PHONE, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
    for name, path, look in (
        ("today", "/admin/", {}),
        ("visits", "/admin/visits/visit/", {}),
        ("visits-dark", "/admin/visits/visit/", dark),
        ("visit", visit, {}),
        ("visit-phone", visit, phone),
    ):
        page = enter("dispatch", **look)
        page.goto(path)
        page.screenshot(path=folder / f"{name}.png")
