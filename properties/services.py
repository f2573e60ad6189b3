"""Every change of a listing, its images and its amenities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid, NotAllowed
from properties.models import Amenity, Property, PropertyImage

IMAGES = 50
LAST_PLACE = 32_767


@dataclass(frozen=True)
class Draft:
    """A checked listing and what belongs to it, not saved yet. `key` tells its row from all others."""

    key: str
    listing: Property
    amenities: list[str]
    images: list[PropertyImage]


@transaction.atomic
def create(*, by: User, amenities: Iterable[int | str] = (), **fields: Any) -> Property:
    """A new listing; `by` owns it unless an `owner` is given. `amenities` are ids or titles."""
    listing = Property(**{"owner": by, **fields})
    _refuse_withdrawing(fields)
    listing.full_clean(validate_constraints=False)
    _default_rent(listing)
    listing.save(force_insert=True)
    listing.amenities.set(_amenities(amenities))
    return listing


@transaction.atomic
def update(
    *, property: Property, by: User, amenities: Iterable[int | str] | None = None, **changes: Any
) -> Property:
    """Change what is named. A status puts a withdrawn listing back; `withdraw` is the way out."""
    listing = _locked(property, by)
    _refuse_withdrawing(changes)
    if listing.monthly_rent == listing.base_price:
        changes.setdefault("monthly_rent", None)
    for name, value in changes.items():
        setattr(listing, name, value)
    listing.full_clean(validate_constraints=False)
    _default_rent(listing)
    _save(listing, *changes, "monthly_rent")
    if amenities is not None:
        listing.amenities.set(_amenities(amenities))
    return listing


def withdraw(*, property: Property, by: User) -> None:
    """Take it off the market. Visits to it are not known here: `visits.services` cancels them."""
    _require_change(property, by)
    property.status, property.updated_at = Property.Status.WITHDRAWN, clock.now()
    offered = Property.objects.filter(pk=property.pk).exclude(status=Property.Status.WITHDRAWN)
    offered.update(status=property.status, updated_at=property.updated_at)


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
    """Last in order unless told otherwise; the first one becomes the main one."""
    listing = _locked(property, by)
    if listing.images.count() >= IMAGES:
        raise Invalid(image_url=f"A listing has at most {IMAGES} images. Remove one first.")
    place = _next_place(listing) if display_order is None else display_order
    image = PropertyImage(property=listing, image_url=image_url, caption=caption, display_order=place)
    image.full_clean(validate_constraints=False)
    image.save(force_insert=True)
    return _with_main_image(listing, image, main=is_main_image)


@transaction.atomic
def update_image(*, image: PropertyImage, by: User, **changes: Any) -> PropertyImage:
    """A main image that gives that up leaves it to the first in order."""
    listing = _locked(image.property, by)
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
    """When it was the main one, the next in order becomes that."""
    listing = _locked(image.property, by)
    image.delete()
    _ensure_main_image(listing)
    _save(listing)


@transaction.atomic
def import_listings(*, drafts: Sequence[Draft], owner: User | None) -> int:
    """Save those that are not there yet, and say how many. Amenities that nobody knows are made."""
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


def _wait_for_other_imports() -> None:
    """Until this transaction ends no other import decides which rows are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('properties.import_listings'))")


def _link_amenities(drafts: Sequence[Draft]) -> None:
    titles = [title for draft in drafts for title in draft.amenities]
    _, unknown = Amenity.objects.find(titles)
    Amenity.objects.bulk_create([Amenity(title=title) for title in unknown], ignore_conflicts=True)
    found, _ = Amenity.objects.find(titles)
    by_title = {amenity.title.upper(): amenity for amenity in found}
    link = Property.amenities.through
    link.objects.bulk_create(
        link(property=draft.listing, amenity=by_title[title])
        for draft in drafts
        for title in {title.upper() for title in draft.amenities}
    )


def _locked(listing: Property, by: User) -> Property:
    """The listing as it is now, which nobody else changes before this transaction ends."""
    locked: Property = Property.objects.select_for_update(no_key=True).get(pk=listing.pk)
    _require_change(locked, by)
    return locked


def _require_change(listing: Property, by: User) -> None:
    if not listing.may_be_changed_by(by):
        raise NotAllowed("Only its owner and staff may change a listing.")


def _refuse_withdrawing(fields: dict[str, Any]) -> None:
    if fields.get("status") == Property.Status.WITHDRAWN:
        raise Invalid(status="Use DELETE to withdraw a listing: that cancels its visits, too.")


def _default_rent(listing: Property) -> None:
    """The rent of a listing to let is its base price unless it was set apart."""
    if listing.monthly_rent is None and listing.purpose == Property.Purpose.RENT:
        listing.monthly_rent = listing.base_price


def _amenities(wanted: Iterable[int | str]) -> list[Amenity]:
    found, unknown = Amenity.objects.find(wanted)
    if unknown:
        raise Invalid(amenities=f"There is no such amenity: {', '.join(unknown)}.")
    return found


def _save(listing: Property, *names: str) -> None:
    listing.updated_at = clock.now()
    listing.save(update_fields=[*names, "updated_at"])


def _next_place(listing: Property) -> int:
    last = listing.images.aggregate(last=Max("display_order"))["last"]
    return 0 if last is None else min(last + 1, LAST_PLACE)


def _with_main_image(listing: Property, image: PropertyImage, main: bool) -> PropertyImage:
    _ensure_main_image(listing, image if main else None)
    _save(listing)
    image.refresh_from_db(fields=["is_main_image"])
    return image


def _ensure_main_image(listing: Property, wanted: PropertyImage | None = None) -> None:
    """One main image while there are any: the wanted one, else the present one, else the first."""
    images = list(listing.images.all())
    if not images:
        return
    main = wanted or listing.main_image() or images[0]
    listing.images.exclude(pk=main.pk).filter(is_main_image=True).update(is_main_image=False)
    listing.images.filter(pk=main.pk, is_main_image=False).update(is_main_image=True)
