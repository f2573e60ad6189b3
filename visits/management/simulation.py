"""A simulation of an agency: sixty days of bookings through the real services, at the times of its own clock.

Agents work early, middle or late shifts; every fourth works part-time. One agent joins on day 20, and one is
on leave from day 10 to day 24. Seekers book up to a week ahead, mostly for the afternoon. A fifth of the
bookings come from seekers who have booked before, and 15 % of the visits are cancelled.

Before each booking, the simulation itself finds out which agents could get the visit: those who are eligible
and equal on the first parts of the ranking key. So what it reports does not depend on the product's counters.
"""

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from django.conf import settings

from agents import services as agent_services
from agents.hours import Shift
from agents.models import Agent
from ghar import clock
from ghar.accounts.models import User
from properties.models import Property
from visits import services
from visits.assignment.fairness import jain_index
from visits.assignment.ranking import RANK_PARTS, Preferences, ranked
from visits.models import Visit
from visits.scheduling.eligibility import Requirements, eligible
from visits.scheduling.errors import VisitConflict

FIRST_DAY = datetime(2027, 1, 4, tzinfo=ZoneInfo("Asia/Kolkata"))
JOIN_DAY, LEAVE_STARTS, LEAVE_ENDS = 20, 10, 24
FULL_TIME = [(time(8), time(17)), (time(9, 30), time(18, 30)), (time(11), time(20))]
PART_TIME = [(time(9), time(13, 30)), (time(13, 30), time(18)), (time(15, 30), time(20))]
SHARE_RETURNING, SHARE_CANCELLED = 0.2, 0.15


@dataclass
class Tally:
    """The results so far. Dictionaries are by agent id.

    `exposure` is the sum of an agent's equal parts in the choices that the agent could have won, `won` the
    number of visits that they got in these. `regret` lists, for each choice, by how many live visits the
    chosen agent was above the least busy one. `first_week` is the newcomer's exposure and visits won.
    """

    booked: int = 0
    unassigned: int = 0
    unassigned_while_eligible: int = 0
    exposure: dict[int, float] = field(default_factory=dict)
    won: dict[int, int] = field(default_factory=dict)
    regret: list[int] = field(default_factory=list)
    first_week: tuple[float, int] = (0, 0)

    def fairness(self) -> float:
        """Return Jain's index over the visits won in proportion to exposure: 1 when all shares are equal."""
        index = jain_index([self.won.get(id_, 0) / part for id_, part in self.exposure.items()])
        return math.nan if index is None else float(index)


