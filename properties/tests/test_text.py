"""Texts of listings and amenities, however they are written, through every way in."""

import importlib
import io
from urllib.parse import quote

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from properties.models import Amenity, Property
from properties.tests.factories import AmenityFactory, PropertyFactory
from properties.tests.requests import HOME, PROPERTIES

pytestmark = pytest.mark.django_db

# A title as staff write it, and other ways to write it.
TITLES = [
    ("Fu\u00dfweg", ["FUSSWEG", "fussweg", "FU\u1e9eWEG", " fu\xad\u00dfweg"]),
    (
        "\u0130\u00e7 bah\u00e7e",
        ["i\u00e7 bah\u00e7e", "\u0130\u00c7 BAH\u00c7E", "I\u0307c\u0327 bahc\u0327e", "I\u00c7 BAH\u00c7E"],
    ),
    (
        "Ban c\u00f4ng h\u01b0\u1edbng \u0111\u00f4ng",
        [
            "Ban co\u0302ng hu\u031bo\u031b\u0301ng \u0111o\u0302ng",
            "BAN C\u00d4NG  H\u01af\u1edaNG \u0110\u00d4NG",
        ],
    ),
    ("Sta\ufb00 room", ["STAFF ROOM", "staff\u00a0room", "\u200eStaff room\u2060"]),
    (
        "\u0915\u094d\u200d\u0937\u0947\u0924\u094d\u0930",
        ["\u0915\u094d\u0937\u0947\u0924\u094d\u0930\u200b"],
    ),
    ("\uc8fc\ucc28\uc7a5", ["\u110c\u116e\u110e\u1161\u110c\u1161\u11bc"]),
]
CITY_FORMS = ["\u0110\u00e0 N\u1eb5ng", "\u0111a\u0300 na\u0306\u0303ng", "\u0110\u00c0  N\u1eb4NG\u200b"]


def titles(response):
    return [row["title"] for row in response.json()["amenities"]]


def import_csv(tmp_path, *amenities):
    rows = "".join(f"Flat {n},apartment,rent,Pune,{n},{name}\n" for n, name in enumerate(amenities, 1))
    path = tmp_path / "listings.csv"
    path.write_text(f"title,property_type,purpose,city,base_price,amenities\n{rows}", encoding="utf-8")
    out = io.StringIO()
    call_command("import_listings", str(path), stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.parametrize(("title", "others"), TITLES)
def test_an_amenity_made_in_the_admin_is_found_however_it_is_written(
    api, staff_client, ops, tmp_path, title, others
):
    add = reverse("admin:properties_amenity_add")
    assert staff_client.post(add, {"title": title}).status_code == 302
    for written in [title, *others]:
        # REST: by its title in a new listing and in a change, and in a filter.
        made = api(ops).post(PROPERTIES, HOME | {"amenities": [written]})
        assert (made.status_code, titles(made)) == (201, [title]), written
        path = f"{PROPERTIES}/{made.json()['id']}"
        assert titles(api(ops).patch(path, {"amenities": [written, title]})) == [title]
        # Every listing so far has it.
        assert api().get(f"{PROPERTIES}?amenities={quote(written)}").json()["items"][0]["title"] == "Home"
        # The admin refuses it a second time, and finds it.
        refused = staff_client.post(add, {"title": written})
        assert "There is an amenity with this title." in refused.content.decode()
        found = staff_client.get(reverse("admin:properties_amenity_changelist"), {"q": written})
        assert found.context["cl"].result_count == 1
    assert Property.objects.count() == 1 + len(others)
    # The importer: no second amenity, and one link for each row.
    assert f"{len(others)} imported" in import_csv(tmp_path, *[f"{each}|{title}" for each in others])
    assert [*Amenity.objects.values_list("title", flat=True)] == [title]
    assert Amenity.objects.get().properties.count() == 1 + 2 * len(others)


@pytest.mark.parametrize(("title", "others"), TITLES)
def test_the_importer_makes_an_amenity_once(tmp_path, title, others):
    assert f"{1 + len(others)} imported" in import_csv(tmp_path, title, *others)
    assert [*Amenity.objects.values_list("title", flat=True)] == [title]


@pytest.mark.parametrize("stored", CITY_FORMS)
def test_filters_and_searches_find_a_city_in_every_form(api, stored):
    listing = PropertyFactory(city=stored, locality=stored, title="Flat")
    PropertyFactory(city="Da Nang")
    for written in CITY_FORMS:
        for name in ("city", "locality", "q"):
            found = api().get(f"{PROPERTIES}?{name}={quote(written)}").json()["items"]
            assert [row["id"] for row in found] == [listing.pk], (name, written)
    twin = PropertyFactory(city=CITY_FORMS[-1])
    assert [*Property.objects.similar_to(listing)] == [twin]


def test_a_search_finds_words_that_hide_something(api):
    listing = PropertyFactory(
        title="Altbau", description="Sonnige Wohn\xadung\nin der GRO\u00dfEN Stra\u00dfe\u200b mit O\ufb03ce"
    )
    for words in ["wohnung", "GROSSEN strasse", "office", "sonnige\u2067 altbau"]:
        assert [row["id"] for row in api().get(f"{PROPERTIES}?q={quote(words)}").json()["items"]] == [
            listing.pk
        ]


def test_a_listing_is_stored_clean(api, asha):
    sent = HOME | {
        "title": "Ho\u0302tel\u200b  de ville",
        "description": "Erste Zei\xadle\nzweite\u202e Zeile",
        "landmark": " Ma\u0303e ",
        "full_address": "14 Rua A\u0301lamo\r\n400\u200b050 Goa",
        "features": ["Sea\u200b  view"],
        "attributes": {"flo\u200bor": "4\u0301\u2060"},
    }
    response = api(asha).post(PROPERTIES, sent)
    assert response.status_code == 201, response.json()
    row = response.json()
    assert (row["title"], row["landmark"]) == ("H\u00f4tel de ville", "M\u00e3e")
    assert row["full_address"] == "14 Rua \u00c1lamo\r\n400050 Goa"
    assert row["description"] == "Erste Zeile\nzweite Zeile"
    assert (row["features"], row["attributes"]) == (["Sea view"], {"floor": "4\u0301"})


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("title", "\u2063", "This field may not be blank."),
        ("title", "\u3164\u3164", "Enter at least one letter, digit or emoji."),
        ("title", "\u2800", "Enter at least one letter, digit or emoji."),
        ("title", "---", "Enter at least one letter, digit or emoji."),
        ("city", "\u0301", "Enter at least one letter, digit or emoji."),
        ("title", "Two\nlines", "Write this on one line"),
        ("locality", "Bandra\u2028West", "Write this on one line"),
        ("title", "Casa \u2067evil", "Write this on one line"),
    ],
)
def test_a_listing_needs_a_name_that_can_be_seen_on_one_line(
    api, asha, staff_client, snapshot, name, text, told
):
    before = snapshot()
    response = api(asha).post(PROPERTIES, HOME | {name: text})
    assert response.status_code == 400
    assert told in response.json()["errors"][name][0]
    # HTML takes line breaks out of a field of one line by itself; programs don't.
    form = HOME | {"status": "available", "country": "India", "timezone": "Asia/Kolkata"}
    form |= {
        "features": "[]",
        "attributes": "{}",
        "images-TOTAL_FORMS": 0,
        "images-INITIAL_FORMS": 0,
        name: text,
    }
    page = staff_client.post(reverse("admin:properties_property_add"), form)
    assert [*page.context["adminform"].form.errors] == [name]
    assert snapshot() == before


