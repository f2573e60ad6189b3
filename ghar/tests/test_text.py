"""What becomes of a text that comes in, and what counts as something to see."""

import re
import sys
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ghar.text import (
    FORMAT_CHARACTERS,
    ONE_LINE_ERROR,
    VISIBLE_ERROR,
    clean,
    clean_line,
    clean_words,
    is_visible,
    validate_visible,
)

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
# They stand for something to be seen, although they are of the category of format characters.
SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Plain ASCII", "Plain ASCII"),
        ("Tha\u0300nh pho\u0302\u0301", "Th\u00e0nh ph\u1ed1"),  # Vietnamese as macOS writes it
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00"),  # Hangul, letter by letter
        ("\u0915\u093c", "\u0915\u093c"),  # Devanagari qa, which has no composed form in NFC
        ("\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m"),
        ("o\ufb00ice", "o\ufb00ice"),  # a ligature is a letter of its own; only keys take it apart
        ("Wohn\xadung", "Wohnung"),
        ("\ufeffPu\u200bne\u2060", "Pune"),
        ("\u200eRTL\u200f \u061cmarks", "RTL marks"),
        ("\u2066Goa\u2069", "Goa"),
        ("bell\x07 escape\x1b[0m", "bell escape[0m"),
        ("tab\tand\r\nlines", "tab\tand\r\nlines"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),  # ZWJ asks for the half form of ka
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u0d28\u0d4d\u200d ", "\u0d28\u0d4d\u200d "),  # a chillu of Malayalam at the end of a word
        ("\u200dPune\u200c", "Pune"),
        ("2\u200d3", "23"),
        ("a\u200d\u200db", "ab"),
        (FAMILY, FAMILY),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
        ("\U0001f642\u200d\u2194\ufe0f", "\U0001f642\u200d\u2194\ufe0f"),
        ("\U0001f44d\U0001f3fd\u200d", "\U0001f44d\U0001f3fd"),
        (SCOTLAND, SCOTLAND),
        ("Goa" + SCOTLAND[1:], "Goa"),
        (SEEN, SEEN),
    ],
)
def test_a_text_is_composed_and_loses_what_nobody_sees(written, kept):
    assert clean(written) == kept


def test_the_list_of_format_characters_is_that_of_unicode():
    listed = re.compile(f"[{FORMAT_CHARACTERS}\u200c\u200d{SEEN}]")
    of_unicode = [each for each in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(each) == "Cf"]
    assert [each for each in of_unicode if not listed.match(each)] == []


@pytest.mark.parametrize(
    ("written", "kept"),
    [("  Navi \u00a0 Mumbai\u3000", "Navi Mumbai"), ("\u200b \n", ""), ("Pali\nHill", "Pali Hill")],
)
def test_words_have_single_blanks(written, kept):
    assert clean_words(written) == kept


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x85", "\x0b"])
def test_a_line_is_one_line(end):
    assert clean_line(f"{end} Sea\tview{end}") == "Sea view"
    with pytest.raises(ValidationError) as caught:
        clean_line(f"Sea{end}view")
    assert caught.value.messages == [str(ONE_LINE_ERROR)]


@pytest.mark.parametrize("control", [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"])
def test_a_line_does_not_turn_its_direction(control):
    with pytest.raises(ValidationError) as caught:
        clean_line(f"Casa{control}asaC")
    assert caught.value.messages == [str(ONE_LINE_ERROR)]


@pytest.mark.parametrize(
    "text", ["a", "...1", "\u0915\u093e", "\u00bd", FAMILY, "\U0001fae8", "\u2665", "\ud55c"]
)
def test_letters_digits_and_emoji_are_visible(text):
    assert is_visible(text)
    validate_visible(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u200b", "\u00a0", "\u3164", "\u115f\u1160", "\u2800", "\u0301", "\ufe0f", "-.,", "\ue000"],
)
def test_blanks_marks_and_fillers_are_not(text):
    assert not is_visible(text)
    with pytest.raises(ValidationError) as caught:
        validate_visible(text)
    assert caught.value.messages == [str(VISIBLE_ERROR)]


# Marks, joiners and what is left out, close together.
TRICKY = st.text(
    st.sampled_from("a=\u0915\u093c\u094d\u0301\u0338\u0323\u200b\u200c\u200d\u202e\ufe0f\xad \n")
    | st.sampled_from([*SCOTLAND, *FAMILY, "\u2194", "\u1112", "\u1161", "\u0f71", "\u0f72"]),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(TRICKY | st.text(max_size=40))
@example("a\u0323\u200b\u094d\u200d ")
def test_what_is_clean_stays_as_it_is(text):
    for cleaner in (clean, clean_words):
        assert cleaner(cleaner(text)) == cleaner(text)
    assert unicodedata.is_normalized("NFC", clean(text))
