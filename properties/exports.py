"""The listings as a CSV file, which the importer reads: columns that are no fields are for people."""

from functools import partial

from django.db.models import QuerySet

from ghar.exports import CsvExport
from properties.importing.headers import FIELDS
from properties.models import Property


def property_rows() -> QuerySet[Property]:
    return Property.objects.with_details().select_related("owner")


def column_value(listing: Property, name: str) -> object:
    """Return a field as the importer reads it."""
    if name == "amenities":
        return "|".join(amenity.title for amenity in listing.amenities.all())
    if name == "image_urls":
        images = listing.images.all()
        return "|".join(f"{image.image_url} {image.caption}".strip() for image in images)
    if name == "features":
        # | divides the entries, so it can't be part of one.
        named = [f"{key}={text}" for key, text in listing.attributes.items()]
        return "|".join(text.replace("|", "/") for text in [*listing.features, *named])
    return getattr(listing, name)


PROPERTIES = CsvExport(
    "properties",
    property_rows,
    {
        "id": lambda listing: listing.pk,
        **{name: partial(column_value, name=name) for name in FIELDS},
        "owner": lambda listing: listing.owner and listing.owner.full_name,
        "created_at": lambda listing: listing.created_at,
        "updated_at": lambda listing: listing.updated_at,
    },
)
