"""Migration operations of the project's own."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

from ghar import text
from ghar.sql_files import SQLFile
from ghar.validators import timezones
from ghar.zones import present_names

# Conditions for rows that CleanTexts has to read. Python decides what becomes of them.
UNCLEAN_PARAGRAPH = "({0} IS NOT NFC NORMALIZED OR {0} ~ %(invisible)s)"
UNCLEAN_LINE = "({0} IS NOT NFC NORMALIZED OR {0} ~ %(invisible)s OR {0} ~ %(blanks)s)"

RULES: dict[Any, str] = {
    models.CASCADE: "CASCADE",
    models.SET_NULL: "SET NULL",
    models.PROTECT: "RESTRICT",
    models.RESTRICT: "RESTRICT",
}


class InstallSQL(Operation):
    """Run a file with a function and its triggers, such as InstallSQL("visits/sql/agent_taken.sql").

    To change a function, change its file and add a migration with InstallSQL(path, again=True): a database
    that is already there gets the new text by it, and until then the doctor says that the two differ. A new
    database runs the new text in the earlier migration, too. Where that cannot be (its trigger names a column
    that comes later), move the earlier operation into the new migration. CREATE OR REPLACE cannot change the
    arguments and the result: drop the function before, by RunSQL.

    Going back drops the function and its triggers; `again`, it leaves them as they are.
    """

    reversible = True
    reduces_to_sql = True
    category = OperationCategory.SQL

    def __init__(self, path: str, again: bool = False) -> None:
        self.path = path
        self.again = again

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        schema_editor.execute(SQLFile(self.path).text, None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if not self.again:
            schema_editor.execute(SQLFile(self.path).drop, None)

    def describe(self) -> str:
        return f"Install {self.path}"

    @property
    def migration_name_fragment(self) -> str:
        return f"install_{SQLFile(self.path).function}"


class CleanTexts(Operation):
    """Clean the texts that stand in columns of a model, as new ones are cleaned (ghar.text).

    `lines` are columns of one line, or of arrays of such texts. The database says which rows need it, and
    only these are read. Where a text becomes longer than its column (NFC writes some letters as two), its
    end is cut. Going back leaves the texts clean.
    """

    reversible = True
    reduces_to_sql = False
    category = OperationCategory.PYTHON
    BATCH = 1_000

    def __init__(self, model_name: str, *, lines: Sequence[str] = (), paragraphs: Sequence[str] = ()) -> None:
        self.model_name, self.lines, self.paragraphs = model_name, lines, paragraphs

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        columns = {"lines": self.lines, "paragraphs": self.paragraphs}
        return self.__class__.__name__, [self.model_name], columns

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        columns = [*self.lines, *self.paragraphs]
        table = model._meta.db_table
        unclean = " OR ".join(
            [UNCLEAN_LINE.format(as_text(model, name)) for name in self.lines]
            + [UNCLEAN_PARAGRAPH.format(as_text(model, name)) for name in self.paragraphs]
        )
        read = f"SELECT id, {', '.join(columns)} FROM {table} WHERE id > %(after)s AND ({unclean})"
        write = f"UPDATE {table} SET {', '.join(f'{name} = %s' for name in columns)} WHERE id = %s"
        values: dict[str, int | str] = {
            "after": 0,
            "invisible": text.INVISIBLE_CLASS,
            "blanks": f"{text.ODD_BLANKS}|  |^ | $",
        }
        with schema_editor.connection.cursor() as cursor:
            while True:
                cursor.execute(f"{read} ORDER BY id LIMIT {self.BATCH}", values)
                rows = cursor.fetchall()
                if not rows:
                    return
                cursor.executemany(write, [[*self.cleaned(model, row[1:]), row[0]] for row in rows])
                values["after"] = rows[-1][0]

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        pass

    def describe(self) -> str:
        return f"Clean the texts of {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"clean_{self.model_name}"

    def cleaned(self, model: Any, values: Iterable[Any]) -> Iterator[Any]:
        cleaners = [text.clean_words] * len(self.lines) + [text.clean] * len(self.paragraphs)
        for name, cleaner, value in zip([*self.lines, *self.paragraphs], cleaners, values, strict=True):
            field = model._meta.get_field(name)
            if isinstance(field, ArrayField):
                limit = field.base_field.max_length
                yield [kept for item in value if (kept := cleaner(item)[:limit])]
            else:
                yield cleaner(value)[: field.max_length]


def as_text(model: Any, name: str) -> str:
    """Return the SQL of a column as one text; of an array, all its texts."""
    is_array = isinstance(model._meta.get_field(name), ArrayField)
    return f"array_to_string({name}, '|')" if is_array else name


class StorePresentZones(migrations.RunPython):
    """Turn the old names of time zones in the column `timezone` of a table into the present ones.

    A name that the database does not know under its present name either stays as it is, for the doctor to
    report. Going back changes nothing: both names mean the same zone.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(self.rename, migrations.RunPython.noop)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.table], {}

    def rename(self, apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        names = {old: name for old, name in present_names().items() if name in timezones()}
        table = schema_editor.quote_name(self.table)
        schema_editor.execute(
            f"UPDATE {table} SET timezone = present"
            " FROM unnest(%s::text[], %s::text[]) AS names(old, present) WHERE timezone = old",
            (list(names), list(names.values())),
        )


class EnforceOnDelete(Operation):
    """Let the database itself follow the `on_delete` of an app's foreign keys, those of its M2M tables too.

    Django writes all of them as NO ACTION. A key must exist before it can be changed, and Django adds keys
    at the end of a migration: so this stands in a later one than the tables. Run it again after any
    AlterField of a foreign key, which makes the key anew. Rules that RULES does not list are left alone.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, app_label: str | None = None) -> None:
        self.app_label = app_label

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [], {"app_label": self.app_label} if self.app_label else {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for key in self.foreign_keys(app_label, to_state):
            recreate(schema_editor, key, f" ON DELETE {RULES[key.remote_field.on_delete]}")

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for key in self.foreign_keys(app_label, to_state):
            recreate(schema_editor, key, "")

    def describe(self) -> str:
        return f"Let the database follow on_delete in {self.app_label or 'this app'}"

    @property
    def migration_name_fragment(self) -> str:
        return "on_delete"

    def foreign_keys(self, app_label: str, state: ProjectState) -> list[Any]:
        config = state.apps.get_app_config(self.app_label or app_label)
        return [
            field
            for model in config.get_models(include_auto_created=True)
            if model._meta.managed and not model._meta.proxy
            for field in model._meta.local_fields
            if isinstance(field, models.ForeignKey)
            and field.db_constraint  # type: ignore[attr-defined]
            and field.remote_field.on_delete in RULES
        ]


def recreate(schema_editor: Any, key: Any, on_delete: str) -> None:
    """Replace the constraint of a foreign key, under its own name."""
    quote, table, target = schema_editor.quote_name, key.model._meta.db_table, key.target_field
    names = schema_editor._constraint_names(key.model, [key.column], foreign_key=True)
    if len(names) != 1:
        raise ValueError(f"{table}.{key.column} has {len(names)} foreign keys, not the one of {key}")
    name = names[0]
    schema_editor.execute(
        f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(name)}, ADD CONSTRAINT {quote(name)} "
        f"FOREIGN KEY ({quote(key.column)}) REFERENCES {quote(target.model._meta.db_table)} "
        f"({quote(target.column)}){on_delete} DEFERRABLE INITIALLY DEFERRED"
    )
