"""Four people swipe, part, block and book at random; a model in plain Python says what must come of it."""

import os
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rest_framework.test import APIClient

from flatmates.models import Message, Swipe, UserBlock, UserConversation, UserMatch
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits.models import Visit
from visits.tests.factories import local

# `make fuzz` lets them live through many more.
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "5"))
PEOPLE = range(4)
NEUTRAL = 4  # the listing that is nobody's; the others belong to the person of that number
ORDERED = [(a, b) for a in PEOPLE for b in PEOPLE if a != b] + [(0, 0)]
SLOT = timedelta(minutes=30)
LENGTH = {"flatmate_meet": 2, "property_tour": 1}
LIVE = {"scheduled", "confirmed", "rescheduled"}

people = st.sampled_from(PEOPLE)
pairs = st.sampled_from(ORDERED)
slots = st.integers(0, 5)


@dataclass
class Booked:
    """A visit as the model knows it; people and listings by number, times by half hours."""

    context: str
    visitor: int
    other: int | None
    listing: int
    slot: int
    awaiting: str | None
    status: str = "scheduled"
    confirmed_by: str | None = field(default=None, compare=False)

    def is_live(self):
        return self.status in LIVE

    def people(self):
        return {self.visitor, self.other} - {None}

    def meets(self, people, slot, length):
        overlap = self.slot < slot + length and slot < self.slot + LENGTH[self.context]
        return self.is_live() and overlap and bool(self.people() & people)

    def role_of(self, person):
        return {self.visitor: "visitor", self.other: "counterparty"}.get(person)


