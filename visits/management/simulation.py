"""Sixty days of an agency, lived through the real services with the project's clock.

Agents work early, middle or late shifts, every fourth one part of the day; one joins on day 20, one is on
leave from day 10 to 24. Seekers book up to a week ahead, most for the afternoon, a fifth of them come back,
and every seventh cancels. What each agent could have got is judged before each booking, by the predicate
itself and among agents equal on the first parts of the key, not read from what the agency counts.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from agents import services as agent_services
from agents.hours import Shift
from agents.models import Agent
from ghar import clock
from ghar.accounts.models import User
from properties.models import Property
from visits import services
from visits.assignment import queue
from visits.assignment.fairness import jain_index
from visits.assignment.ranking import RANK_PARTS, Preferences, ranked
from visits.errors import VisitConflict
from visits.models import Visit
from visits.scheduling.eligibility import Requirements, eligible

ZONE = ZoneInfo("Asia/Kolkata")
FIRST_DAY = datetime(2027, 1, 4, tzinfo=ZONE)
JOINS, LEAVES, RETURNS = 20, 10, 24
FULL = [(time(8), time(17)), (time(9, 30), time(18, 30)), (time(11), time(20))]
PART = [(time(9), time(13, 30)), (time(13, 30), time(18)), (time(15, 30), time(20))]
SHARE_RETURNING, SHARE_CANCELLING = 0.2, 0.15


@dataclass
class Tally:
    """What came of it. Exposure: an agent's part in each choice that he could have won."""

    booked: int = 0
    unassigned: int = 0
    unassigned_while_eligible: int = 0
    exposure: dict[int, float] = field(default_factory=dict)
    got: dict[int, int] = field(default_factory=dict)
    regret: list[int] = field(default_factory=list)
    first_week: tuple[float, int] = (0, 0)

    def fairness(self) -> Any:
        """Jain's index over what each got of what he could have got."""
        return jain_index([self.got.get(id_, 0) / part for id_, part in self.exposure.items()])

    def newcomer(self) -> float:
        """What he got in his first week, in fair shares."""
        fair, got = self.first_week
        return round(got / fair, 2) if fair else math.nan

    def regrets(self) -> tuple[float, int]:
        """Live visits of the chosen one above those of the least busy one: mean and 95th percentile."""
        ordered = sorted(self.regret)
        return round(sum(ordered) / len(ordered), 2), ordered[int(len(ordered) * 0.95)]


