import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Abs, Concat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ghar import clock
from ghar.fields import AddressField, LineField, NameField, ParagraphField, TimeZoneField
from ghar.staff import has_staff_perm
from ghar.text import clean_words, visible_or
from ghar.text_keys import TextKey, key_of, keys
from ghar.validators import validate_link
from properties import geo
from properties.validators import clean_attributes, clean_features, validate_attributes, validate_features

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from ghar.accounts.models import User

# A search looks into all of these as one text without case, so that one trigram index serves it.
SEARCHED_COLUMNS = ("title", "description", "locality", "sub_locality", "landmark", "full_address", "city")
SEARCH_TEXT = TextKey(
    Concat(
        *[part for name in SEARCHED_COLUMNS for part in (models.F(name), models.Value("\n"))],
        output_field=models.TextField(),
    )
)


def has_digits(name: str, digits: int) -> models.Q:
    """Return the condition that a number is not negative and has at most `digits` before the point.

    The upper bound keeps out NaN as well, which PostgreSQL sorts above every number.
    """
    return models.Q(**{f"{name}__gte": 0, f"{name}__lt": Decimal(10) ** digits})


class AmenityQuerySet(models.QuerySet["Amenity"]):
    def find(self, wanted: Iterable[int | str]) -> "tuple[list[Amenity], list[str]]":
        """Return the amenities with these ids or titles, and the names without one."""
        by_name, unknown = self.by_name(wanted)
        return list(dict.fromkeys(by_name.values())), unknown

    def by_name(self, wanted: Iterable[int | str]) -> "tuple[dict[int | str, Amenity], list[str]]":
        """Return the amenity of each name that has one, and the other names, each once.

        A name is an id or a title. Titles are the same as the database compares them.
        """
        names = list(dict.fromkeys(wanted))
        name_keys = dict(zip(names, keys(map(str, names)), strict=True))
        ids = [int(key) for key in name_keys.values() if re.fullmatch("[0-9]{1,18}", key)]
        rows = self.annotate(key=TextKey("title"))
        found: dict[str, Amenity] = {}
        for amenity in rows.filter(models.Q(pk__in=ids) | models.Q(key__in=name_keys.values())):
            found |= {str(amenity.pk): amenity, vars(amenity)["key"]: amenity}
        known = {name: found[key] for name, key in name_keys.items() if key in found}
        unknown: dict[str, str] = {}
        for name, key in name_keys.items():
            if name not in known:
                unknown.setdefault(key, clean_words(str(name)))
        return known, list(unknown.values())


class Amenity(models.Model):
    """Something that listings offer, such as a lift. `icon` is the name of a Material symbol."""

    title = NameField(max_length=80)
    icon = LineField(max_length=80, blank=True)
    category = LineField(max_length=80, blank=True)

    objects = AmenityQuerySet.as_manager()

    class Meta:
        ordering = ["title", "id"]
        verbose_name_plural = _("amenities")
        constraints = [
            models.UniqueConstraint(
                TextKey("title"),
                name="amenity_title_once",
                violation_error_message=_(
                    "There is an amenity with this title. Choose it, or another title."
                ),
            )
        ]

    def __str__(self) -> str:
        return visible_or(self.title, f"Amenity {self.pk}")


