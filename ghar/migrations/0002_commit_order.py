"""Events get their place in the order of commits, and whoever listens is woken."""

from django.db import migrations

from ghar.migration_operations import EnforceOnDelete

# Deferred, so that it runs at commit: one transaction at a time from there on, until its rows are visible.
# The notification is only a call to read the table: it has no size limit and nothing to keep in step.
STAMP = """
CREATE SEQUENCE ghar_event_seq;
CREATE FUNCTION ghar_stamp_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ghar_event_seq', 0));
    UPDATE ghar_outboxevent SET seq = nextval('ghar_event_seq'), sent_at = clock_timestamp() WHERE id = NEW.id;
    PERFORM pg_notify('ghar_event', '');
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ghar_stamp_event AFTER INSERT ON ghar_outboxevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ghar_stamp_event();
"""

UNSTAMP = """
DROP TRIGGER ghar_stamp_event ON ghar_outboxevent;
DROP FUNCTION ghar_stamp_event();
DROP SEQUENCE ghar_event_seq;
"""


class Migration(migrations.Migration):
    dependencies = [("ghar", "0001_outbox")]

    operations = [migrations.RunSQL(STAMP, UNSTAMP), EnforceOnDelete()]
