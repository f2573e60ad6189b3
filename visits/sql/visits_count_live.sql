-- Keeps live_visits of agents.
CREATE OR REPLACE FUNCTION visits_count_live() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    leaves bigint := CASE WHEN OLD.live THEN OLD.agent_id END;
    gets bigint := CASE WHEN NEW.live THEN NEW.agent_id END;
BEGIN
    IF leaves IS DISTINCT FROM gets THEN
        PERFORM 1 FROM agents_agent WHERE id IN (leaves, gets) ORDER BY id FOR NO KEY UPDATE;
        UPDATE agents_agent SET live_visits = live_visits - 1 WHERE id = leaves;
        UPDATE agents_agent SET live_visits = live_visits + 1 WHERE id = gets;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER visits_count_live AFTER INSERT OR DELETE OR UPDATE OF agent_id, live ON visits_visit
    FOR EACH ROW EXECUTE FUNCTION visits_count_live();
