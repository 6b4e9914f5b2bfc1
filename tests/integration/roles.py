#!/usr/bin/env python3
"""What the roles of the database can do, and can not: the settler's role settles, changes no money, and gets no function
of the schema to run its code. Real PostgreSQL; needs deploy/local/up's servers."""
import itertools
import os
import re
import subprocess
import sys
import time

import facts
from facts import BUILD, TOP, tell

SCHEMA = f'roles_{os.getpid()}_{int(time.time())}'
LAIR = SCHEMA + '_lair'
SETTLER = 'hourglass_settler'
# What grant_settler lets the settler call; the others answer "permission denied".
CALLABLE = {'settled_range', 'account_key'}
# How far the settler is, and what follows from the insert-only tables.
UPDATED = {'claim', 'order_usage', 'order_due', 'accounts', 'price_list', 'resource_states'}
# What a function is called with, by type; a type that is not here wants a value. NEW: a number not used before.
VALUES = {
    'timestamp with time zone': ["'2026-01-15T00:00:00Z'", 'to_timestamp(NEW * 2678400.0)'],
    'name': ["'hourglass_settler'", "'hourglass'"],
    'text': ["'acme'"],
    'integer': ['0'],
}
numbers = itertools.count(700)


OWNER_URL, SETTLER_URL = facts.servers('DATABASE', 'SETTLER_DATABASE')


def psql(url, *words):
    return subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', url, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False)


def owner(sql):
    done = psql(OWNER_URL, '-c', f'SET client_min_messages = error; SET search_path = {SCHEMA}', '-c', sql)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def settler(sql):
    """What the settler's role is told: '' is success."""
    return psql(SETTLER_URL, '-c', f'SET search_path = {SCHEMA}', '-c', sql).stderr


def state():
    """What an attack would change: money, who is who, what keeps money from change."""
    return owner(f"""
        SELECT 'money', hour, amount, total FROM settled ORDER BY hour;
        SELECT 'member', roleid::regrole, member::regrole FROM pg_auth_members
            WHERE '{SETTLER}'::regrole IN (roleid, member);
        SELECT 'trigger', tgrelid::regclass, tgname, tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
            WHERE relnamespace = '{SCHEMA}'::regnamespace AND relname !~ '^settled_2' ORDER BY 2, 3;
        SELECT 'rights', relname, relacl, relowner FROM pg_class WHERE relnamespace = '{SCHEMA}'::regnamespace
            AND relname !~ '^settled_2' ORDER BY 2;
        SELECT 'function', oid::regprocedure, proowner, proacl, proconfig FROM pg_proc
            WHERE pronamespace = '{SCHEMA}'::regnamespace ORDER BY 2""")


def functions():
    """(name, result type, argument types) of each function of the schema."""
    rows = owner(f"""SELECT p.proname, prorettype::regtype,
        coalesce((SELECT string_agg(t::regtype::text, ';' ORDER BY n)
        FROM unnest(p.proargtypes) WITH ORDINALITY a(t, n)), '')
        FROM pg_proc p WHERE pronamespace = '{SCHEMA}'::regnamespace ORDER BY 1""")
    return [(name, result, [t for t in types.split(';') if t]) for name, result, types in (r.split('|') for r in rows)]


def calls(name, result, types):
    if result == 'trigger':
        return [f'CREATE TABLE {LAIR}.mine (); CREATE TRIGGER t BEFORE INSERT ON {LAIR}.mine'
                f' EXECUTE FUNCTION {SCHEMA}.{name}(); INSERT INTO {LAIR}.mine DEFAULT VALUES']
    lists = [[]]
    for t in types:
        assert t in VALUES, f'{name}: a value of type {t} is wanted in VALUES'
        lists = [some + [value] for some in lists for value in VALUES[t]]
    return [f'SELECT {SCHEMA}.{name}({", ".join(some)})' for some in lists]


# --- the schema

