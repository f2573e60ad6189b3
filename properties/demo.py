"""The demo's twenty listings in three cities. Their pictures were drawn for this project."""

from pathlib import Path

from ghar.accounts.models import User
from properties import importing, services
from properties.models import Amenity, Property

LISTINGS_FILE = Path(__file__).with_name("demo_listings.csv")
# The icon, which is the name of a Material symbol, and the category by title.
DEMO_AMENITIES = {
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
    """Return the demo's listings. Those that exist already stay as they are."""
    Amenity.objects.bulk_create(
        [
            Amenity(title=title, icon=icon, category=category)
            for title, (icon, category) in DEMO_AMENITIES.items()
        ],
        ignore_conflicts=True,
    )
    with LISTINGS_FILE.open("rb") as file:
        entries = importing.open_import(file).entries()
        drafts = [entry.draft for entry in entries if entry.draft]
    services.import_listings(drafts=drafts, owner=owner)
    keys = [draft.key for draft in drafts]
    return list(Property.objects.filter(import_key__in=keys).order_by("id"))
