#!/usr/bin/env python3
"""What the views promise: their columns and types, what they say of rows that were corrected, and that a question about an
account's hour reads that hour alone. Real PostgreSQL; needs deploy/local/up's servers."""
import json
import os
import subprocess
import sys
import time

import facts
from facts import BUILD, TOP, tell

SCHEMA = f'views_{os.getpid()}_{int(time.time())}'
LINES = [('hour', 'timestamp with time zone'), ('account', 'text'), ('product', 'text'), ('resource', 'text'),
         ('meter', 'text'), ('sku', 'text'), ('kind', 'text'), ('units', 'numeric'), ('amount', 'numeric'),
         ('currency', 'text')]


DATABASE, = facts.servers('DATABASE')


def sql(text):
    done = subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', DATABASE, '-c', 'SET client_min_messages = error',
                           '-c', f'SET search_path = {SCHEMA}', '-c', 'SET timezone = UTC', '-c', text],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def hourglass(*words):
    return subprocess.run([BUILD / 'cli/hourglass', *words, '--database', DATABASE, '--schema', SCHEMA],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)


def migrate(last=None):
    """The schema as of that migration, of all without it."""
    if last is None:
        done = hourglass('db', 'migrate')
        assert done.returncode == 0, done.stderr
        return
    sql(f"""CREATE SCHEMA {SCHEMA};
        CREATE TABLE migrations (number integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL,
                                 applied_at timestamptz NOT NULL DEFAULT now())""")
    for path in sorted((TOP / 'schemas/sql').glob('*.sql'))[:last]:
        sql(path.read_text())
        sql(f"INSERT INTO migrations VALUES ({int(path.name[:3])}, '{path.stem}',"
            f" encode(sha256(convert_to($t${path.read_text()}$t$, 'UTF8')), 'hex'))")


def drop():
    sql(f'DROP SCHEMA {SCHEMA} CASCADE')


def add(account, resource, hour, seq, units, total, priced=True, exists=True, sku='gpu'):
    line = f"md5('{account}/{resource}/{sku}')::uuid"
    sql(f"""INSERT INTO account_names (name) VALUES ('{account}') ON CONFLICT DO NOTHING;
        INSERT INTO line_names VALUES ({line}, 0, '{account}', 'container', '{resource}', 'runtime', '{sku}', 'usage')
            ON CONFLICT DO NOTHING;
        INSERT INTO settled (hour, account, line, partition, seq, usage, units, priced, "exists", total, amount)
            VALUES ('{hour}', account_key('{account}'), {line}, 0, {seq}, '', {units}, {priced}, {exists}, {total},
                    {total})""")


# --- what the view says

def columns_and_types():
    found = [tuple(row.split('|')) for row in sql(f"""SELECT attname, format_type(atttypid, NULL),
        col_description(attrelid, attnum) IS NOT NULL, obj_description(attrelid, 'pg_class') IS NOT NULL
        FROM pg_attribute WHERE attrelid = 'lines'::regclass AND attnum > 0 ORDER BY attnum""")]
    tell(found == [(name, kind, 't', 't') for name, kind in LINES], 'lines has its columns, with types and comments', found)


def the_last_row_is_the_line():
    sql("INSERT INTO meta (currency, charge_scale) VALUES ('USD', 6)")
    add('acme', 'a', '2026-11-01T10:00:00Z', 1, 3600, '2.5')
    add('acme', 'a', '2026-11-01T10:00:00Z', 7, 1800, '1.25')
    add('acme', 'b', '2026-11-01T10:00:00Z', 1, 3600, '2.5')
    add('acme', 'b', '2026-11-01T10:00:00Z', 3, 0, '0', exists=False)
    add('acme', 'c', '2026-11-01T11:00:00Z', 2, 60, '0', priced=False)
    add('Öl', 'a', '2026-11-01T10:00:00Z', 2, 10 ** 38, '123456789012345678901234567890.5')
    found = sql('SELECT hour, account, resource, units, amount, currency FROM lines ORDER BY account COLLATE "C", hour')
    tell(found == ['2026-11-01 10:00:00+00|acme|a|1800|1.250000|USD', '2026-11-01 11:00:00+00|acme|c|60||USD',
                   f'2026-11-01 10:00:00+00|Öl|a|{10 ** 38}|123456789012345678901234567890.500000|USD'],
         'a line is its last row; gone it is no line, unpriced it has no amount', found)
    done = hourglass('lines')
    wanted = [('acme', 10, 'a', '1800', '"1.250000"'), ('acme', 11, 'c', '60', 'null'),
              ('Öl', 10, 'a', str(10 ** 38), '"123456789012345678901234567890.500000"')]
    text = ''.join(f'{{"account":"{account}","hour":"2026-11-01T{hour}:00:00Z","product":"container",'
                   f'"resource":"{resource}","meter":"runtime","sku":"gpu","kind":"usage","units":"{units}",'
                   f'"amount":{amount},"currency":"USD"}}\n'
                   for account, hour, resource, units, amount in wanted)
    tell(done.stdout == text, 'hourglass lines prints them as rate does', done)


