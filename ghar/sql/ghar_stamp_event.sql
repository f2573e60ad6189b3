-- Gives an event its place in the order of commits, and wakes those who listen. Deferred, so that it runs at
-- commit: one transaction at a time from there on, until its rows are visible. The notification is only a call
-- to read the table: it has no size limit and nothing to keep in step.
CREATE OR REPLACE FUNCTION ghar_stamp_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ghar_event_seq', 0));
    UPDATE ghar_outboxevent SET seq = nextval('ghar_event_seq'), sent_at = clock_timestamp() WHERE id = NEW.id;
    PERFORM pg_notify('ghar_event', '');
    RETURN NULL;
END $$;

-- PostgreSQL does not replace constraint triggers.
DROP TRIGGER IF EXISTS ghar_stamp_event ON ghar_outboxevent;
CREATE CONSTRAINT TRIGGER ghar_stamp_event AFTER INSERT ON ghar_outboxevent
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ghar_stamp_event();
