"""Everything a tour needs. Visits themselves are made by the services."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ghar import clock
from ghar.accounts.models import User
from properties.models import Property
from visits import services
from visits.models import Visit

KOLKATA = ZoneInfo("Asia/Kolkata")
# Parameters of tests are computed when a run begins. Midnight may pass before the test itself runs, and both
# have to count from one day.
TODAY = clock.now().astimezone(KOLKATA).date()


def local(days: int, hour: int, minute: int = 0) -> datetime:
    """Return the time so many days after TODAY at that hour in Mumbai, as an instant in UTC."""
    return datetime.combine(TODAY + timedelta(days=days), time(hour, minute), KOLKATA).astimezone(UTC)


def book(user: User, listing: Property, start: datetime, **kwargs: object) -> Visit:
    visit, made = services.schedule(
        by=user, user=user, property_id=listing.pk, scheduled_date=start, **kwargs
    )
    assert made
    return visit
