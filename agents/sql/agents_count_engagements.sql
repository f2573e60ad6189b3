-- Keeps live_users and total_users_assigned of agents. Once per statement and by ascending id, so that
-- statements about several agents lock them in one order.
CREATE OR REPLACE FUNCTION agents_count_engagements() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    begun bigint[] := '{}';
    now_open bigint[] := '{}';
    was_open bigint[] := '{}';
    change record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        begun := ARRAY(SELECT agent_id FROM added);
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        now_open := ARRAY(SELECT agent_id FROM added WHERE ended_at IS NULL);
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        was_open := ARRAY(SELECT agent_id FROM removed WHERE ended_at IS NULL);
    END IF;
    FOR change IN
        SELECT agent_id, sum(live) AS live, sum(total) AS total
        FROM (
            SELECT unnest(now_open), 1, 0
            UNION ALL SELECT unnest(was_open), -1, 0
            UNION ALL SELECT unnest(begun), 0, 1
        ) AS counted(agent_id, live, total)
        GROUP BY agent_id HAVING sum(live) <> 0 OR sum(total) <> 0 ORDER BY agent_id
    LOOP
        UPDATE agents_agent
        SET live_users = live_users + change.live, total_users_assigned = total_users_assigned + change.total
        WHERE id = change.agent_id;
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER agents_count_engagements_insert AFTER INSERT ON agents_engagement
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION agents_count_engagements();

CREATE OR REPLACE TRIGGER agents_count_engagements_update AFTER UPDATE ON agents_engagement
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION agents_count_engagements();

CREATE OR REPLACE TRIGGER agents_count_engagements_delete AFTER DELETE ON agents_engagement
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION agents_count_engagements();
