"""Changes of a listing, its images and its amenities. visits.services withdraws: that cancels visits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid, NotAllowed
from properties.models import Amenity, Property, PropertyImage

MAX_IMAGES = 50
LAST_PLACE = 32_767


@dataclass(frozen=True)
class Draft:
    """A checked listing with its amenities and images, not saved yet. `key` tells its row from all others."""

    key: str
    listing: Property
    amenities: list[str]
    images: list[PropertyImage]


@transaction.atomic
def create_property(*, by: User, amenities: Iterable[int | str] = (), **fields: Any) -> Property:
    """Create a listing; `by` owns it unless an `owner` is given. `amenities` are ids or titles."""
    listing = Property(**{"owner": by, **fields})
    _refuse_withdrawing(fields)
    listing.full_clean(validate_constraints=False)
    _default_rent(listing)
    listing.save(force_insert=True)
    listing.amenities.set(_amenities(amenities))
    return listing


@transaction.atomic
def update_property(
    *, property: Property, by: User, amenities: Iterable[int | str] | None = None, **changes: Any
) -> Property:
    """Change the named fields. A status puts a withdrawn listing back; none withdraws it."""
    listing = _lock_listing(property, by)
    _refuse_withdrawing(changes)
    if listing.monthly_rent == listing.base_price:
        changes.setdefault("monthly_rent", None)
    for name, value in changes.items():
        setattr(listing, name, value)
    listing.full_clean(validate_constraints=False)
    _default_rent(listing)
    _save_listing(listing, *changes, "monthly_rent")
    if amenities is not None:
        listing.amenities.set(_amenities(amenities))
    return listing


@transaction.atomic
def add_image(
    *,
    property: Property,
    by: User,
    image_url: str,
    caption: str = "",
    display_order: int | None = None,
    is_main_image: bool = False,
) -> PropertyImage:
    """Add an image, last in order unless `display_order` is given; the first becomes the main image."""
    listing = _lock_listing(property, by)
    if listing.images.count() >= MAX_IMAGES:
        raise Invalid(
            image_url=_("A listing can have at most %(limit)d images. Remove one first.")
            % {"limit": MAX_IMAGES}
        )
    place = _next_place(listing) if display_order is None else display_order
    image = PropertyImage(property=listing, image_url=image_url, caption=caption, display_order=place)
    image.full_clean(validate_constraints=False)
    image.save(force_insert=True)
    return _with_main_image(listing, image, main=is_main_image)


@transaction.atomic
def update_image(*, image: PropertyImage, by: User, **changes: Any) -> PropertyImage:
    """Change an image. When the main image stops being it, the first in order takes over."""
    listing = _lock_listing(image.property, by)
    main = changes.get("is_main_image", False)
    for name, value in changes.items():
        setattr(image, name, value)
    # The database allows one main image: another has to lose it first.
    image.is_main_image = image.is_main_image and not main
    image.full_clean(validate_constraints=False)
    image.save(update_fields=[*changes])
    return _with_main_image(listing, image, main=main)


@transaction.atomic
def remove_image(*, image: PropertyImage, by: User) -> None:
    """Remove an image; after the main one the next in order takes over."""
    listing = _lock_listing(image.property, by)
    image.delete()
    _ensure_main_image(listing)
    _save_listing(listing)


@transaction.atomic
def import_listings(*, drafts: Sequence[Draft], owner: User | None) -> int:
    """Save the drafts whose key is new, and return their number. Unknown amenities are created."""
    _wait_for_other_imports()
    imported = Property.objects.filter(import_key__in=[draft.key for draft in drafts])
    present = set(imported.values_list("import_key", flat=True))
    new = [draft for draft in drafts if draft.key not in present]
    for draft in new:
        draft.listing.import_key, draft.listing.owner = draft.key, owner
        _default_rent(draft.listing)
    Property.objects.bulk_create([draft.listing for draft in new])
    PropertyImage.objects.bulk_create([image for draft in new for image in draft.images])
    _link_amenities(new)
    return len(new)


def count_new(keys: Sequence[str]) -> int:
    """Return how many of these keys no listing has yet."""
    return len(keys) - Property.objects.filter(import_key__in=keys).count()


def _wait_for_other_imports() -> None:
    """Keep other imports from deciding which rows are new until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('properties.import_listings'))")


def _link_amenities(drafts: Sequence[Draft]) -> None:
    titles = [title for draft in drafts for title in draft.amenities]
    _, unknown = Amenity.objects.find(titles)
    Amenity.objects.bulk_create([Amenity(title=title) for title in unknown], ignore_conflicts=True)
    by_title, _ = Amenity.objects.by_name(titles)
    link = Property.amenities.through
    link.objects.bulk_create(
        link(property=draft.listing, amenity=amenity)
        for draft in drafts
        for amenity in {by_title[title] for title in draft.amenities if title in by_title}
    )


def _lock_listing(listing: Property, by: User) -> Property:
    """Lock the listing until the transaction ends, and return it as it is now."""
    locked: Property = Property.objects.select_for_update(no_key=True).get(pk=listing.pk)
    check_may_change(locked, by)
    return locked


def check_may_change(listing: Property, by: User) -> None:
    if not listing.may_be_changed_by(by):
        raise NotAllowed(_("Only its owner and staff can change a listing."))


def _refuse_withdrawing(fields: dict[str, Any]) -> None:
    if fields.get("status") == Property.Status.WITHDRAWN:
        raise Invalid(status=_("Use DELETE to withdraw a listing. That cancels its visits, too."))


def _default_rent(listing: Property) -> None:
    """Set the rent of a listing for rent to its base price unless it has one of its own."""
    if listing.monthly_rent is None and listing.purpose == Property.Purpose.RENT:
        listing.monthly_rent = listing.base_price


def _amenities(wanted: Iterable[int | str]) -> list[Amenity]:
    found, unknown = Amenity.objects.find(wanted)
    if unknown:
        raise Invalid(
            amenities=_("Unknown amenities: %(names)s. Choose existing ones.") % {"names": ", ".join(unknown)}
        )
    return found


def _save_listing(listing: Property, *names: str) -> None:
    listing.updated_at = clock.now()
    listing.save(update_fields=[*names, "updated_at"])


def _next_place(listing: Property) -> int:
    last = listing.images.aggregate(last=Max("display_order"))["last"]
    return 0 if last is None else min(last + 1, LAST_PLACE)


def _with_main_image(listing: Property, image: PropertyImage, main: bool) -> PropertyImage:
    _ensure_main_image(listing, image if main else None)
    _save_listing(listing)
    image.refresh_from_db(fields=["is_main_image"])
    return image


def _ensure_main_image(listing: Property, wanted: PropertyImage | None = None) -> None:
    """Leave one main image if there are any: the wanted one, else the current one, else the first."""
    images = list(listing.images.all())
    if not images:
        return
    main = wanted or listing.main_image() or images[0]
    listing.images.exclude(pk=main.pk).filter(is_main_image=True).update(is_main_image=False)
    listing.images.filter(pk=main.pk, is_main_image=False).update(is_main_image=True)
