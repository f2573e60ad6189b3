"""Texts of listings are compared by their keys, and lose what nobody sees in them."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models.functions import Concat

from ghar.migration_operations import CleanTexts
from ghar.text_keys import TextKey

SEARCHED_COLUMNS = ("title", "description", "locality", "sub_locality", "landmark", "full_address", "city")

# Amenities of one key become the oldest of them. The database deletes the links of the others.
MERGE_AMENITIES = """
UPDATE properties_amenity SET title = 'Amenity ' || id WHERE text_key(title) = '';

CREATE TEMPORARY TABLE same_amenity ON COMMIT DROP AS
SELECT id, kept
FROM (SELECT id, min(id) OVER (PARTITION BY text_key(title)) AS kept FROM properties_amenity) AS grouped
WHERE id <> kept;

INSERT INTO properties_property_amenities (property_id, amenity_id)
SELECT link.property_id, same.kept
FROM properties_property_amenities AS link JOIN same_amenity AS same ON same.id = link.amenity_id
ON CONFLICT DO NOTHING;

DELETE FROM properties_amenity USING same_amenity AS same WHERE properties_amenity.id = same.id;

-- An index cannot be made while foreign keys are yet to be checked.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("properties", "0002_database_rules"), ("ghar", "0003_text_keys")]

    operations = [
        migrations.RemoveConstraint(model_name="amenity", name="amenity_title_once"),
        migrations.RemoveIndex(model_name="property", name="property_city_price"),
        migrations.RemoveIndex(model_name="property", name="property_search"),
        CleanTexts("amenity", lines=["title", "icon", "category"]),
        CleanTexts(
            "property",
            lines=[
                *("title", "city", "locality", "sub_locality", "landmark", "pincode", "state", "country"),
            ],
            paragraphs=["description", "full_address"],
        ),
        migrations.RunSQL(MERGE_AMENITIES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="amenity",
            constraint=models.UniqueConstraint(
                TextKey("title"),
                name="amenity_title_once",
                violation_error_message=(
                    "There is an amenity with this title. Choose it, or another title."
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="property",
            index=models.Index(TextKey("city"), "base_price", "id", name="property_city_price"),
        ),
        migrations.AddIndex(
            model_name="property",
            index=GinIndex(
                OpClass(
                    TextKey(
                        Concat(
                            *[part for name in SEARCHED_COLUMNS for part in (models.F(name), models.Value("\n"))],
                            output_field=models.TextField(),
                        )
                    ),
                    name="gin_trgm_ops",
                ),
                name="property_search",
            ),
        ),
    ]
