from decimal import Decimal

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Upper

import ghar.validators
import properties.validators


class Migration(migrations.Migration):
    dependencies = [
        ("properties", "0002_on_delete"),
    ]

    operations = [
        TrigramExtension(),
        migrations.RemoveConstraint(model_name="property", name="property_price_not_negative"),
        migrations.RemoveConstraint(model_name="property", name="property_rent_not_negative"),
        migrations.RemoveConstraint(model_name="property", name="property_on_the_globe"),
        migrations.AlterField(
            model_name="amenity", name="title", field=models.CharField(max_length=80)
        ),
        migrations.AlterField(
            model_name="property",
            name="features",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Attributes by name; each value is a text.",
                validators=[properties.validators.validate_features],
            ),
        ),
        migrations.AlterField(
            model_name="propertyimage",
            name="image_url",
            field=models.CharField(
                help_text="A URL, or a path that this server answers.",
                max_length=500,
                validators=[ghar.validators.validate_link],
            ),
        ),
        migrations.AddIndex(
            model_name="property",
            index=GinIndex(
                OpClass(
                    Upper(
                        Concat(
                            F("title"),
                            Value("\n"),
                            F("description"),
                            Value("\n"),
                            F("locality"),
                            Value("\n"),
                            F("sub_locality"),
                            Value("\n"),
                            F("landmark"),
                            Value("\n"),
                            F("full_address"),
                            Value("\n"),
                            F("city"),
                            Value("\n"),
                            output_field=models.TextField(),
                        )
                    ),
                    name="gin_trgm_ops",
                ),
                name="property_search",
            ),
        ),
        migrations.AddConstraint(
            model_name="amenity",
            constraint=models.UniqueConstraint(Upper("title"), name="amenity_title_once"),
        ),
        migrations.AddConstraint(
            model_name="property",
            constraint=models.CheckConstraint(
                condition=Q(base_price__gte=0, base_price__lt=Decimal(10**12)),
                name="property_price_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="property",
            constraint=models.CheckConstraint(
                condition=Q(monthly_rent__gte=0, monthly_rent__lt=Decimal(10**12)),
                name="property_rent_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="property",
            constraint=models.CheckConstraint(
                condition=Q(area_sqft__gte=0, area_sqft__lt=Decimal(10**8)),
                name="property_area_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="property",
            constraint=models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90)) & Q(longitude__range=(-180, 180)),
                name="property_on_the_globe",
            ),
        ),
        migrations.AddConstraint(
            model_name="property",
            constraint=models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False),
                name="property_place_is_whole",
            ),
        ),
    ]