class Agency:
    """A run of the simulation. `seed` determines everything that is random."""

    def __init__(self, *, days: int, visits_a_day: int, agents: int, seed: int) -> None:
        self.days, self.visits_a_day, self.agents = days, visits_a_day, agents
        self.random = Random(seed)
        self.tally = Tally()
        # A heap of what happens to the visits later. The number keeps the order of equal moments.
        self.planned: list[tuple[datetime, int, Callable[[], object]]] = []
        self.numbers = count()
        self.seekers: list[User] = []
        self.newcomer: Agent | None = None

    def run(self) -> Iterator[int]:
        """Simulate day by day, and yield the number of each day, from 0, when it is over."""
        with clock.frozen_at(FIRST_DAY.astimezone(UTC)):
            self.create_agency()
        for day in range(self.days):
            if day == JOIN_DAY:
                with clock.frozen_at(midnight(day)):
                    self.newcomer = self.hire_agent(self.agents)
            # People book between eight in the morning and ten at night.
            hours = sorted(self.random.uniform(8, 22) for _ in range(self.visits_a_day))
            for moment in [midnight(day) + timedelta(hours=hour) for hour in hours]:
                # What was planned for the meantime happens first: visits are cancelled and completed.
                while self.planned and self.planned[0][0] <= moment:
                    then, _, act = heapq.heappop(self.planned)
                    with clock.frozen_at(then):
                        act()
                with clock.frozen_at(moment):
                    self.book_visit(day)
            yield day

    def create_agency(self) -> None:
        self.staff = User.objects.create_superuser("staff@agency.example", None, full_name="Staff")
        # The listings lie in a town of ten by ten kilometres.
        places = [[self.random.uniform(-0.045, 0.045) for _ in range(2)] for _ in range(40)]
        self.listings = Property.objects.bulk_create(
            Property(
                title=f"Home {number}",
                city="Pune",
                base_price=20_000,
                latitude=18.52 + north,
                longitude=73.85 + east,
            )
            for number, (north, east) in enumerate(places)
        )
        team = [self.hire_agent(number) for number in range(self.agents - 1)]
        services.take_time_off(
            agent=team[5],
            by=self.staff,
            from_=midnight(LEAVE_STARTS),
            to=midnight(LEAVE_ENDS),
            reason="Leave",
        )

    def hire_agent(self, number: int) -> Agent:
        if number % 4 == 3:
            opens, closes = PART_TIME[number // 4 % 3]
        else:
            opens, closes = FULL_TIME[number % 3]
        days_off = {number % 7, (number + 1) % 7}
        week: list[Shift] = [
            {"weekday": day, "opens": opens, "closes": closes} for day in range(7) if day not in days_off
        ]
        return agent_services.create_agent(
            by=self.staff, name=f"Agent {number + 1}", cities=["Pune"], working_hours=week
        )

    def book_visit(self, day: int) -> None:
        """Book a visit, count who got it, and plan what becomes of it."""
        if self.seekers and self.random.random() < SHARE_RETURNING:
            seeker = self.random.choice(self.seekers)
        else:
            number = len(self.seekers)
            seeker = User.objects.create(full_name=f"Seeker {number}", email=f"seeker{number}@agency.example")
            self.seekers.append(seeker)
        visit = Visit(user=seeker, property=self.random.choice(self.listings))
        # Visits begin on a quarter of an hour up to a week ahead, mostly soon and in the afternoon.
        ahead = self.random.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7])
        quarter = int(self.random.triangular(8, 20, 16) * 4)
        start = midnight(day + ahead) + timedelta(minutes=15 * quarter)
        if start <= clock.now():
            start += timedelta(days=1)
        visit.set_time(start, timedelta(minutes=settings.TOUR_MINUTES))
        rivals = find_rivals(visit)
        try:
            booked, _ = services.schedule(
                by=visit.user, user=visit.user, property_id=visit.property_id, scheduled_date=start
            )
        except VisitConflict:
            # A returning seeker has another visit at that time.
            return
        self.count_booking(day, booked, rivals)
        moment = booked.scheduled_end
        act: Callable[[], object] = partial(self.close_visit, booked)
        if self.random.random() < SHARE_CANCELLED:
            moment = clock.now() + (booked.scheduled_date - clock.now()) * self.random.random()
            act = partial(services.cancel, visit=booked, by=booked.user)
        heapq.heappush(self.planned, (moment, next(self.numbers), act))

    def close_visit(self, visit: Visit) -> None:
        """Complete a visit; a tour that nobody has shown is cancelled."""
        visit.refresh_from_db()
        close = services.cancel if visit.lacks_agent() else services.complete
        close(visit=visit, by=self.staff)

    def count_booking(self, day: int, visit: Visit, rivals: list[Agent]) -> None:
        """Add the booking to the tally; `rivals` are those who could have got it, as they were before."""
        tally = self.tally
        tally.booked += 1
        tally.unassigned += visit.agent_id is None
        tally.unassigned_while_eligible += bool(rivals) and visit.agent_id is None
        for agent in rivals:
            tally.exposure[agent.pk] = tally.exposure.get(agent.pk, 0) + 1 / len(rivals)
        if visit.agent_id and rivals:
            tally.won[visit.agent_id] = tally.won.get(visit.agent_id, 0) + 1
            live = {agent.pk: agent.live_visits for agent in rivals}
            tally.regret.append(live[visit.agent_id] - min(live.values()))
        if self.newcomer and day < JOIN_DAY + 7:
            fair, won = tally.first_week
            part = 1 / len(rivals) if self.newcomer.pk in {agent.pk for agent in rivals} else 0
            tally.first_week = (fair + part, won + (visit.agent_id == self.newcomer.pk))


def find_rivals(visit: Visit) -> list[Agent]:
    """Return the agents who could take the visit and are equal to the best on the parts RANK_PARTS."""
    agents = list(
        ranked(eligible(Agent.objects.all(), Requirements.for_visit(visit)), Preferences.for_visit(visit))
    )
    ranks = [tuple(vars(agent)[name] for name in RANK_PARTS) for agent in agents]
    return [agent for agent, rank in zip(agents, ranks, strict=True) if rank == ranks[0]]


def midnight(day: int) -> datetime:
    """Return when a day of the simulation, counted from 0, begins in India, in UTC."""
    return (FIRST_DAY + timedelta(days=day)).astimezone(UTC)