def begin():
    done = subprocess.run([BUILD / 'cli/hourglass', 'db', 'migrate', '--database', OWNER_URL, '--schema', SCHEMA],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
    owner(f"""INSERT INTO settled (hour, account, line, partition, seq, usage, units, priced, "exists", total, amount)
        SELECT h, account_key('acme'), md5(h::text)::uuid, 0, 1, '\\x00', 1, true, true, 5, 5
        FROM unnest(ARRAY['2026-01-15T10:00:00Z', '2026-03-15T10:00:00Z']::timestamptz[]) h""")
    owner(f"SELECT grant_settler('{SETTLER}')")


def end():
    owner(f'DROP SCHEMA {SCHEMA} CASCADE')


# --- what it can not do

def every_function_is_pinned():
    rows = owner(f"""SELECT proname, proconfig, proacl FROM pg_proc WHERE pronamespace = '{SCHEMA}'::regnamespace
        AND (NOT coalesce(proconfig, '{{}}') @> ARRAY['search_path={SCHEMA}, pg_temp']
             OR proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))""")
    tell(not rows, 'every function looks names up in its schema first and in pg_temp last, and PUBLIC calls none', rows)


def attack(call, only, shape, temp, path):
    """The call as the settler's role, with what it can put in the way: what it was told, whether its code ran."""
    owner(f'CREATE SCHEMA {LAIR}; GRANT USAGE, CREATE ON SCHEMA {LAIR} TO {SETTLER}')
    script = TOP / 'tests/integration/attack.sql'
    words = [word for name, value in (('target', SCHEMA), ('lair', LAIR), ('only', only), ('shape', shape),
                                                   ('temp', int(temp)))
             for word in ('-v', f'{name}={value}')]
    done = psql(SETTLER_URL, *words, '-f', str(script), '-c', '\\echo READY', '-c', f'SET search_path = {path}', '-c',
                call.replace('NEW', str(next(numbers))))
    assert 'READY' in done.stdout, done.stderr
    ran = owner(f'SELECT is_called FROM {LAIR}.ran_as_another') == ['t']
    owner(f'DROP SCHEMA {LAIR} CASCADE')
    return done.stderr, ran


def no_function_runs_the_settlers_code(temp):
    before = state()
    paths = [f'{LAIR}, {SCHEMA}, pg_catalog', SCHEMA]
    if temp:
        paths.append(f'pg_temp, {LAIR}, {SCHEMA}, pg_catalog')
    relations = owner(f"""SELECT relname FROM pg_class WHERE relnamespace = '{SCHEMA}'::regnamespace
        AND relkind IN ('r', 'p', 'v') AND relname !~ '^settled_2' ORDER BY 1""")
    for name, result, types in functions():
        wrong = []
        ways = [('', 'view', paths[-1])]
        if name in CALLABLE:
            ways = list(itertools.product([''], ('view', 'table'), paths))
        if name in CALLABLE and temp:
            ways += itertools.product(relations, ('view', 'table'), paths[-1:])
        for call in calls(name, result, types):
            for only, shape, path in ways:
                told, ran = attack(call, only, shape, temp, path)
                denied = re.search(rf'permission denied for function ({SCHEMA}\.)?{name}$', told, re.M) is not None
                if ran or denied == (name in CALLABLE):
                    wrong.append((call, only, shape, path, told, 'its code ran' if ran else ''))
        tell(not wrong and state() == before,
             f'{name} runs none of the settler\'s code, {"with" if temp else "without"} temporary tables', *wrong[:2])


def attacks():
    told = settler('CREATE TEMPORARY VIEW settled_default AS SELECT 1')
    tell('permission denied to create temporary' in told, 'the settler makes no temporary tables', told)
    no_function_runs_the_settlers_code(False)
    database = owner('SELECT quote_ident(current_database())')[0]
    owner(f'GRANT TEMPORARY ON DATABASE {database} TO {SETTLER}')
    try:
        no_function_runs_the_settlers_code(True)
    finally:
        owner(f'REVOKE TEMPORARY ON DATABASE {database} FROM {SETTLER}')


def refused(what, *statements):
    told = {sql: settler(sql) for sql in statements}
    no = 'permission denied|must be (owner|superuser|member)|must have admin option'
    good = all(re.search(no, t) for t in told.values())
    tell(good, what, *(pair for pair in told.items()))


def money_stays():
    tables = owner(f"""SELECT relname, (SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1)
        FROM pg_class c WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'p')
        AND relname !~ '^settled_2' ORDER BY 1""")
    before = state()
    for table, column in (row.split('|') for row in tables):
        acts = [f'TRUNCATE {table}', f'ALTER TABLE {table} DISABLE TRIGGER ALL', f'DROP TABLE {table}',
                f'CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING', f'ALTER TABLE {table} OWNER TO {SETTLER}',
                f'CREATE TRIGGER t BEFORE INSERT ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()']
        if table not in UPDATED:
            acts += [f'UPDATE {table} SET "{column}" = "{column}"', f'DELETE FROM {table}']
        refused(f'{table}: the settler changes no row, no trigger, no owner', *acts)
    refused('the settler becomes nobody else', 'SET ROLE hourglass', 'SET SESSION AUTHORIZATION hourglass',
            f'GRANT hourglass TO {SETTLER}', f'ALTER ROLE {SETTLER} SUPERUSER', 'SET session_replication_role = replica',
            f'CREATE TABLE {SCHEMA}.mine ()', f'CREATE FUNCTION {SCHEMA}.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
            f'ALTER SCHEMA {SCHEMA} OWNER TO {SETTLER}')
    tell(state() == before, 'and all is as it was')


def main():
    begin()
    try:
        every_function_is_pinned()
        attacks()
        money_stays()
    finally:
        end()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
