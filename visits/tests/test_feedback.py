"""Feedback is a row per visit and author: each participant has their own, and the agency reads all."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ghar import clock
from visits import services
from visits.models import VisitFeedback
from visits.tests.factories import book, local
from visits.tests.meets import invite

FIELDS = ("visitor_feedback", "interest_level")


def path(visit, end=""):
    return f"/api/v1/visits/{visit.pk}{end}"


def own(api, user, visit):
    body = api(user).get(path(visit)).json()
    return tuple(body[name] for name in FIELDS)


@pytest.fixture
def begun_meet(asha, bala, home, matched):
    with clock.frozen_at(local(-3, 9)):
        return invite(asha, bala, home, local(-1, 18))


class TestTheTwoOfAMeet:
    def test_each_writes_and_reads_their_own(self, api, asha, bala, meet):
        api(asha).patch(path(meet), {"visitor_feedback": "Too noisy", "interest_level": "low"})
        assert own(api, bala, meet) == ("", "")

        answer = api(bala).put(path(meet), {"visitor_feedback": "A quiet guest"}).json()
        assert [answer[name] for name in FIELDS] == ["A quiet guest", ""]

        assert own(api, asha, meet) == ("Too noisy", "low")
        assert own(api, bala, meet) == ("A quiet guest", "")

    def test_the_one_who_completes_writes_their_own(self, api, asha, bala, begun_meet):
        api(asha).patch(path(begun_meet), {"interest_level": "high"})
        body = {"feedback": "A quiet guest", "interest_level": "medium"}

        answer = api(bala).post(path(begun_meet, "/complete"), body).json()

        assert [answer[name] for name in FIELDS] == ["A quiet guest", "medium"]
        assert own(api, asha, begun_meet) == ("", "high")

    def test_lists_show_each_their_own(self, api, asha, bala, meet):
        api(asha).patch(path(meet), {"interest_level": "low"})
        api(bala).patch(path(meet), {"interest_level": "high"})

        shown = [api(user).get(path(meet)[: path(meet).rindex("/")]).json()["items"] for user in (asha, bala)]

        assert [[item["interest_level"] for item in items] for items in shown] == [["low"], ["high"]]

    def test_the_same_again_changes_nothing(self, api, asha, meet, snapshot):
        api(asha).patch(path(meet), {"interest_level": "low"})
        before = snapshot()
        answer = api(asha).patch(path(meet), {"interest_level": "low"})
        assert (answer.status_code, answer.json()["version"]) == (200, 2)
        assert snapshot() == before

    def test_staff_read_the_visitors_over_rest_and_all_on_the_page(self, api, asha, bala, ops, meet, client):
        api(asha).patch(path(meet), {"visitor_feedback": "Too noisy"})
        api(bala).patch(path(meet), {"visitor_feedback": "A quiet guest"})

        assert own(api, ops, meet) == ("Too noisy", "")
        client.force_login(ops)
        page = client.get(f"/admin/visits/visit/{meet.pk}/change/").content.decode()
        assert (
            "<strong>Asha Rao</strong>: Too noisy</div><div><strong>Bala Iyer</strong>: A quiet guest<"
            in page
        )


class TestWhatTheAgencyHeard:
    @pytest.fixture
    def done(self, asha, listing, agent):
        with clock.frozen_at(local(-3, 9)):
            visit = book(asha, listing, local(-1, 11))
        return services.complete(visit=visit, by=agent.user, feedback="Liked it", interest_level="medium")

    def test_the_visitor_does_not_read_it_as_their_own(self, api, done, asha, agent):
        assert own(api, asha, done) == ("", "")
        assert own(api, agent.user, done) == ("Liked it", "medium")

    def test_the_visitors_word_counts_where_there_is_one(self, api, done, asha, agent, ops):
        api(asha).patch(path(done), {"interest_level": "low"})
        assert own(api, agent.user, done) == own(api, ops, done) == ("Liked it", "low")
        assert own(api, asha, done) == ("", "low")


def test_the_owner_reads_none(api, asha, tour, listing):
    api(asha).patch(path(tour), {"visitor_feedback": "Damp", "interest_level": "low"})
    assert not any(own(api, listing.owner, tour))


def test_a_page_takes_as_many_queries_for_one_visit_as_for_three(api, asha, listing, agent):
    def read():
        with CaptureQueriesContext(connection) as queries:
            items = api(asha).get("/api/v1/visits").json()["items"]
            return len(queries), [item["visitor_feedback"] for item in items]

    for hour in (10, 12, 14):
        visit = book(asha, listing, local(5, hour))
        api(asha).patch(path(visit), {"visitor_feedback": f"At {hour}"})
        if hour == 10:
            count, _ = read()
    assert read() == (count, ["At 14", "At 12", "At 10"])


def test_feedback_goes_with_its_author(asha, bala, meet):
    for person in (asha, bala):
        services.update(visit=meet, by=person, visitor_feedback="Fine")
    bala.delete()
    assert [row.author for row in VisitFeedback.objects.all()] == [asha]
