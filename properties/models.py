import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Abs, Concat, Upper

from ghar import clock
from ghar.staff import has_staff_perm
from ghar.validators import single_spaced, validate_link, validate_timezone
from properties import geo
from properties.validators import validate_features

# What `q` looks into, as one upper-case text, so that one trigram index serves it.
SEARCHED_COLUMNS = ("title", "description", "locality", "sub_locality", "landmark", "full_address", "city")
SEARCH_TEXT = Upper(
    Concat(
        *[part for name in SEARCHED_COLUMNS for part in (models.F(name), models.Value("\n"))],
        output_field=models.TextField(),
    )
)


def amount(name: str, digits: int) -> models.Q:
    """Within the column's range; the upper end keeps out NaN, which PostgreSQL sorts above every number."""
    return models.Q(**{f"{name}__gte": 0, f"{name}__lt": Decimal(10) ** digits})


class AmenityQuerySet(models.QuerySet["Amenity"]):
    def find(self, wanted: Iterable[int | str]) -> "tuple[list[Amenity], list[str]]":
        """Those with these ids or, without case, these titles; and what there is none of."""
        names: dict[str, str] = {}
        for name in wanted:
            names.setdefault(str(name).strip().upper(), str(name).strip())
        ids = [int(name) for name in names if re.fullmatch("[0-9]{1,18}", name)]
        found = self.alias(name=Upper("title")).filter(models.Q(pk__in=ids) | models.Q(name__in=[*names]))
        known = {key for amenity in found for key in (str(amenity.pk), amenity.title.upper())}
        return list(found), [name for key, name in names.items() if key not in known]


class Amenity(models.Model):
    title = models.CharField(max_length=80)
    icon = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=80, blank=True)

    objects = AmenityQuerySet.as_manager()

    class Meta:
        ordering = ["title", "id"]
        verbose_name_plural = "amenities"
        constraints = [models.UniqueConstraint(Upper("title"), name="amenity_title_once")]

    def __str__(self) -> str:
        return self.title


class PropertyQuerySet(models.QuerySet["Property"]):
    def visible_to(self, user: Any) -> "PropertyQuerySet":
        """Everything but withdrawn listings, which only their owner and staff see."""
        if has_staff_perm(user, "properties.view_property"):
            return self
        seen = ~models.Q(status=Property.Status.WITHDRAWN)
        return self.filter(seen | models.Q(owner=user) if user.is_authenticated else seen)

    def available(self) -> "PropertyQuerySet":
        return self.filter(status=Property.Status.AVAILABLE, is_available=True)

    def search(self, text: str) -> "PropertyQuerySet":
        """Those in which every word of the text occurs somewhere."""
        found = self.alias(haystack=SEARCH_TEXT)
        for word in text.split():
            found = found.filter(haystack__contains=Upper(models.Value(word)))
        return found

    def with_amenities(self, wanted: Iterable[int | str]) -> "PropertyQuerySet":
        """Those that have all of these; none when there is no such amenity."""
        amenities, unknown = Amenity.objects.find(wanted)
        link = self.model.amenities.through.objects
        found = self.none() if unknown else self
        for amenity in amenities:
            has = link.filter(property=models.OuterRef("pk"), amenity=amenity)
            found = found.filter(models.Exists(has))
        return found

    def near(self, latitude: float, longitude: float, km: float) -> "PropertyQuerySet":
        """Those at most so far away along a great circle."""
        boxed = self.filter(geo.bounding_box(latitude, longitude, km))
        far = geo.haversine(latitude, longitude)
        return boxed.alias(far=far).filter(far__lte=geo.haversine_of_km(km))

    def similar_to(self, listing: "Property") -> "PropertyQuerySet":
        """Others there that take visits and serve the same purpose: of its type first, then by price."""
        others = self.available().filter(city__iexact=listing.city, purpose=listing.purpose)
        of_type = models.Case(models.When(property_type=listing.property_type, then=0), default=1)
        apart = Abs(models.F("base_price") - listing.base_price)
        return others.exclude(pk=listing.pk).order_by(of_type, apart, "pk")

    def with_details(self) -> "PropertyQuerySet":
        """With everything that a listing shows: three queries however long the page."""
        return self.prefetch_related("images", "amenities")


