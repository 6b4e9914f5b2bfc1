-- The generation knows itself: how many partitions it has, and which log it is the money of. Without the number, a partition
-- that never claimed would be missed by nobody.

ALTER TABLE meta ADD COLUMN partitions integer CHECK (partitions > 0),
                 ADD COLUMN init_hash bytea CHECK (length(init_hash) = 32);
COMMENT ON COLUMN meta.partitions IS 'Of each topic, for ever; null: the settler has not said yet.';
COMMENT ON COLUMN meta.init_hash IS 'SHA-256 of the message at offset 0 of usage.records: which log this schema settles.';

-- Columns that were null are filled once; nothing else of it changes.
CREATE FUNCTION refuse_other_meta() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.currency <> OLD.currency OR NEW.charge_scale <> OLD.charge_scale
        OR (OLD.partitions IS NOT NULL AND NEW.partitions IS DISTINCT FROM OLD.partitions)
        OR (OLD.init_hash IS NOT NULL AND NEW.init_hash IS DISTINCT FROM OLD.init_hash) THEN
        RAISE EXCEPTION 'meta holds for the generation and does not change';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER meta_fixed BEFORE UPDATE OR DELETE ON meta FOR EACH ROW EXECUTE FUNCTION refuse_other_meta();

DROP VIEW hour_complete;
CREATE VIEW hour_complete AS
SELECT CASE WHEN m.partitions = count(c.partition) AND bool_and(c.closed_s IS NOT NULL)
            THEN to_timestamp(min(c.closed_s)) AT TIME ZONE 'UTC' END AS complete_before,
       count(c.partition) AS partitions,
       m.partitions AS partitions_expected
FROM (SELECT (SELECT partitions FROM meta) AS partitions) m
LEFT JOIN claim c ON c.partition < m.partitions OR m.partitions IS NULL
GROUP BY m.partitions;
COMMENT ON VIEW hour_complete IS 'Every hour before this one (UTC) is settled in all partitions; null: none is, or one of them has not said so yet.';

-- Hours whose lines may still be corrected: the horizon of launches and stops, 35 days.
CREATE VIEW hours AS
SELECT h.hour, coalesce(cardinality(m.missing) = 0, false) AS complete, m.missing, d.catalogs_differ
FROM (SELECT (SELECT partitions FROM meta) AS partitions,
             date_trunc('hour', to_timestamp(max(closed_s)), 'UTC') AS until FROM claim) k
CROSS JOIN LATERAL generate_series(k.until - interval '840 hours', k.until, interval '1 hour') h(hour)
CROSS JOIN LATERAL (
    SELECT CASE WHEN k.partitions IS NOT NULL THEN array(
        SELECT n FROM generate_series(0, k.partitions - 1) n LEFT JOIN claim c ON c.partition = n
        WHERE c.closed_s IS NULL OR to_timestamp(c.closed_s) < h.hour + interval '1 hour' ORDER BY n) END AS missing) m
CROSS JOIN LATERAL (
    SELECT array(
        SELECT partition FROM (
            SELECT DISTINCT ON (partition) partition, text FROM catalogs
            WHERE from_s IS NULL OR to_timestamp(from_s) <= h.hour
            ORDER BY partition, from_s DESC NULLS LAST, seq DESC, ordinal DESC) a
        WHERE text IS DISTINCT FROM (
            SELECT text FROM catalogs WHERE partition = 0 AND (from_s IS NULL OR to_timestamp(from_s) <= h.hour)
            ORDER BY from_s DESC NULLS LAST, seq DESC, ordinal DESC LIMIT 1)
        ORDER BY partition) AS catalogs_differ) d;
COMMENT ON VIEW hours IS 'Hours of the last 35 days of log time, and whether each is settled.';
COMMENT ON COLUMN hours.hour IS 'The hour''s beginning.';
COMMENT ON COLUMN hours.complete IS 'All partitions have settled it; what comes later is a correction.';
COMMENT ON COLUMN hours.missing IS 'Partitions that have not; null: how many there are is not known yet.';
COMMENT ON COLUMN hours.catalogs_differ IS 'Partitions that rate the hour by another catalog than partition 0 does.';

CREATE OR REPLACE FUNCTION grant_settler(role name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    here constant name := current_schema;
    what text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', here, role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', here, role);
    FOREACH what IN ARRAY ARRAY[
        'INSERT ON %I.meta', 'UPDATE (partitions, init_hash) ON %I.meta', 'INSERT ON %I.account_names', 'INSERT ON %I.line_names', 'INSERT ON %I.settled',
        'INSERT ON %I.order_facts', 'INSERT ON %I.payments', 'INSERT ON %I.catalogs', 'INSERT ON %I.rejected',
        'INSERT, UPDATE ON %I.claim', 'INSERT, UPDATE ON %I.order_usage', 'INSERT, DELETE ON %I.order_due',
        'EXECUTE ON FUNCTION %I.settled_range',
        'EXECUTE ON FUNCTION %I.account_key'] LOOP
        EXECUTE format('GRANT ' || what || ' TO %I', here, role);
    END LOOP;
END $$;

SELECT pin_functions();
