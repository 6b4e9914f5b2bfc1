-- Ranges of `settled` by month, made when log time comes near them, and what the settler's role may do.

CREATE INDEX open_counts_hour ON open_counts (partition, hour);
CREATE TRIGGER settled_default_no_truncate BEFORE TRUNCATE ON settled_default EXECUTE FUNCTION refuse_change();

-- The month's range, unless it is there or its hours have rows already: they stay in the DEFAULT range, where the
-- hours of files lie, which may be anywhere. It waits for locks but briefly; whoever asks can ask again.
CREATE FUNCTION settled_range(within timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET lock_timeout = '2s' AS $$
DECLARE
    ranges_max constant integer := 120;
    first constant timestamp := date_trunc('month', within AT TIME ZONE 'UTC');
    from_hour constant timestamptz := first AT TIME ZONE 'UTC';
    to_hour constant timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
    name constant text := 'settled_' || to_char(first, 'YYYY_MM');
BEGIN
    PERFORM pg_advisory_xact_lock(74680118, hashtext(current_schema));
    IF to_regclass(name) IS NOT NULL
        OR (SELECT count(*) FROM pg_inherits WHERE inhparent = 'settled'::regclass) > ranges_max
        OR EXISTS (SELECT FROM settled_default WHERE hour >= from_hour AND hour < to_hour) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE settled INCLUDING ALL)', name);
    EXECUTE format('ALTER TABLE settled ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, from_hour, to_hour);
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change()', name || '_no_truncate',
                   name);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION settled_range FROM PUBLIC;
COMMENT ON FUNCTION settled_range IS 'Makes the range of `settled` for the month that the hour lies in; false: not needed, or not possible.';

-- Money rows can be added, never changed; what merely says how far the settler is can be updated.
CREATE FUNCTION grant_settler(role name) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema, role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', current_schema, role);
    EXECUTE format('GRANT INSERT ON meta, line_names, settled, orders, credits, catalogs, rejected_events,'
                   ' claim, open_counts, order_usage, order_due TO %I', role);
    EXECUTE format('GRANT UPDATE ON claim, open_counts, order_usage TO %I', role);
    EXECUTE format('GRANT DELETE ON open_counts, order_due TO %I', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION settled_range TO %I', role);
END $$;
REVOKE ALL ON FUNCTION grant_settler FROM PUBLIC;
COMMENT ON FUNCTION grant_settler IS 'Gives a role what hourglass-settler needs, and nothing that changes money rows.';

CREATE FUNCTION grant_reader(role name) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema, role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', current_schema, role);
END $$;
REVOKE ALL ON FUNCTION grant_reader FROM PUBLIC;
COMMENT ON FUNCTION grant_reader IS 'Lets a role read everything and change nothing.';
