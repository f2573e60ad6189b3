"""Plain SQL, and the constraint that refuses it: writers that know nothing of the services."""

import pytest
from django.db import IntegrityError, connection, transaction

from ghar.transactions import violated
from visits.models import Visit


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def copy(visit, **changes):
    """Insert the visit's row once more by plain SQL, with other values in some columns."""
    names = [f.column for f in Visit._meta.fields if not (f.primary_key or f.generated)]
    values = ", ".join("%s" if name in changes else name for name in names)
    given = [changes[name] for name in names if name in changes]
    return sql(
        f"INSERT INTO visits_visit ({', '.join(names)}) SELECT {values} FROM visits_visit WHERE id = %s"
        " RETURNING id",
        *given,
        visit.pk,
    )[0][0]


def refused_by(statement, *params):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        statement(*params) if callable(statement) else sql(statement, *params)
    return violated(caught.value)