class Property(models.Model):
    """A listing. `available` + `is_available` take new visits; `withdrawn` has cancelled its visits."""

    class Type(models.TextChoices):
        APARTMENT = "apartment"
        HOUSE = "house"
        BUILDER_FLOOR = "builder_floor"
        ROOM = "room"
        VILLA = "villa"
        PLOT = "plot"
        CONDO = "condo"
        PENTHOUSE = "penthouse"
        STUDIO = "studio"
        LOFT = "loft"
        PG = "pg", "PG"
        FLATMATE = "flatmate"
        OFFICE = "office"
        SHOP = "shop"
        WAREHOUSE = "warehouse"

    class Purpose(models.TextChoices):
        RENT = "rent"
        BUY = "buy"
        SHORT_STAY = "short_stay"

    class Status(models.TextChoices):
        AVAILABLE = "available"
        SOLD = "sold"
        RENTED = "rented"
        UNDER_OFFER = "under_offer"
        MAINTENANCE = "maintenance"
        WITHDRAWN = "withdrawn"

    class Furnishing(models.TextChoices):
        UNFURNISHED = "unfurnished"
        SEMI_FURNISHED = "semi_furnished"
        FURNISHED = "furnished"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="properties"
    )
    title = models.CharField(max_length=200)
    # A TextField's max_length is for forms and serializers alone.
    description = models.TextField(max_length=10_000, blank=True, validators=[MaxLengthValidator(10_000)])
    property_type = models.CharField(max_length=20, choices=Type, default=Type.APARTMENT)
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.RENT)
    status = models.CharField(max_length=20, choices=Status, default=Status.AVAILABLE)
    is_available = models.BooleanField(default=True, help_text="Off stops new visits; booked ones stay.")
    exclusive_tours = models.BooleanField(
        default=False, help_text="One seeker at a time, for later bookings."
    )
    city = models.CharField(max_length=80)
    locality = models.CharField(max_length=160, blank=True)
    sub_locality = models.CharField(max_length=160, blank=True)
    landmark = models.CharField(max_length=160, blank=True)
    full_address = models.CharField(max_length=500, blank=True)
    pincode = models.CharField(max_length=12, blank=True)
    state = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=80, default="India")
    latitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    timezone = models.CharField(max_length=64, default="Asia/Kolkata", validators=[validate_timezone])
    base_price = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    monthly_rent = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    area_sqft = models.DecimalField(
        "area (sq ft)",
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
        default=dict, blank=True, validators=[validate_features], help_text="Named attributes: text to text."
    )
    amenities = models.ManyToManyField(Amenity, blank=True, related_name="properties")
    import_key = models.CharField(
        max_length=64, unique=True, null=True, editable=False, help_text="Digest of the whole imported row."
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    objects = PropertyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "properties"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="property_newest"),
            models.Index(Upper("city"), "base_price", "id", name="property_city_price"),
            models.Index(fields=["base_price", "id"], name="property_price"),
            models.Index(fields=["latitude", "longitude"], name="property_place"),
            GinIndex(OpClass(SEARCH_TEXT, name="gin_trgm_ops"), name="property_search"),
        ]
        constraints = [
            models.CheckConstraint(name="property_price_in_range", condition=amount("base_price", 12)),
            models.CheckConstraint(name="property_rent_in_range", condition=amount("monthly_rent", 12)),
            models.CheckConstraint(name="property_area_in_range", condition=amount("area_sqft", 8)),
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
        return f"{self.title}, {self.city}"

    def clean(self) -> None:
        """What fields can't check alone; NaN slips through the comparisons of their validators.

        City and locality become as agents' cities are, whoever writes them.
        """
        self.city, self.locality = single_spaced(self.city), single_spaced(self.locality)
        place = {"latitude": self.latitude, "longitude": self.longitude}
        wrong = {name: "Enter a number." for name, at in place.items() if at is not None and math.isnan(at)}
        missing = [name for name, at in place.items() if at is None]
        if len(missing) == 1:
            wrong[missing[0]] = "Latitude and longitude come together."
        if wrong:
            raise ValidationError(wrong)

    def may_be_changed_by(self, user: Any) -> bool:
        if not user.is_authenticated:
            return False
        return self.owner_id == user.pk or has_staff_perm(user, "properties.change_property")

    def main_image(self) -> "PropertyImage | None":
        """From the images at hand, so that a prefetched list needs no query of its own."""
        return next((image for image in self.images.all() if image.is_main_image), None)

    def takes_visits(self) -> bool:
        """Whether new visits can be booked."""
        return self.is_available and self.status == self.Status.AVAILABLE


class PropertyImage(models.Model):
    property = models.ForeignKey(Property, models.CASCADE, related_name="images")
    image_url = models.CharField(
        max_length=500,
        validators=[validate_link],
        help_text="A URL, or a path that this server answers.",
    )
    caption = models.CharField(max_length=200, blank=True)
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
