"""What a text is once it has been taken in: the one place that cleans what people and programs write.

Every text is cleaned here, in Python, before it is stored or looked up. Texts are compared by the database
alone, by their keys (ghar.text_keys): the case maps of Python and PostgreSQL differ, and never meet.
docs/text.md describes both for people who send texts.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

ONE_LINE_ERROR = _(
    "Write this on one line, without the invisible characters that turn the direction of a text around."
)
VISIBLE_ERROR = _("Enter at least one letter, digit or emoji.")

# The invisible format characters: category Cf, without the joiners, and without the few that stand for
# something to be seen, such as the Arabic number sign. A test compares them with Python's table.
FORMAT_CHARACTERS = (
    "\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
# Controls that are neither blanks nor NUL, which all fields refuse by name.
CONTROL_CHARACTERS = "\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
# The flags of England, Scotland and Wales are a black flag, then invisible letters and an invisible end.
FLAG = "\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f"
INVISIBLE = re.compile(f"({FLAG})|[{FORMAT_CHARACTERS}{CONTROL_CHARACTERS}]")
# What PostgreSQL finds texts by that are not clean yet: as regular expressions of its own.
INVISIBLE_CLASS = f"[{FORMAT_CHARACTERS}{CONTROL_CHARACTERS}\u200c\u200d]"
ODD_BLANKS = "[\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
# They make text read backwards or change places, up to an end that may never come.
DIRECTION_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
ZWJ, JOINERS = "\u200d", re.compile("[\u200c\u200d]")
# The canonical combining class of viramas.
VIRAMA = 9
# Most emoji, also those that are younger than Python's table of characters.
PICTURES = re.compile("[\U0001f000-\U0001faff]")
# Fillers of Hangul and the empty pattern of Braille: letters and a symbol by their category, and blank.
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"


def clean(text: str) -> str:
    """Return the text composed (NFC), without invisible characters. Line breaks and blanks stay.

    ZWJ and ZWNJ stay where they do something: between letters and after a virama, and ZWJ in emoji.
    """
    if text.isascii() and text.isprintable():
        return text
    # The joiners come last: only then are their neighbours the ones that they will have.
    text = unicodedata.normalize("NFC", INVISIBLE.sub(r"\1", text))
    return unicodedata.normalize("NFC", JOINERS.sub(_kept, text))


def clean_words(text: str) -> str:
    """Return the text cleaned and on one line, with single blanks: for what is looked up, and for lists."""
    return " ".join(clean(text).split())


def clean_line(text: str) -> str:
    """Return the text of a field of one line, cleaned and with single blanks.

    Raises ValidationError for several lines, and for DIRECTION_CONTROLS, which can make a name look like
    another one.
    """
    if len(text.strip().splitlines()) > 1 or DIRECTION_CONTROLS.search(text):
        raise ValidationError(ONE_LINE_ERROR)
    return clean_words(text)


def is_visible(text: str) -> bool:
    """Return whether there is a letter, a digit or an emoji in a text: something to read, and to click."""
    return any(
        (unicodedata.category(each)[0] in "LN" or _is_picture(each)) and each not in BLANK_LETTERS
        for each in text
    )


def validate_visible(text: str) -> None:
    if not is_visible(text):
        raise ValidationError(VISIBLE_ERROR)


def visible_or(text: str, otherwise: str) -> str:
    """Return the text if there is something to see in it: what a list shows as its link."""
    return text if is_visible(text) else otherwise


def _kept(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    return found[0] if _joins(before or " ", found[0], after or " ") else ""


def _joins(before: str, joiner: str, after: str) -> bool:
    # After a virama a joiner decides the shape of the letter before it, also at the end of a word.
    if unicodedata.combining(before) == VIRAMA:
        return True
    kind, following = unicodedata.category(before)[0], unicodedata.category(after)[0]
    if kind in "LM" and following in "LM":
        return True
    # The part of an emoji before a joiner may end in a mark: the one that asks for colours.
    return joiner == ZWJ and (kind == "M" or _is_picture(before)) and (_is_picture(after) or after in "↔↕")


def _is_picture(character: str) -> bool:
    return unicodedata.category(character) == "So" or bool(PICTURES.match(character))
