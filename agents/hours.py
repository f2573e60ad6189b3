"""The working hours of a week: validated, sorted, and with adjacent shifts merged."""

from collections.abc import Iterable
from datetime import time
from typing import NamedTuple, TypedDict

from django.utils.translation import gettext as _

from agents.models import WorkingHours
from ghar.errors import Invalid

MINUTES_A_DAY = 24 * 60
LAST_MINUTE = MINUTES_A_DAY - 1


class Shift(TypedDict):
    """A row of working hours as clients send it. Weekday 0 is Monday.

    `closes` 00:00 ends the day, and so does 23:59: that is how others write midnight.
    """

    weekday: int
    opens: time
    closes: time


class Span(NamedTuple):
    """A shift in minutes of its day, so that the midnight at the end (1440) sorts last."""

    weekday: int
    opens: int
    closes: int

    @classmethod
    def from_shift(cls, shift: Shift) -> "Span":
        opens, closes = (value.hour * 60 + value.minute for value in (shift["opens"], shift["closes"]))
        ends_day = closes == 0 or closes == LAST_MINUTE > opens
        return cls(shift["weekday"], opens, MINUTES_A_DAY if ends_day else closes)

    def to_shift(self) -> Shift:
        opens, closes = (time(minutes % MINUTES_A_DAY // 60, minutes % 60) for minutes in self[1:])
        return {"weekday": self.weekday, "opens": opens, "closes": closes}

    def __str__(self) -> str:
        opens, closes = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in self[1:])
        return f"{WorkingHours.Weekday(self.weekday).label} {opens}–{closes}"


def merge_shifts(items: Iterable[Shift], *, field: str) -> list[Shift]:
    """Return the shifts to store, in order of the week.

    Raises Invalid on `field` for the first shift, by its number in `items`, that closes before it opens or
    overlaps another.
    """
    spans: list[Span] = []
    for number, span in sorted(enumerate(map(Span.from_shift, items), 1), key=lambda numbered: numbered[1]):
        previous = spans[-1] if spans and spans[-1].weekday == span.weekday else None
        if span.opens >= span.closes:
            text = _("Row %(row)d: %(shift)s must close after it opens. Enter a night shift as two rows.")
            raise Invalid(**{field: text % {"row": number, "shift": span}})
        if previous and span.opens < previous.closes:
            text = _("Row %(row)d: %(shift)s overlaps %(other)s. Change one of the two.")
            raise Invalid(**{field: text % {"row": number, "shift": span, "other": previous}})
        if previous and span.opens == previous.closes:
            spans[-1] = previous._replace(closes=span.closes)
        else:
            spans.append(span)
    return [span.to_shift() for span in spans]
