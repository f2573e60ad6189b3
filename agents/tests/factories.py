from datetime import time, timedelta

import factory
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from factory.django import DjangoModelFactory

from agents.models import Agent, Engagement, TimeOff, WorkingHours
from ghar import clock


class SeekerFactory(DjangoModelFactory):
    class Meta:
        model = "accounts.User"

    full_name = factory.Sequence(lambda n: f"Seeker {n}")
    email = factory.Sequence(lambda n: f"seeker{n}@example.com")


class AgentFactory(DjangoModelFactory):
    class Meta:
        model = Agent

    name = factory.Sequence(lambda n: f"Agent {n:04}")
    contact_number = factory.Sequence(lambda n: f"+9198200{n:05}")

    class Params:
        with_login = factory.Trait(user=factory.SubFactory(SeekerFactory))


class WorkingHoursFactory(DjangoModelFactory):
    class Meta:
        model = WorkingHours

    agent = factory.SubFactory(AgentFactory)
    weekday = WorkingHours.Weekday.MONDAY
    opens = time(9)
    closes = time(17)


class TimeOffFactory(DjangoModelFactory):
    class Meta:
        model = TimeOff

    class Params:
        starts = factory.LazyFunction(lambda: clock.now() + timedelta(days=1))
        ends = factory.LazyAttribute(lambda off: off.starts + timedelta(days=1))

    agent = factory.SubFactory(AgentFactory)
    period = factory.LazyAttribute(lambda off: DateTimeTZRange(off.starts, off.ends))


class EngagementFactory(DjangoModelFactory):
    class Meta:
        model = Engagement

    seeker = factory.SubFactory(SeekerFactory)
    agent = factory.SubFactory(AgentFactory)
