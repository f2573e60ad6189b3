"""Distances on a sphere, in a form that an index over latitude and longitude speeds up.

The formulas are those of R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984), 159, and of
J. P. Matuschek, "Finding Points Within a Distance of a Latitude/Longitude Using Bounding Coordinates".
All coordinates are in degrees, all distances in kilometres.
"""

from math import asin, cos, degrees, radians, sin

from django.db.models import F, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cos, Power, Radians, Sin

# The mean radius of the Earth (IUGG).
EARTH_KM = 6371.0088
# Degrees, about 0.1 mm: a place exactly at the edge stays inside the box in spite of rounding errors.
MARGIN = 1e-9


def bounding_box(latitude: float, longitude: float, km: float) -> Q:
    """Return the condition that a row lies in the smallest box of coordinates around a circle.

    The box narrows the rows by an index; the exact distance decides about those within. When the circle
    contains a pole, it touches every longitude, and only latitudes are limited.
    """
    angle = km / EARTH_KM
    south, north = (latitude + sign * (degrees(angle) + MARGIN) for sign in (-1, 1))
    rows = Q(latitude__range=(south, north))
    if south <= -90 or north >= 90:
        return rows
    # Meridians converge, so the circle is widest in degrees not at its centre's latitude but nearer to the
    # pole, where a meridian touches it: sin(width) = sin(angle) / cos(latitude).
    width = degrees(asin(sin(angle) / cos(radians(latitude)))) + MARGIN
    return rows & _between_meridians(longitude - width, longitude + width)


def _between_meridians(west: float, east: float) -> Q:
    """Return the condition for longitudes from `west` to `east`, also across the date line at ±180."""
    if west <= -180:
        return Q(longitude__gte=west + 360) | Q(longitude__lte=east)
    if east >= 180:
        return Q(longitude__gte=west) | Q(longitude__lte=east - 360)
    return Q(longitude__range=(west, east))


def haversine(latitude: float, longitude: float) -> CombinedExpression:
    """Return an expression that orders rows by their distance from a place.

    It is hav(a) = sin²(a/2) of the angle `a` between the two:
    hav(a) = hav(Δlatitude) + cos(latitude₁) · cos(latitude₂) · hav(Δlongitude).
    It grows with the distance, and unlike the cosine formula it is exact for small ones.
    """
    there, here = Radians(F("latitude")), Radians(Value(latitude))
    hav_latitude = Power(Sin((there - here) / 2.0), 2)
    hav_longitude = Power(Sin((Radians(F("longitude")) - Radians(Value(longitude))) / 2.0), 2)
    return hav_latitude + Cos(here) * Cos(there) * hav_longitude


def haversine_of_km(km: float) -> float:
    """Return the value of `haversine` at that distance."""
    return sin(km / EARTH_KM / 2) ** 2
