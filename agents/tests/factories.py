from datetime import time, timedelta

import factory
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from factory.django import DjangoModelFactory

from agents.models import Agent, Engagement, TimeOff, WorkingHours
from ghar import clock
from ghar.accounts.tests.factories import UserFactory


class AgentFactory(DjangoModelFactory):
    class Meta:
        model = Agent

    name = factory.Sequence(lambda n: f"Agent {n:04}")
    contact_number = factory.Sequence(lambda n: f"+9198200{n:05}")
    cities = ["Mumbai"]

    class Params:
        with_login = factory.Trait(user=factory.SubFactory(UserFactory))


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

    seeker = factory.SubFactory(UserFactory)
    agent = factory.SubFactory(AgentFactory)
