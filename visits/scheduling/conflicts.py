"""Live visits that keep another one from its time."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from visits.models import Visit


def blocking(visit: Visit, start: datetime, end: datetime) -> "models.QuerySet[Visit]":
    """Live visits that keep an (unsaved) visit from [start, end): of its people, or at its listing."""
    others = Visit.objects.live().during(start, end).exclude(pk=visit.pk)
    return others.filter(of_people(visit) | at_exclusive_listing(visit))


def of_people(visit: Visit) -> Q:
    people = visit.people()
    return Q(user_id__in=people) | Q(counterparty_user_id__in=people)


def at_exclusive_listing(visit: Visit) -> Q:
    """Tours at the same listing, when one of the two was promised to be alone there."""
    if not visit.is_tour():
        return Q(pk__in=[])
    there = Q(property_id=visit.property_id, visit_context=Visit.Context.PROPERTY_TOUR)
    return there if visit.exclusive else there & Q(exclusive=True)
