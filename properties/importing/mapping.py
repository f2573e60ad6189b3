"""Mappings: which field each column of a file becomes, from options, from a TOML file, or by itself."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cached_property
from typing import NamedTuple

from properties.importing.errors import ImportRefused, ValueRefused, printable, quote
from properties.importing.headers import (
    ALIASES,
    ATTRIBUTE_PREFIX,
    FIELD_KEYS,
    FIELDS,
    HOUSE_RENT,
    HOUSE_RENT_CONSTANTS,
    HOUSE_RENT_KEYS,
    HOUSE_RENT_MARKS,
    REFUSAL_COLUMNS,
    REQUIRED,
    factor_in_name,
    is_field,
    is_unnamed,
    name_key,
)
from properties.importing.values import AMOUNTS, NAMED_IN_TITLES, parse

FACTOR = re.compile(r"(?P<column>.+?)\s*(?P<sign>[*/])\s*(?P<factor>[0-9]+(?:\.[0-9]+)?)")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
MAX_LISTED = 30


class Rule(NamedTuple):
    """A column, named as people like, becomes a field. Numbers are multiplied by the factor."""

    column: str
    field: str
    factor: Decimal = Decimal(1)

    def __str__(self) -> str:
        return f"{self.column}{'' if self.factor == 1 else f'*{self.factor.normalize():f}'}={self.field}"


@dataclass(frozen=True)
class ColumnMapping:
    """What the user says about a file's columns.

    `constants` are values that every row has, whatever the file says; {column} in one stands for the cell.
    `words` are the values of texts by field, such as {"purpose": {"Outright": "buy"}}. Columns without a rule
    become the fields of their names if `by_name`; `keep_others` keeps all others as attributes.
    """

    rules: Sequence[Rule] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keep_others: bool = False
    by_name: bool = True

    def overridden_by(self, other: "ColumnMapping") -> "ColumnMapping":
        """Return both together. What `other` says about a field counts."""
        fields = {rule.field for rule in other.rules} | other.constants.keys()
        return replace(
            self,
            rules=[*(rule for rule in self.rules if rule.field not in fields), *other.rules],
            constants={
                **{name: text for name, text in self.constants.items() if name not in fields},
                **other.constants,
            },
            words={**self.words, **other.words},
            keep_others=self.keep_others or other.keep_others,
        )


class Source(NamedTuple):
    """A column of the file, by its place, that becomes a field."""

    place: int
    column: str
    field: str
    factor: Decimal = Decimal(1)


@dataclass(frozen=True)
class Plan:
    """A mapping that was applied to a header.

    `keys` are the names under which the cells identify a row: the same for all spellings of a column, "" for
    a column that does not. `sources` may name a column twice.
    """

    header: Sequence[str]
    keys: Sequence[str]
    sources: Sequence[Source]
    mapping: ColumnMapping
    is_house_rent: bool
    ignored: Sequence[str]

    @cached_property
    def columns(self) -> dict[str, str]:
        """Return the name of the file's column by field."""
        return {source.field: source.column for source in self.sources}

    @cached_property
    def factors(self) -> dict[str, Decimal]:
        return {source.field: source.factor for source in self.sources}

    def place_of(self, column: str) -> int:
        """Return the place of a column that the mapping names."""
        return next(place for place, cell in enumerate(self.header) if name_key(cell) == name_key(column))

    def warnings(self) -> list[str]:
        return [f"Ignored columns: {', '.join(self.ignored)}."] if self.ignored else []


def parse_options(maps: Iterable[str], sets: Iterable[str], *, keep_others: bool = False) -> ColumnMapping:
    """Return the mapping of options such as price_lakhs*100000=base_price and city=Gurgaon."""
    constants = {}
    for option in sets:
        name, equals, text = option.partition("=")
        if not equals:
            raise ImportRefused(f"{quote(option)} is not like FIELD=TEXT.")
        constants[_field_named(name)] = text.strip()
    return ColumnMapping([_parse_rule(option) for option in maps], constants, {}, keep_others)


