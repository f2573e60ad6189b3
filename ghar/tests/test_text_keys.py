"""Which texts are the same: the database says so, and Python's cleaning never contradicts it."""

import unicodedata

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.text import clean
from ghar.text_keys import distinct, keys

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "texts",
    [
        ["Pune", "PUNE", " pu\u200bne "],
        ["Gie\u00dfen", "GIESSEN", "GIE\u1e9eEN"],
        ["\u0130zmir", "izmir", "IZMIR", "I\u0307zmir", "i\u0307zmir", "\u0131zmir"],
        ["H\u1ea3i Ph\u00f2ng", "Ha\u0309i Pho\u0300ng", "H\u1ea2I PH\u00d2NG"],
        [
            "\u0391\u03b8\u03ae\u03bd\u03b1\u03c2",
            "\u0391\u0398\u0389\u039d\u0391\u03a3",
            "\u03b1\u03b8\u03b7\u0301\u03bd\u03b1\u03c3",
        ],
        ["\u1100\u1169\u110b\u1163\u11bc", "\uace0\uc591"],
        ["sta\ufb00", "STAFF"],
        ["\uff30\uff35\uff2e\uff25", "pune"],
        ["J\u030c", "\u01f0"],
        ["\u0645\u06cc\u200c\u0634\u0648\u062f", "\u0645\u06cc\u0634\u0648\u062f"],
        ["\u041c\u041e\u0421\u041a\u0412\u0410", "\u043c\u043e\u0441\u043a\u0432\u0430"],
    ],
)
def test_one_key_for_all_ways_to_write_a_text(texts):
    assert len(set(keys(texts))) == 1, keys(texts)
    assert distinct(texts) == [" ".join(clean(texts[0]).split())]


@pytest.mark.parametrize(
    ("a", "b"),
    [("Orl\u00e9ans", "Orleans"), ("Goa", "Go"), ("", "a"), ("Lift 2", "Lift2"), ("\u0915\u093c", "\u0915")],
)
def test_what_people_tell_apart_has_two_keys(a, b):
    first, second = keys([a, b])
    assert first != second
    assert distinct([a, b]) == [a, b]


def test_columns_can_be_asked_by_key_also_with_signs_that_mean_something_to_like():
    user = UserFactory(full_name="\u00d6zg\u00fcr 100%_\\ Stra\u00dfe")
    UserFactory(full_name="100 Strasse")
    for written in ["o\u0308ZG\u00dcR", "100%_\\", "STRASSE", "\u200b100%"]:
        named = User.objects.filter(full_name__contains_text=written)
        assert user in named, written
    assert [*User.objects.filter(full_name__contains_text="100%")] == [user]
    assert User.objects.get(full_name__same_text="\u00d6ZG\u00dcR  100%_\\ strasse") == user


def test_the_functions_work_without_a_search_path():
    # A dump is restored without one, and its indexes are made by these functions.
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', '', true)")
        cursor.execute("SELECT public.text_keys(ARRAY['\u00c5rhus', 'GOA'])")
        assert cursor.fetchone() == (["\u00e5rhus", "goa"],)


LETTERS = st.characters(max_codepoint=0x24F) | st.characters(min_codepoint=0x386, max_codepoint=0x52F)
OF_THE_WORLD = LETTERS | st.sampled_from(
    "\u0300\u0301\u0307\u0323\u0915\u093c\u094d\u200d\u1112\u1161\u11ab\ufb00\u1ea4\u1ed3 "
)
# Their upper case is a sequence, or another script's letter, and no other way to write the word.
ODD = set("\u0345\u0390\u03b0")
WORDS = st.text(OF_THE_WORLD, max_size=12).filter(lambda text: "\0" not in text and ODD.isdisjoint(text))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS)
def test_neither_cleaning_nor_unicode_forms_nor_case_change_a_key(text):
    base = clean(text)
    forms = [base, *(unicodedata.normalize(form, base) for form in ("NFD", "NFKC", "NFKD"))]
    forms += [base.swapcase(), base.upper(), base.lower(), unicodedata.normalize("NFD", base.upper())]
    with connection.cursor() as cursor:
        cursor.execute("SELECT text_keys(%s)", [forms])
        made = cursor.fetchone()[0]
    assert set(made) == {made[0]}, (text, made)