def hours_and_whom_they_wait_for():
    """(hour_complete, the rows of `hours` at 09:00 to 11:00 of 2026-11-01)."""
    return sql("SELECT * FROM hour_complete"), sql("""SELECT to_char(hour, 'HH24'), complete, missing, catalogs_differ
        FROM hours WHERE hour BETWEEN '2026-11-01T09:00Z' AND '2026-11-01T11:00Z' ORDER BY hour""")


def claim(partition, closed):
    """closed: SQL of seconds."""
    sql(f"""INSERT INTO claim (partition, fence, next_seq, next_step, next_offset, last_hash, closed_s)
        VALUES ({partition}, 1, 9, 0, 9, '', {closed}) ON CONFLICT (partition) DO UPDATE SET closed_s = {closed}""")


def an_hour_is_complete_when_all_partitions_say_so():
    ten, eleven = 1793527200, 1793530800
    claim(0, eleven)
    claim(1, eleven)
    found = hours_and_whom_they_wait_for()
    tell(found == (['|2|'], ['09|f||{}', '10|f||{}', '11|f||{}']),
         'no hour is complete while nobody knows how many partitions there are', found)
    sql('UPDATE meta SET partitions = 4')
    found = hours_and_whom_they_wait_for()
    tell(found == (['|2|4'], ['09|f|{2,3}|{}', '10|f|{2,3}|{}', '11|f|{0,1,2,3}|{}']),
         'no hour is complete with two of four partitions settled, and hours says which are missing', found)
    claim(2, eleven)
    claim(3, 'NULL')
    found = hours_and_whom_they_wait_for()
    tell(found == (['|4|4'], ['09|f|{3}|{}', '10|f|{3}|{}', '11|f|{0,1,2,3}|{}']),
         'no hour is complete while a partition has closed none', found)
    claim(3, ten)
    found = hours_and_whom_they_wait_for()
    tell(found == (['2026-11-01 10:00:00|4|4'], ['09|t|{}|{}', '10|f|{3}|{}', '11|f|{0,1,2,3}|{}']),
         'an hour is complete once all of them have', found)
    claim(7, ten - 3600)
    found = sql('SELECT * FROM hour_complete')
    tell(found == ['2026-11-01 10:00:00|4|4'], 'a claim of no partition of the generation counts for nothing', found)
    sql('DELETE FROM claim WHERE partition = 7')


def where_catalogs_differ_is_said():
    sql(f"""INSERT INTO catalogs (partition, seq, ordinal, from_s, text)
        SELECT p, 0, 0, NULL, 'first' FROM generate_series(0, 3) p;
        INSERT INTO catalogs (partition, seq, ordinal, from_s, text)
        SELECT p, 5, 0, {1793527200}, CASE p WHEN 2 THEN 'other' ELSE 'second' END FROM generate_series(0, 2) p""")
    _, found = hours_and_whom_they_wait_for()
    tell(found == ['09|t|{}|{}', '10|f|{3}|{2,3}', '11|f|{0,1,2,3}|{2,3}'],
         'hours says which partitions rate an hour by another catalog', found)


