"""Withdrawing a listing in the admin cancels its visits."""

import pytest

from ghar.testing import messages_of
from properties.models import Property
from visits import services
from visits.tests.admin_pages import admin_log, object_actions, page

pytestmark = pytest.mark.django_db


def test_the_page_shows_the_visits_that_will_be_cancelled(staff_client, tour, snapshot):
    before = snapshot()
    text = staff_client.get(page(tour.property, "withdraw")).content.decode()
    assert "Asha Rao" in text
    assert page(tour) in text
    assert snapshot() == before
    assert Property.objects.get().status == "available"


def test_withdrawing_a_listing_cancels_its_visits(staff_client, tour):
    response = staff_client.post(page(tour.property, "withdraw"), follow=True)
    assert response.redirect_chain == [(page(tour.property), 302)]
    assert messages_of(response) == ["Withdrawn. Its visits have been cancelled."]
    tour.refresh_from_db()
    assert tour.status == "cancelled"
    assert Property.objects.get().status == "withdrawn"
    assert admin_log() == [("Ops Desk", "Withdrawn.")]


def test_a_withdrawn_listing_has_no_button_and_is_not_withdrawn_twice(staff_client, ops, listing):
    assert object_actions(staff_client.get(page(listing))) == ["withdraw"]
    services.withdraw_property(listing=listing, by=ops)
    assert object_actions(staff_client.get(page(listing))) == []
    form = staff_client.post(page(listing, "withdraw")).context["form"]
    assert form.non_field_errors() == ["This listing has already been withdrawn."]
    assert admin_log() == []


def test_a_listing_that_does_not_exist_is_not_found(staff_client, listing):
    assert staff_client.get(page(Property(pk=listing.pk + 1), "withdraw")).status_code == 404
