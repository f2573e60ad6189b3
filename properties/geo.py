"""Circles on a sphere, in a form that an index over latitude and longitude helps with."""

from math import asin, cos, degrees, radians, sin

from django.db.models import F, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cos, Power, Radians, Sin

EARTH_KM = 6371.0088
# In degrees: keeps a place on the very edge inside the box, whatever the last bits of both say.
MARGIN = 1e-9


def box(latitude: float, longitude: float, km: float) -> Q:
    """The degrees between which the circle lies; all longitudes when it holds a pole."""
    reach = km / EARTH_KM
    south, north = (latitude + sign * (degrees(reach) + MARGIN) for sign in (-1, 1))
    rows = Q(latitude__range=(south, north))
    if south <= -90 or north >= 90:
        return rows
    # Where a meridian touches the circle, which is nearer to the pole than its centre.
    aside = degrees(asin(sin(reach) / cos(radians(latitude)))) + MARGIN
    return rows & _meridians(longitude - aside, longitude + aside)


def _meridians(west: float, east: float) -> Q:
    if west <= -180:
        return Q(longitude__gte=west + 360) | Q(longitude__lte=east)
    if east >= 180:
        return Q(longitude__gte=west) | Q(longitude__lte=east - 360)
    return Q(longitude__range=(west, east))


def haversine(latitude: float, longitude: float) -> CombinedExpression:
    """sin² of half the angle between a row's place and this one: it grows with the distance."""
    there, here = Radians(F("latitude")), Radians(Value(latitude))
    up = Power(Sin((there - here) / 2.0), 2)
    aside = Power(Sin((Radians(F("longitude")) - Radians(Value(longitude))) / 2.0), 2)
    return up + Cos(here) * Cos(there) * aside


def haversine_of(km: float) -> float:
    return sin(km / EARTH_KM / 2) ** 2
