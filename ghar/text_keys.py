"""How texts are compared: by their keys, which the database makes (ghar/sql/text_key.sql) and never Python.

Two texts have one key when they are the same to people, whatever their case and Unicode form. Columns of
text have two lookups for that: `city__same_text="PUNE"` and `title__contains_text="flat"`.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Func, Value
from django.db.models.lookups import Contains, Exact

from ghar.text import clean_words


class TextKey(Func):
    """The key of a text: of a column by its name, or of an expression."""

    function = "text_key"
    output_field = models.TextField()


class TextKeys(Func):
    """The keys of an array of texts, in their order."""

    function = "text_keys"
    output_field = ArrayField(models.TextField())


def key_of(text: Any) -> TextKey:
    """Return the key of an expression, or of a text, which is cleaned before."""
    return TextKey(text if hasattr(text, "resolve_expression") else Value(clean_words(text)))


class SameText(Exact):
    def __init__(self, lhs: Any, rhs: Any) -> None:
        super().__init__(key_of(lhs), key_of(rhs))


class ContainsText(Contains):
    def __init__(self, lhs: Any, rhs: Any) -> None:
        super().__init__(key_of(lhs), key_of(rhs))


# The classes keep the names of their parents, by which Django knows the operators of PostgreSQL.
for kind in (models.CharField, models.TextField):
    kind.register_lookup(SameText, "same_text")
    kind.register_lookup(ContainsText, "contains_text")


def keys(texts: Iterable[str]) -> list[str]:
    """Return the keys of the texts, in their order, by one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT text_keys(%s::text[])", [[clean_words(text) for text in texts]])
        found: list[str] = cursor.fetchone()[0]
    return found


def distinct(texts: Iterable[str]) -> list[str]:
    """Return the texts, cleaned, without those that are the same as an earlier one."""
    given = [clean_words(text) for text in texts]
    once: dict[str, str] = {}
    for key, text in zip(keys(given), given, strict=True):
        once.setdefault(key, text)
    return list(once.values())