class PropertyQuerySet(models.QuerySet["Property"]):
    def visible_to(self, user: "User | AnonymousUser") -> "PropertyQuerySet":
        """Return all listings but withdrawn ones, which only their owner and staff see."""
        if has_staff_perm(user, "properties.view_property"):
            return self
        visible = ~models.Q(status=Property.Status.WITHDRAWN)
        return self.filter(visible | models.Q(owner=user) if user.is_authenticated else visible)

    def available(self) -> "PropertyQuerySet":
        """Return the listings for which new visits can be booked."""
        return self.filter(status=Property.Status.AVAILABLE, is_available=True)

    def search(self, text: str) -> "PropertyQuerySet":
        """Return the listings whose SEARCHED_COLUMNS together contain every word of `text`."""
        found = self.alias(search_text=SEARCH_TEXT)
        for word in clean_words(text).split():
            found = found.filter(search_text__contains=key_of(word))
        return found

    def with_amenities(self, wanted: Iterable[int | str]) -> "PropertyQuerySet":
        """Return the listings that have all these amenities (ids or titles); none if one doesn't exist."""
        amenities, unknown = Amenity.objects.find(wanted)
        link = self.model.amenities.through.objects
        found = self.none() if unknown else self
        for amenity in amenities:
            has = link.filter(property=models.OuterRef("pk"), amenity=amenity)
            found = found.filter(models.Exists(has))
        return found

    def near(self, latitude: float, longitude: float, km: float) -> "PropertyQuerySet":
        """Return the listings within `km` of a place, by great-circle distance. Degrees north and east."""
        # The box is what an index can narrow; the haversine then cuts off its corners.
        in_box = self.filter(geo.bounding_box(latitude, longitude, km))
        distance = geo.haversine(latitude, longitude)
        return in_box.alias(distance=distance).filter(distance__lte=geo.haversine_of_km(km))

    def similar_to(self, listing: "Property") -> "PropertyQuerySet":
        """Return other available listings of this city and purpose: same type first, then closest price."""
        others = self.available().filter(city__same_text=listing.city, purpose=listing.purpose)
        other_type = models.Case(models.When(property_type=listing.property_type, then=0), default=1)
        price_difference = Abs(models.F("base_price") - listing.base_price)
        return others.exclude(pk=listing.pk).order_by(other_type, price_difference, "pk")

    def with_details(self) -> "PropertyQuerySet":
        """Prefetch everything that a listing shows: three queries however long the page."""
        return self.prefetch_related("images", "amenities")