def test_the_importer_rejects_a_row_without_a_visible_title(tmp_path):
    path = tmp_path / "listings.csv"
    path.write_text(
        "title,property_type,purpose,city,base_price\n"
        "\u200b,apartment,rent,Pune,1\n\u3164,apartment,rent,Pune,2\n\U0001f3e1,apartment,rent,Pune,3\n",
        encoding="utf-8",
    )
    out = io.StringIO()
    call_command("import_listings", str(path), stdout=out, stderr=out)
    assert "1 imported" in out.getvalue()
    assert "2 rejected" in out.getvalue()
    assert Property.objects.get().title == "\U0001f3e1"


def test_one_query_more_however_many_names(django_assert_num_queries):
    AmenityFactory(title="Lift")
    with django_assert_num_queries(2):
        found, unknown = Amenity.objects.find(["LIFT", "lift", *(f"Nothing {n}" for n in range(50))])
    assert [amenity.title for amenity in found] == ["Lift"]
    assert len(unknown) == 50


def test_stored_amenities_that_are_one_are_merged():
    """By the migration, for rows of before: run on a table without the new constraint."""
    migration = importlib.import_module("properties.migrations.0003_text_keys")
    clean_amenities = next(
        each
        for each in migration.Migration.operations
        if getattr(each, "model_name", "") == "amenity" and hasattr(each, "lines")
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX amenity_title_once")
        rows = [
            "Stra\u00dfenblick",
            "STRASSENBLICK",
            "Ba\u0301lcony",
            "b\u00e1lcony\u200b",
            "Gym",
            "\u200b",
            "\u2060 ",
        ]
        insert = "INSERT INTO properties_amenity (title, icon, category) SELECT unnest(%s::text[]), '', ''"
        cursor.execute(f"{insert} RETURNING id", [rows])
        ids = [id_ for (id_,) in cursor.fetchall()]
    listings = [PropertyFactory(amenities=chosen) for chosen in (ids[:2], ids[1:2], ids[3:5], ids[5:])]
    state = apps  # the operation reads tables and columns alone

    class State:
        apps = state

    with connection.schema_editor(atomic=False) as editor:
        clean_amenities.database_forwards("properties", editor, State, State)
    with connection.cursor() as cursor:
        cursor.execute(migration.MERGE_AMENITIES)
        cursor.execute("CREATE UNIQUE INDEX amenity_title_once ON properties_amenity (text_key(title))")

    kept = [ids[0], ids[2], ids[4], ids[5], ids[6]]
    names = ["Stra\u00dfenblick", "B\u00e1lcony", "Gym", f"Amenity {ids[5]}", f"Amenity {ids[6]}"]
    assert [*Amenity.objects.order_by("id").values_list("id", "title")] == [*zip(kept, names, strict=True)]
    linked = [sorted(listing.amenities.values_list("id", flat=True)) for listing in listings]
    assert linked == [ids[:1], ids[:1], [ids[2], ids[4]], ids[5:]]


def test_what_is_saved_or_looked_up_without_validation_is_cleaned_and_not_refused(asha):
    listing = PropertyFactory(title="Sea\u200b\nview \u202e2", owner=asha)
    listing.refresh_from_db()
    assert listing.title == "Sea view 2"
    assert Property.objects.get(title="Sea\nview  2") == listing
