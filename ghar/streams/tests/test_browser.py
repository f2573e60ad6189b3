"""The page of events in a real browser."""

import pytest

from agents.tests.factories import AgentFactory
from ghar.accounts.models import User
from ghar.streams.tests.listening import serving
from ghar.testing import PASSWORD
from ghar.tests.serving import signup_body
from properties.tests.factories import PropertyFactory
from visits.models import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def open_events_page(context, email):
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto("/events/")
    page.get_by_label("Email or phone").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in and listen").click()
    page.get_by_text("Listening.").wait_for()
    return page


def test_seeker_and_agent_see_a_booking_arrive(chromium):
    with serving("browser") as served:
        for name in ("Asha", "Meera"):
            assert served.request("POST", "/api/v1/auth/signup", signup_body(name))[0] == 201
        AgentFactory(user=User.objects.get(full_name="Meera"))
        PropertyFactory()
        context = chromium.new_context(base_url=f"http://127.0.0.1:{served.port}")
        complaints = []
        context.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        asha, meera = (open_events_page(context, f"{name}@example.com") for name in ("asha", "meera"))
        asha.get_by_role("button", name="Book a tour").click()
        for page in (asha, meera):
            row = page.get_by_role("row").nth(1)
            row.wait_for()
            assert "visit_updated" in row.inner_text()
            assert f'"visit_id":{Visit.objects.get().pk}' in row.inner_text()
        context.close()
    assert complaints == []