class Property(models.Model):
    """A listing. Visits can be booked while its status is `available` and `is_available` is on.

    `withdrawn` is off the market: visits.services.withdraw_property sets it and cancels the visits.
    `exclusive_tours` lets one seeker at a time see it. Prices are in the local currency, `monthly_rent` per
    month; `timezone` is an IANA name.
    """

    class Type(models.TextChoices):
        APARTMENT = "apartment", _("Apartment")
        HOUSE = "house", _("House")
        BUILDER_FLOOR = "builder_floor", _("Builder Floor")
        ROOM = "room", _("Room")
        VILLA = "villa", _("Villa")
        PLOT = "plot", _("Plot")
        CONDO = "condo", _("Condo")
        PENTHOUSE = "penthouse", _("Penthouse")
        STUDIO = "studio", _("Studio")
        LOFT = "loft", _("Loft")
        PG = "pg", _("PG")
        FLATMATE = "flatmate", _("Flatmate")
        OFFICE = "office", _("Office")
        SHOP = "shop", _("Shop")
        WAREHOUSE = "warehouse", _("Warehouse")

    class Purpose(models.TextChoices):
        RENT = "rent", _("Rent")
        BUY = "buy", _("Buy")
        SHORT_STAY = "short_stay", _("Short Stay")

    class Status(models.TextChoices):
        AVAILABLE = "available", _("Available")
        SOLD = "sold", _("Sold")
        RENTED = "rented", _("Rented")
        UNDER_OFFER = "under_offer", _("Under Offer")
        MAINTENANCE = "maintenance", _("Maintenance")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Furnishing(models.TextChoices):
        UNFURNISHED = "unfurnished", _("Unfurnished")
        SEMI_FURNISHED = "semi_furnished", _("Semi Furnished")
        FURNISHED = "furnished", _("Furnished")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="properties"
    )
    title = NameField(max_length=200)
    # A TextField's max_length is for forms and serializers alone.
    description = ParagraphField(max_length=10_000, blank=True, validators=[MaxLengthValidator(10_000)])
    property_type = models.CharField(max_length=20, choices=Type, default=Type.APARTMENT)
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.RENT)
    status = models.CharField(max_length=20, choices=Status, default=Status.AVAILABLE)
    is_available = models.BooleanField(
        default=True, help_text=_("Turn off to stop new visits. Booked visits stay.")
    )
    exclusive_tours = models.BooleanField(
        default=False,
        help_text=_("Each tour has the listing to itself. This applies to new bookings."),
    )
    city = NameField(max_length=80)
    locality = LineField(max_length=160, blank=True)
    sub_locality = LineField(max_length=160, blank=True)
    landmark = LineField(max_length=160, blank=True)
    full_address = AddressField(max_length=500, blank=True)
    pincode = LineField(max_length=12, blank=True)
    state = LineField(max_length=80, blank=True)
    country = LineField(max_length=80, default="India")
    latitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    timezone = TimeZoneField()
    base_price = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    monthly_rent = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    area_sqft = models.DecimalField(
        _("area (sq ft)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    bedrooms = models.PositiveSmallIntegerField(null=True, blank=True)
    bathrooms = models.PositiveSmallIntegerField(null=True, blank=True)
    furnishing = models.CharField(max_length=20, choices=Furnishing, blank=True)
    features = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_features],
        help_text=_("A list of texts, such as Sea view."),
    )
    # Named differently from `features`, which clients read as a list.
    attributes = models.JSONField(
        default=dict,
        blank=True,
        validators=[validate_attributes],
        help_text=_("What has no field of its own, by name; each value is a text."),
    )
    amenities = models.ManyToManyField(Amenity, blank=True, related_name="properties")
    import_key = models.CharField(
        max_length=64,
        unique=True,
        null=True,
        editable=False,
        help_text=_("Digest of the whole imported row."),
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    objects = PropertyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = _("properties")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="property_newest"),
            models.Index(TextKey("city"), "base_price", "id", name="property_city_price"),
            models.Index(fields=["base_price", "id"], name="property_price"),
            models.Index(fields=["latitude", "longitude"], name="property_place"),
            GinIndex(OpClass(SEARCH_TEXT, name="gin_trgm_ops"), name="property_search"),
        ]
        constraints = [
            models.CheckConstraint(name="property_price_in_range", condition=has_digits("base_price", 12)),
            models.CheckConstraint(name="property_rent_in_range", condition=has_digits("monthly_rent", 12)),
            models.CheckConstraint(name="property_area_in_range", condition=has_digits("area_sqft", 8)),
            models.CheckConstraint(
                name="property_on_the_globe",
                condition=models.Q(latitude__range=(-90, 90)) & models.Q(longitude__range=(-180, 180)),
            ),
            models.CheckConstraint(
                name="property_place_is_whole",
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(latitude__isnull=False, longitude__isnull=False),
            ),
            models.CheckConstraint(
                name="property_status_known",
                condition=models.Q(
                    status__in=["available", "sold", "rented", "under_offer", "maintenance", "withdrawn"]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{visible_or(self.title, f'Property {self.pk}')}, {self.city}"

    def clean(self) -> None:
        """Clean the features, and check the place. Raises ValidationError by field."""
        self.features = clean_features(self.features)
        self.attributes = clean_attributes(self.attributes)
        place = {"latitude": self.latitude, "longitude": self.longitude}
        # NaN passes the comparisons of the fields' validators.
        errors = {
            name: gettext("Enter a number.")
            for name, degrees in place.items()
            if degrees and math.isnan(degrees)
        }
        missing = [name for name, degrees in place.items() if degrees is None]
        if len(missing) == 1:
            errors[missing[0]] = gettext("Enter both latitude and longitude, or neither.")
        if errors:
            raise ValidationError(errors)

    def may_be_changed_by(self, user: "User | AnonymousUser") -> bool:
        """Tell whether `user` is the owner, or staff who may change listings."""
        if not user.is_authenticated:
            return False
        return self.owner_id == user.pk or has_staff_perm(user, "properties.change_property")

    def main_image(self) -> "PropertyImage | None":
        """Return the main image, if any. Prefetched images need no further query."""
        return next((image for image in self.images.all() if image.is_main_image), None)

    def takes_visits(self) -> bool:
        """Tell whether new visits can be booked."""
        return self.is_available and self.status == self.Status.AVAILABLE


class PropertyImage(models.Model):
    """An image of a listing. The services keep exactly one main image as long as there are any."""

    property = models.ForeignKey(Property, models.CASCADE, related_name="images")
    image_url = models.CharField(
        max_length=500,
        validators=[validate_link],
        help_text=_("A URL, or a path that this server answers."),
    )
    caption = LineField(max_length=200, blank=True)
    display_order = models.PositiveSmallIntegerField(default=0)
    is_main_image = models.BooleanField(default=False)

    class Meta:
        ordering = ["display_order", "id"]
        constraints = [
            models.UniqueConstraint(
                name="property_one_main_image",
                fields=["property"],
                condition=models.Q(is_main_image=True),
            )
        ]

    def __str__(self) -> str:
        return self.caption or self.image_url