def what_meta_says_is_not_changed():
    for change in ("UPDATE meta SET partitions = 5", "UPDATE meta SET currency = 'EUR'", 'DELETE FROM meta',
                   "UPDATE meta SET partitions = NULL"):
        done = subprocess.run(['psql', '-Xq', DATABASE, '-c', f'SET search_path = {SCHEMA}', '-c', change],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        tell('does not change' in done.stderr, f'{change} is refused', done.stderr)


# --- how it is read

def nodes(plan):
    yield plan
    for part in plan.get('Plans', ()):
        yield from nodes(part)


def an_accounts_hour_is_read_alone():
    sql("SELECT settled_range('2026-12-01Z')")
    sql("""INSERT INTO account_names (name) SELECT 'many-' || a FROM generate_series(1, 500) a;
        INSERT INTO line_names
            SELECT md5(a || '/' || r)::uuid, 0, 'many-' || a, 'container', 'r' || r, 'runtime', 'gpu', 'usage'
            FROM generate_series(1, 500) a, generate_series(1, 5) r;
        INSERT INTO settled (hour, account, line, partition, seq, usage, units, priced, "exists", total, amount)
            SELECT h, account_key('many-' || a), md5(a || '/' || r)::uuid, 0, 1, '', 1, true, true, 1, 1
            FROM generate_series('2026-12-01T00:00:00Z'::timestamptz, '2026-12-02T15:00:00Z', '1 hour') h,
                 generate_series(1, 500) a, generate_series(1, 5) r""")
    sql('ANALYZE')
    for what, when in (('hour', "hour = '2026-12-01T10:00:00Z'"),
                       ('day', "hour >= '2026-12-01T10:00:00Z' AND hour < '2026-12-02T10:00:00Z'")):
        plan = json.loads('\n'.join(sql(f'''EXPLAIN (FORMAT JSON)
            SELECT * FROM lines WHERE account = 'many-7' AND {when}''')))
        found = list(nodes(plan[0]['Plan']))
        whole = [node for node in found if node['Node Type'] == 'Seq Scan' and node['Relation Name'].startswith('settled')]
        conditions = [node['Index Cond'] for node in found if node.get('Index Name', '').startswith('settled')]
        good = conditions and not whole and all('account' in c and 'hour' in c for c in conditions)
        tell(good, f"an account's {what} is read by an index, by account and hour", json.dumps(plan, indent=1))


# --- what stood before

def what_stood_before_is_kept():
    migrate(3)
    sql("""INSERT INTO meta (currency, charge_scale) VALUES ('EUR', 4);
        INSERT INTO line_names
            VALUES ('00000000-0000-0000-0000-000000000001', 0, 'acme', 'container', 'r', 'runtime', 'gpu', 'usage');
        SELECT settled_range('2026-11-05Z');
        INSERT INTO settled SELECT h, '00000000-0000-0000-0000-000000000001', 3, 9, '\\x01', 60, true, true, 1.5, 1.5
            FROM unnest(ARRAY['2026-11-01Z', '2026-10-31T23:00:00Z']::timestamptz[]) h;
        INSERT INTO orders VALUES ('acme', '/s', '1', 'o', 'paid', 5, 'node', 'gpu', 2, 12, 3, 9);
        INSERT INTO credits
            VALUES ('acme', '/s', '1', 'p', 5, 10, 'EUR', 3, 9), ('acme', '/s', '2', 'p', 6, 11, 'EUR', 3, 10);
        INSERT INTO rejected_events VALUES (3, 9, 0, 'late', 'http', '/s', '3', 17);
        INSERT INTO claim VALUES (3, 4, 11, 0, 12, '\\x00', 13, 14)""")
    migrate()
    found = sql("""
        SELECT tableoid::regclass, hour, account = account_key('acme'), line, partition, seq, usage, units, total
            FROM settled ORDER BY hour;
        SELECT * FROM order_facts; SELECT * FROM payments; SELECT partition, seq, ordinal, reason, feed, source, id, "offset", topic FROM rejected;
        SELECT fence, closed_s FROM claim;
        SELECT hour, account, resource, units, amount FROM lines ORDER BY hour""")
    line = '00000000-0000-0000-0000-000000000001'
    tell(found == [f'settled_default|2026-10-31 23:00:00+00|t|{line}|3|9|\\x01|60|1.5',
                   f'settled_2026_11|2026-11-01 00:00:00+00|t|{line}|3|9|\\x01|60|1.5',
                   'acme|/s|1|o|paid|5|node|gpu|2|12|3|9', 'acme|credited|p|/s|1|5|10|EUR|balance|3|9',
                   '3|9|0|late|http|/s|3|17|usage.records', '4|14', '2026-10-31 23:00:00+00|acme|r|60|1.5000',
                   '2026-11-01 00:00:00+00|acme|r|60|1.5000'], 'rows of the tables as they were are kept', *found)
    drop()


def main():
    what_stood_before_is_kept()
    migrate()
    columns_and_types()
    the_last_row_is_the_line()
    an_hour_is_complete_when_all_partitions_say_so()
    where_catalogs_differ_is_said()
    what_meta_says_is_not_changed()
    an_accounts_hour_is_read_alone()
    drop()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
