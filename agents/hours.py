"""A week of working hours: checked, put in order, touching shifts made one."""

from collections.abc import Iterable
from datetime import time
from typing import NamedTuple, TypedDict

from agents.models import WorkingHours
from ghar.errors import Invalid

DAY = 24 * 60


class Shift(TypedDict):
    """One row as people send it. `closes` 00:00 is midnight at the day's end."""

    weekday: int
    opens: time
    closes: time


class Span(NamedTuple):
    """The same in minutes of the day."""

    weekday: int
    opens: int
    closes: int

    def __str__(self) -> str:
        day = WorkingHours.Weekday(self.weekday).label
        return f"{day} {format_minutes(self.opens)}–{format_minutes(self.closes)}"

    def row(self) -> Shift:
        return {"weekday": self.weekday, "opens": to_time(self.opens), "closes": to_time(self.closes)}


def merged(items: Iterable[Shift], *, field: str) -> list[Shift]:
    """The rows to store. Raises Invalid on `field`, naming the first row that cannot be."""
    spans: list[Span] = []
    for number, span in sorted(enumerate(map(to_span, items), 1), key=lambda numbered: numbered[1]):
        last = spans[-1] if spans and spans[-1].weekday == span.weekday else None
        if span.opens >= span.closes:
            raise Invalid(**{field: f"Row {number}: {span} must close after it opens; split a night in two."})
        if last and span.opens < last.closes:
            raise Invalid(**{field: f"Row {number}: {span} overlaps {last}."})
        if last and span.opens == last.closes:
            span = last._replace(closes=span.closes)
            spans.pop()
        spans.append(span)
    return [span.row() for span in spans]


def to_span(shift: Shift) -> Span:
    return Span(shift["weekday"], to_minutes(shift["opens"]), to_minutes(shift["closes"]) or DAY)


def to_minutes(value: time) -> int:
    return value.hour * 60 + value.minute


def to_time(minutes: int) -> time:
    return time(minutes % DAY // 60, minutes % 60)


def format_minutes(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