class Flatmates(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.users = UserFactory.create_batch(4)
        self.homes = [PropertyFactory(owner=user) for user in self.users] + [PropertyFactory()]
        self.number = {user.pk: n for n, user in enumerate(self.users)}
        self.start = local(5, 9)
        self.swipes, self.contexts = {}, {}
        self.blocks = set()
        self.matches, self.match_ids, self.over = {}, {}, {}
        self.visits = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    # Asking the real thing

    def call(self, method, person, path, body=None):
        client = APIClient()
        client.force_authenticate(self.users[person])
        return getattr(client, method)(f"/api/v1{path}", body, format="json")

    def expect(self, response, status, code=None, *fields):
        answer = response.data or {}
        assert response.status_code == status, answer
        assert answer.get("code") == code
        assert sorted(answer.get("errors", {})) == sorted(fields)

    def at(self, slot):
        return (self.start + slot * SLOT).isoformat()

    # What the model knows

    def pair(self, a, b):
        return min(a, b), max(a, b)

    def blocked(self, a, b):
        return bool({(a, b), (b, a)} & self.blocks)

    def part(self, a, b, status):
        pair = self.pair(a, b)
        for key in ((a, b), (b, a)):
            self.swipes.pop(key, None)
            self.contexts.pop(key, None)
        if pair in self.matches:
            self.matches[pair] = status
        for visit in self.visits.values():
            if visit.is_live() and visit.people() == {a, b}:
                visit.status, visit.awaiting = "cancelled", None

    def busy(self, people, slot, length, but=None):
        return any(v.meets(people, slot, length) for key, v in self.visits.items() if key != but)

    # What people do

    @initialize()
    def some_match_to_begin_with(self):
        for a, b in ((0, 1), (1, 2), (2, 3)):
            self.swipe((a, b), "like", False)
            self.swipe((b, a), "like", a == 1)

    @rule(pair=pairs, action=st.sampled_from(["like", "super_like", "pass"]), over=st.booleans())
    def swipe(self, pair, action, over):
        a, b = pair
        body = {"target_user_id": self.users[b].pk, "action": action}
        if over:
            body["context_property_id"] = self.homes[NEUTRAL].pk
        response = self.call("post", a, "/flatmates/swipes", body)
        if a == b:
            return self.expect(response, 400, "validation_error", "target_user_id")
        self.expect(response, 200)
        if self.blocked(a, b):
            assert response.data["did_match"] is False
            return None
        self.swipes[a, b] = action
        self.contexts[a, b] = over or self.contexts.get((a, b), False)
        pair = self.pair(a, b)
        active = self.matches.get(pair) == "active"
        matched = action != "pass" and (active or self.swipes.get((b, a), "pass") != "pass")
        assert response.data["did_match"] == matched
        if not matched:
            assert (response.data["match_id"], response.data["conversation_id"]) == (None, None)
        elif active:
            self.over[pair] = self.over[pair] or self.contexts[a, b]
        else:
            self.matches[pair] = "active"
            self.over[pair] = self.contexts[a, b] or self.contexts[b, a]
        if matched:
            assert self.match_ids.setdefault(pair, response.data["match_id"]) == response.data["match_id"]
        return None

    @rule(who=people, data=st.data())
    def unmatch(self, who, data):
        pair = data.draw(st.sampled_from(sorted(self.match_ids)))
        response = self.call("post", who, f"/flatmates/matches/{self.match_ids[pair]}/unmatch")
        if who not in pair:
            return self.expect(response, 404, "not_found")
        self.expect(response, 200)
        if self.matches[pair] == "active":
            self.part(*pair, "unmatched")
        other = sum(pair) - who
        shown = "blocked" if (who, other) in self.blocks else "unmatched"
        assert response.data["status"] == shown
        return None

    @rule(pair=pairs)
    def block(self, pair):
        a, b = pair
        response = self.call("post", a, "/flatmates/blocks", {"blocked_user_id": self.users[b].pk})
        if a == b:
            return self.expect(response, 400, "validation_error", "blocked_user_id")
        self.expect(response, 200 if (a, b) in self.blocks else 201)
        if (a, b) not in self.blocks:
            self.blocks.add((a, b))
            self.part(a, b, "blocked")
        return None

    @precondition(lambda self: self.blocks)
    @rule(data=st.data())
    def unblock(self, data):
        a, b = data.draw(st.sampled_from(sorted(self.blocks)) | pairs)
        response = self.call("delete", a, f"/flatmates/blocks/{self.users[b].pk}")
        if (a, b) not in self.blocks:
            return self.expect(response, 404, "not_found")
        self.expect(response, 204)
        self.blocks.remove((a, b))
        if not self.blocked(a, b) and self.matches.get(self.pair(a, b)) == "blocked":
            self.matches[self.pair(a, b)] = "unmatched"
        return None

    @rule(slot=slots, data=st.data())
    def invite(self, slot, data):
        a, b = data.draw(self.mostly_matched())
        listing = data.draw(st.sampled_from([a, b, NEUTRAL, *PEOPLE]))
        body = {
            "visit_context": "flatmate_meet",
            "property_id": self.homes[listing].pk,
            "scheduled_date": self.at(slot),
            "counterparty_user_id": self.users[b].pk,
        }
        response = self.call("post", a, "/visits", body)
        pair = self.pair(a, b)
        wanted = Booked("flatmate_meet", a, b, listing, slot, "counterparty")
        if a == b:
            return self.expect(response, 400, "validation_error", "counterparty_user_id")
        if twin := self.twin(wanted):
            assert response.data["id"] == twin
            return self.expect(response, 200)
        if self.matches.get(pair) != "active":
            return self.expect(response, 409, "no_active_match")
        if listing not in pair and not (listing == NEUTRAL and self.over[pair]):
            return self.expect(response, 400, "validation_error", "property_id")
        if self.busy({a, b}, slot, 2):
            return self.expect(response, 409, "visit_conflict")
        return self.made(response, wanted)

    @rule(a=people, slot=slots)
    def tour(self, a, slot):
        body = {"property_id": self.homes[NEUTRAL].pk, "scheduled_date": self.at(slot)}
        response = self.call("post", a, "/visits", body)
        wanted = Booked("property_tour", a, None, NEUTRAL, slot, "agency")
        if twin := self.twin(wanted):
            assert response.data["id"] == twin
            return self.expect(response, 200)
        if self.busy({a}, slot, 1):
            return self.expect(response, 409, "visit_conflict")
        return self.made(response, wanted)

    def mostly_matched(self):
        active = [pair for pair, status in self.matches.items() if status == "active"]
        return st.sampled_from([*active, *((b, a) for a, b in active), *ORDERED])

    def twin(self, wanted):
        for key, visit in self.visits.items():
            same = ("context", "visitor", "other", "listing", "slot")
            if visit.is_live() and all(getattr(visit, name) == getattr(wanted, name) for name in same):
                return key
        return None

    def made(self, response, visit):
        self.expect(response, 201)
        self.visits[response.data["id"]] = visit

    def drawn(self, data):
        """A visit, and somebody who wants something of it: mostly one of those who take part."""
        key = data.draw(st.sampled_from(sorted(self.visits)))
        who = data.draw(st.sampled_from(sorted(self.visits[key].people())) | people)
        return key, self.visits[key], who

    def sees(self, visit, who):
        return visit.role_of(who) or visit.listing == who

    def refused(self, response, visit, who):
        """People who see the visit are told what they may not do; nobody else learns of it."""
        if not self.sees(visit, who):
            self.expect(response, 404, "not_found")
        elif not visit.role_of(who):
            self.expect(response, 403, "permission_denied")
        elif not visit.is_live():
            self.expect(response, 409, "invalid_transition")
        else:
            return False
        return True

    @precondition(lambda self: self.visits)
    @rule(data=st.data())
    def confirm(self, data):
        key, visit, who = self.drawn(data)
        response = self.call("post", who, f"/visits/{key}/confirm")
        if self.refused(response, visit, who):
            return
        # Whoever might have confirmed it may do so again.
        if visit.role_of(who) != (visit.awaiting or visit.confirmed_by):
            self.expect(response, 403, "permission_denied")
        else:
            self.expect(response, 200)
            visit.status, visit.awaiting, visit.confirmed_by = "confirmed", None, visit.role_of(who)

    @precondition(lambda self: self.visits)
    @rule(data=st.data())
    def cancel(self, data):
        key, visit, who = self.drawn(data)
        response = self.call("post", who, f"/visits/{key}/cancel")
        if visit.role_of(who) and visit.status == "cancelled":
            self.expect(response, 200)
        elif not self.refused(response, visit, who):
            self.expect(response, 200)
            visit.status, visit.awaiting = "cancelled", None

    @precondition(lambda self: self.visits)
    @rule(slot=slots, data=st.data())
    def move(self, slot, data):
        key, visit, who = self.drawn(data)
        response = self.call("post", who, f"/visits/{key}/reschedule", {"new_date": self.at(slot)})
        if self.refused(response, visit, who):
            return
        if slot != visit.slot and self.busy(visit.people(), slot, LENGTH[visit.context], but=key):
            self.expect(response, 409, "visit_conflict")
            return
        self.expect(response, 200)
        if slot != visit.slot:
            visit.slot, visit.status, visit.awaiting = (
                slot,
                "rescheduled",
                self.awaiting_confirmation(visit, who),
            )

    def awaiting_confirmation(self, visit, mover):
        if visit.context == "property_tour":
            return "agency"
        return "visitor" if mover == visit.other else "counterparty"

    # What must be the same in both

    @invariant()
    def swipes_and_blocks_agree(self):
        number = self.number.get
        found = Swipe.objects.values_list("user", "target", "action")
        assert {(number(a), number(b)): action for a, b, action in found} == self.swipes
        blocks = UserBlock.objects.values_list("blocker", "blocked")
        assert {(number(a), number(b)) for a, b in blocks} == self.blocks

    @invariant()
    def matches_and_conversations_agree(self):
        number = self.number.get
        columns = ("user_one", "user_two", "status")
        matches = UserMatch.objects.values_list(*columns)
        assert {(number(a), number(b)): status for a, b, status in matches} == self.matches
        conversations = UserConversation.objects.values_list(*columns)
        ended = {"unmatched": "closed"}
        assert {(number(a), number(b)): status for a, b, status in conversations} == {
            pair: ended.get(status, status) for pair, status in self.matches.items()
        }

    @invariant()
    def visits_agree(self):
        found = {
            visit.pk: Booked(
                visit.visit_context,
                self.number[visit.user_id],
                self.number.get(visit.counterparty_user_id),
                self.homes.index(visit.property),
                (visit.scheduled_date - self.start) // SLOT,
                visit.awaiting,
                visit.status,
            )
            for visit in Visit.objects.select_related("property")
        }
        assert found == self.visits
        invited = {key for key, visit in self.visits.items() if visit.other is not None}
        assert set(Message.objects.values_list("visit_id", flat=True)) == invited


@pytest.mark.django_db
def test_four_flatmates_and_their_model_agree():
    run_state_machine_as_test(
        Flatmates,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