class Agency:
    """One run; `seed` decides everything that is random."""

    def __init__(self, *, days: int, visits_a_day: int, agents: int, seed: int) -> None:
        self.days, self.visits_a_day, self.number = days, visits_a_day, agents
        self.random = Random(seed)
        self.tally = Tally()
        self.later: list[tuple[datetime, int, Any, Visit]] = []
        self.order = count()
        self.seekers: list[User] = []
        self.newcomer: Agent | None = None

    def run(self) -> Iterator[int]:
        """Each day's number, once it is over."""
        with clock.frozen_at(FIRST_DAY.astimezone(UTC)):
            self.open()
        for day in range(self.days):
            for moment in self.moments(day):
                self.catch_up(moment)
                with clock.frozen_at(moment):
                    self.book(day)
            yield day

    def open(self) -> None:
        self.staff = User.objects.create_superuser("staff@agency.example", None, full_name="Staff")
        self.homes = Property.objects.bulk_create(self.home(number) for number in range(40))
        self.team = [self.hire(number) for number in range(self.number - 1)]
        services.take_time_off(
            agent=self.team[5],
            by=self.staff,
            from_=simulated_time(LEAVES),
            to=simulated_time(RETURNS),
            reason="Leave",
        )

    def home(self, number: int) -> Property:
        """Somewhere in a town of ten by ten kilometres."""
        place = [self.random.uniform(-0.045, 0.045) for _ in range(2)]
        return Property(
            title=f"Home {number}",
            city="Pune",
            base_price=20_000,
            latitude=18.52 + place[0],
            longitude=73.85 + place[1],
        )

    def hire(self, number: int) -> Agent:
        part_time = number % 4 == 3
        opens, closes = (PART if part_time else FULL)[number // 4 % 3 if part_time else number % 3]
        off = {number % 7, (number + 1) % 7}
        week: list[Shift] = [
            {"weekday": day, "opens": opens, "closes": closes} for day in range(7) if day not in off
        ]
        return agent_services.create_agent(
            by=self.staff, name=f"Agent {number + 1}", cities=["Pune"], working_hours=week
        )

    def moments(self, day: int) -> list[datetime]:
        """When people book: from eight to ten at night."""
        if day == JOINS:
            with clock.frozen_at(simulated_time(day)):
                self.newcomer = self.hire(self.number)
        hours = sorted(self.random.uniform(8, 22) for _ in range(self.visits_a_day))
        return [simulated_time(day) + timedelta(hours=hour) for hour in hours]

    def catch_up(self, moment: datetime) -> None:
        """Cancel and complete what is due by then."""
        while self.later and self.later[0][0] <= moment:
            due, _, act, visit = heapq.heappop(self.later)
            with clock.frozen_at(due):
                act(visit)

    def book(self, day: int) -> None:
        visit = Visit(user=self.seeker(), property=self.random.choice(self.homes))
        start = self.start(day)
        visit.set_time(start, timedelta(minutes=settings.TOUR_MINUTES))
        equal = self.rivals(visit)
        try:
            booked, _ = services.schedule(
                by=visit.user, user=visit.user, property_id=visit.property_id, scheduled_date=start
            )
        except VisitConflict:  # a seeker who comes back has another visit then
            return
        self.note(day, booked, equal)
        self.foresee(booked)

    def seeker(self) -> User:
        if self.seekers and self.random.random() < SHARE_RETURNING:
            return self.random.choice(self.seekers)
        number = len(self.seekers)
        seeker = User.objects.create(full_name=f"Seeker {number}", email=f"seeker{number}@agency.example")
        self.seekers.append(seeker)
        return seeker

    def start(self, day: int) -> datetime:
        """Up to a week ahead, most often soon and in the afternoon; on the quarter of an hour."""
        ahead = self.random.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7])
        quarter = int(self.random.triangular(8, 20, 16) * 4)
        start = simulated_time(day + ahead) + timedelta(minutes=15 * quarter)
        return start if start > clock.now() else start + timedelta(days=1)

    def rivals(self, visit: Visit) -> list[Any]:
        """Who could take the visit, and is as good as the best on the first parts of the key."""
        agents = list(
            ranked(eligible(Agent.objects.all(), Requirements.for_visit(visit)), Preferences.for_visit(visit))
        )
        ranks = [tuple(vars(agent)[name] for name in RANK_PARTS) for agent in agents]
        return [agent for agent, rank in zip(agents, ranks, strict=True) if rank == ranks[0]]

    def note(self, day: int, visit: Visit, rivals: list[Any]) -> None:
        tally = self.tally
        tally.booked += 1
        tally.unassigned += visit.agent_id is None
        tally.unassigned_while_eligible += bool(rivals) and visit.agent_id is None
        for agent in rivals:
            tally.exposure[agent.pk] = tally.exposure.get(agent.pk, 0) + 1 / len(rivals)
        if visit.agent_id and rivals:
            tally.got[visit.agent_id] = tally.got.get(visit.agent_id, 0) + 1
            live = {agent.pk: agent.live_visits for agent in rivals}
            tally.regret.append(live[visit.agent_id] - min(live.values()))
        if self.newcomer and day < JOINS + 7:
            fair, got = tally.first_week
            part = 1 / len(rivals) if self.newcomer.pk in {agent.pk for agent in rivals} else 0
            tally.first_week = (fair + part, got + (visit.agent_id == self.newcomer.pk))

    def foresee(self, visit: Visit) -> None:
        """The visit's end: somebody cancels before, or it takes place."""
        if self.random.random() < SHARE_CANCELLING:
            ahead = visit.scheduled_date - clock.now()
            self.plan(clock.now() + ahead * self.random.random(), self.cancel, visit)
        else:
            self.plan(visit.scheduled_end, self.complete, visit)

    def plan(self, moment: datetime, act: Any, visit: Visit) -> None:
        heapq.heappush(self.later, (moment, next(self.order), act, visit))

    def cancel(self, visit: Visit) -> None:
        services.cancel(visit=visit, by=visit.user)

    def complete(self, visit: Visit) -> None:
        services.complete(visit=visit, by=self.staff)

    def left_over(self) -> int:
        """Visits still in the queue that somebody could take: there must be none."""
        with clock.frozen_at(simulated_time(self.days)):
            return sum(tried.assigned for tried in queue.assign_pending())


def simulated_time(day: int) -> datetime:
    return (FIRST_DAY + timedelta(days=day)).astimezone(UTC)
