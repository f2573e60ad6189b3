"""Twenty listings in three cities to try things on; their pictures are drawn for this project."""

from pathlib import Path

from ghar.accounts.models import User
from properties import importing, services
from properties.models import Amenity, Property

FILE = Path(__file__).with_name("demo_listings.csv")
# Title: icon (a Material symbol's name), category.
AMENITIES = {
    "Lift": ("elevator", "building"),
    "Covered parking": ("local_parking", "building"),
    "Power backup": ("bolt", "building"),
    "Security": ("shield", "building"),
    "Gym": ("fitness_center", "leisure"),
    "Swimming pool": ("pool", "leisure"),
    "Garden": ("park", "leisure"),
    "Air conditioning": ("ac_unit", "home"),
    "Wi-Fi": ("wifi", "home"),
    "Pets allowed": ("pets", "rules"),
}


def create_listings(*, owner: User) -> list[Property]:
    """The demo's listings; those that are there already stay as they are."""
    Amenity.objects.bulk_create(
        [Amenity(title=title, icon=icon, category=group) for title, (icon, group) in AMENITIES.items()],
        ignore_conflicts=True,
    )
    with FILE.open(encoding="utf-8", newline="") as file:
        drafts = [made for _, made in importing.drafts(file) if isinstance(made, services.Draft)]
    services.import_listings(drafts=drafts, owner=owner)
    keys = [draft.key for draft in drafts]
    return list(Property.objects.filter(import_key__in=keys).order_by("id"))