def parse_toml(text: str, name: str) -> ColumnMapping:
    """Return the mapping of a TOML file: a list `map` of texts as --map takes them, [set], [values.FIELD]."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ImportRefused(f"{name} is not TOML: {error}") from None
    unknown = content.keys() - {"map", "set", "values", "keep_others"}
    if unknown:
        raise ImportRefused(f"{name} has unknown names: {', '.join(sorted(unknown))}.")
    maps, sets, words = content.get("map", []), content.get("set", {}), content.get("values", {})
    keep = content.get("keep_others", False)
    if not (
        isinstance(maps, list) and all(isinstance(rule, str) for rule in maps) and isinstance(keep, bool)
    ):
        raise ImportRefused(f"{name}: map is a list of texts, and keep_others is true or false.")
    if not isinstance(sets, dict) or not isinstance(words, dict):
        raise ImportRefused(f"{name}: set and values are tables.")
    mapping = parse_options(maps, [f"{key}={value}" for key, value in sets.items()], keep_others=keep)
    tables: dict[str, dict[str, str]] = {}
    for key, table in words.items():
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            raise ImportRefused(f"{name}: values.{printable(key, 40)} is a table of texts.")
        tables[_field_named(key)] = {name_key(word): value for word, value in table.items()}
    return replace(mapping, words=tables)


def make_plan(header: Sequence[str], mapping: ColumnMapping, *, strict: bool = False) -> Plan:
    """Apply a mapping to a header. Columns that it does not name become the fields of their names.

    Raises ImportRefused when a column or a field is doubled, when one is not there, and with `strict` when
    a column would be ignored. `find_missing` tells whether the plan makes listings.
    """
    places: dict[str, list[int]] = {}
    for index, cell in enumerate(header):
        if not is_unnamed(cell):
            places.setdefault(name_key(cell), []).append(index)
    sources = [_apply_rule(rule, header, places) for rule in mapping.rules]
    for text in mapping.constants.values():
        for column in PLACEHOLDER.findall(text):
            _place_of(column, header, places)
    taken = {source.field for source in sources} | mapping.constants.keys()
    doubled = next(
        (s.field for n, s in enumerate(sources) if s.field in {t.field for t in sources[:n]}), None
    )
    if doubled:
        raise ImportRefused(f"Two columns are mapped to {doubled}.")
    is_house_rent = _is_house_rent(places)
    if mapping.by_name:
        sources += _sources_by_name(header, places, taken, is_house_rent=is_house_rent)
    used = {source.place for source in sources}
    used |= {
        places[name_key(name)][0] for text in mapping.constants.values() for name in PLACEHOLDER.findall(text)
    }
    others = [index for index in range(len(header)) if index not in used]
    if mapping.keep_others:
        kept = [index for index in others if not is_unnamed(header[index])]
        sources += [Source(i, header[i], attribute_of(header[i])) for i in kept]
        others = [index for index in others if index not in kept]
    plan = Plan(
        header, _row_keys(header, is_house_rent), sources, mapping, is_house_rent, _listed(header, others)
    )
    if strict and plan.ignored:
        raise ImportRefused(f"These columns are unknown: {', '.join(plan.ignored)}.")
    return plan


def find_missing(plan: Plan) -> list[str]:
    """Return the required fields that no column becomes."""
    given = {source.field for source in plan.sources} | plan.mapping.constants.keys()
    if plan.is_house_rent:
        given |= {"title", *HOUSE_RENT_CONSTANTS}
    return [name for name in REQUIRED if name not in given]


def propose(plan: Plan, samples: Sequence[Sequence[str]]) -> list[Rule]:
    """Return rules for columns whose names are known for a field that nothing becomes yet.

    `samples` are some rows: an empty column is not proposed, and if a name stands for two fields, the first
    one counts that takes all values. The titles of portals often tell the purpose and the type as well.
    """
    given = {source.field for source in plan.sources} | plan.mapping.constants.keys()
    used = {source.place for source in plan.sources}
    texts = [
        [row[place].strip() for row in samples if place < len(row) and row[place].strip()]
        for place in range(len(plan.header))
    ]
    rules: list[Rule] = []
    for place, cell in enumerate(plan.header):
        if place in used or (samples and not texts[place]):
            continue
        candidates = [name for name in ALIASES.get(name_key(cell), ()) if name not in given]
        if len(candidates) > 1:
            candidates = [n for n in candidates if _takes_all(n, texts[place])] or candidates
        if candidates:
            given.add(candidates[0])
            rules.append(Rule(cell, candidates[0], Decimal(factor_in_name(cell))))
    titles = [source.column for source in plan.sources if source.field == "title"]
    titles += [rule.column for rule in rules if rule.field == "title"]
    for title in titles if not plan.is_house_rent else []:
        for name in (each for each in NAMED_IN_TITLES if each not in given):
            if texts[plan.place_of(title)] and _takes_all(name, texts[plan.place_of(title)]):
                rules.append(Rule(title, name))
    return rules


def _takes_all(field: str, texts: Iterable[str]) -> bool:
    """Return whether all texts are values of a field."""
    try:
        for text in texts:
            parse(field, text, factor=Decimal(1), decimal_comma=False)
    except ValueRefused:
        return False
    return True


def _parse_rule(option: str) -> Rule:
    column, equals, name = option.rpartition("=")
    if not equals or not column.strip():
        raise ImportRefused(f"{quote(option)} is not like COLUMN=FIELD or COLUMN*FACTOR=FIELD.")
    target = _field_named(name)
    found = FACTOR.fullmatch(column.strip())
    if not found:
        return Rule(column.strip(), target)
    if target not in AMOUNTS:
        raise ImportRefused(f"{quote(option)}: {target} takes no factor, as it is no number.")
    try:
        factor = Decimal(found["factor"])
        return Rule(found["column"], target, 1 / factor if found["sign"] == "/" else factor)
    except (InvalidOperation, ZeroDivisionError):
        raise ImportRefused(f"{quote(option)}: the factor can't be zero.") from None


def _field_named(name: str) -> str:
    name = name.strip()
    found = FIELD_KEYS.get(name_key(name), name)
    if not is_field(found):
        close = get_close_matches(name_key(name), FIELD_KEYS, 1)
        hint = f"Do you mean {FIELD_KEYS[close[0]]}?" if close else f"The fields are: {', '.join(FIELDS)}."
        raise ImportRefused(f"{quote(name)} is not a field. {hint}")
    return found


def _place_of(column: str, header: Sequence[str], places: Mapping[str, list[int]]) -> int:
    """Return the place of a column that the mapping names."""
    found = places.get(name_key(column), [])
    if len(found) > 1:
        raise ImportRefused(f"The column {quote(column)} is there {len(found)} times. Rename all but one.")
    if not found:
        raise ImportRefused(f"There is no column {quote(column)}. The file has: {names_of(header)}")
    return found[0]


def names_of(header: Sequence[str]) -> str:
    return ", ".join(quote(cell) for cell in header[:MAX_LISTED] if not is_unnamed(cell)) or "no names"


def _apply_rule(rule: Rule, header: Sequence[str], places: Mapping[str, list[int]]) -> Source:
    index = _place_of(rule.column, header, places)
    return Source(index, header[index], rule.field, rule.factor)


def _is_house_rent(places: Mapping[str, list[int]]) -> bool:
    """Return whether the header is that of House Rent, whatever the mapping makes of it."""
    marks = {name_key(name) for name in HOUSE_RENT_MARKS}
    return marks <= places.keys() and not {name_key("title"), name_key("base_price")} & places.keys()


def _sources_by_name(
    header: Sequence[str], places: Mapping[str, list[int]], taken: set[str], *, is_house_rent: bool
) -> list[Source]:
    """Return the columns that are named like fields which nothing becomes yet."""
    sources: list[Source] = []
    for key, found in places.items():
        target = FIELD_KEYS.get(key)
        if is_house_rent and key in HOUSE_RENT_KEYS:
            target = HOUSE_RENT[HOUSE_RENT_KEYS[key]]
        if target is None or target in taken:
            continue
        if len(found) > 1:
            columns = " and ".join(str(index + 1) for index in found)
            raise ImportRefused(
                f"{quote(header[found[0]])} is doubled: columns {columns} have this name. Rename all but one."
            )
        taken.add(target)
        sources.append(Source(found[0], header[found[0]], target))
    return sources


def _row_keys(header: Sequence[str], is_house_rent: bool) -> list[str]:
    """Return one name for all spellings of a column: rows are recognised by them in later imports, too."""
    names = FIELD_KEYS | HOUSE_RENT_KEYS if is_house_rent else FIELD_KEYS
    keys = [names.get(name_key(cell), name_key(cell)) for cell in header]
    no_keys = {name_key(name) for name in REFUSAL_COLUMNS}
    return ["" if is_unnamed(cell) or key in no_keys else key for cell, key in zip(header, keys, strict=True)]


def attribute_of(column: str) -> str:
    """Return the field that keeps a column as an attribute: attributes.area_type for "Area Type"."""
    return f"{ATTRIBUTE_PREFIX}{_snake(column)}"


def _snake(name: str) -> str:
    return "_".join(re.findall(r"\w+", name.replace("_", " ").casefold()))[:60]


def _listed(header: Sequence[str], indexes: Sequence[int]) -> list[str]:
    named = [printable(header[index], 40) for index in indexes if not is_unnamed(header[index])]
    unnamed = len(indexes) - len(named)
    return [*named, *([f"{unnamed} without a name"] if unnamed else [])]
