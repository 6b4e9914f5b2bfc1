-- Functions look names up in their own schema alone. A session's temporary tables and views come before every schema
-- that is not asked to come first, so a function that runs with its owner's rights would call what a stranger put there.

-- current_schema is the generation's schema in each of them, since the path begins with it.
CREATE FUNCTION pin_functions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    here constant name := current_schema;
    function regprocedure;
BEGIN
    FOR function IN SELECT oid FROM pg_catalog.pg_proc WHERE pronamespace = here::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', function, here);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function);
    END LOOP;
END $$;
COMMENT ON FUNCTION pin_functions IS 'Pins search_path of every function of the schema, pg_temp last, and lets nobody but the owner call it: a migration that makes a function ends with this.';

CREATE OR REPLACE FUNCTION settled_range(within timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET lock_timeout = '2s' AS $$
DECLARE
    ranges_max constant integer := 120;
    here constant name := current_schema;
    settled constant regclass := format('%I.settled', here)::regclass;
    first constant timestamp := date_trunc('month', within AT TIME ZONE 'UTC');
    from_hour constant timestamptz := first AT TIME ZONE 'UTC';
    to_hour constant timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
    name constant text := 'settled_' || to_char(first, 'YYYY_MM');
    taken boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(74680118, hashtext(here));
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.settled_default WHERE hour >= $1 AND hour < $2)', here)
        INTO taken USING from_hour, to_hour;
    IF taken OR to_regclass(format('%I.%I', here, name)) IS NOT NULL
        OR (SELECT count(*) FROM pg_catalog.pg_inherits WHERE inhparent = settled) > ranges_max THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %1$I.%2$I (LIKE %1$I.settled INCLUDING ALL)', here, name);
    EXECUTE format('ALTER TABLE %1$I.settled ATTACH PARTITION %1$I.%2$I FOR VALUES FROM (%3$L) TO (%4$L)', here, name,
                   from_hour, to_hour);
    EXECUTE format('CREATE TRIGGER %1$I BEFORE TRUNCATE ON %2$I.%3$I EXECUTE FUNCTION %2$I.refuse_change()',
                   name || '_no_truncate', here, name);
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION grant_settler(role name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    here constant name := current_schema;
    what text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', here, role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', here, role);
    FOREACH what IN ARRAY ARRAY[
        'INSERT ON %I.meta', 'INSERT ON %I.line_names', 'INSERT ON %I.settled', 'INSERT ON %I.orders',
        'INSERT ON %I.credits', 'INSERT ON %I.catalogs', 'INSERT ON %I.rejected_events', 'INSERT, UPDATE ON %I.claim',
        'INSERT, UPDATE, DELETE ON %I.open_counts', 'INSERT, UPDATE ON %I.order_usage',
        'INSERT, DELETE ON %I.order_due', 'EXECUTE ON FUNCTION %I.settled_range'] LOOP
        EXECUTE format('GRANT ' || what || ' TO %I', here, role);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION grant_reader(role name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    here constant name := current_schema;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', here, role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', here, role);
END $$;

SELECT pin_functions();
