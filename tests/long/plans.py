#!/usr/bin/env python3
"""Fills a schema with a year of money, 10 million settled rows, and asks of it what analysts ask: which indexes answer,
how long it takes and how many pages it reads; what each index costs. Needs deploy/local/up's PostgreSQL on this machine,
and nothing beside it. Ten million rows take some minutes and 5 GB; they are dropped at the end.

usage: tests/long/plans.py [--hours N] [--keep] [--schema NAME]"""
import argparse
import json
import os
import pathlib
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / 'tests/integration'))
import facts  # noqa: E402
import history  # noqa: E402

LONG_MS = 3000
ACCOUNTS = ('account-100-1', 'account-20-1', 'account-1-1')


def explain(session, sql):
    """The plan of the fastest of five runs, or of one where it is long."""
    plans = []
    while len(plans) < 5 and sum(plan['Execution Time'] for plan in plans) < LONG_MS:
        plans.append(json.loads('\n'.join(session.ask(f'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}')))[0])
    return min(plans, key=lambda plan: plan['Execution Time'])


def nodes(plan):
    yield plan
    for part in plan.get('Plans', ()):
        yield from nodes(part)


def whole_tables(plan):
    """Those of money that are read from end to end, and have rows."""
    return {node['Relation Name'] for node in nodes(plan) if node['Node Type'].endswith('Seq Scan')
            and node['Actual Rows'] + node.get('Rows Removed by Filter', 0) > 0
            and node['Relation Name'].startswith(('settled_2', 'charges', 'ledger', 'bill_totals', 'frames', 'payments'))}


def ask_all(session, at):
    for account in ACCOUNTS:
        print(account, flush=True)
        for what, sql, wanted in history.questions(account, at):
            said = explain(session, sql)
            plan = said['Plan']
            used = {node['Index Name'] for node in nodes(plan) if 'Index Name' in node}
            whole = whole_tables(plan)
            facts.tell(wanted <= used and not whole, f"{what}: {said['Execution Time']:.2f} ms, {plan['Actual Rows']} rows, "
                       f"{plan['Shared Hit Blocks'] + plan['Shared Read Blocks']} pages, by {', '.join(sorted(used))}",
                       wanted - used, whole)


def sizes(session):
    for table in ('charges', 'ledger', 'frames', 'bill_totals', 'settled_2026_12'):
        count = int(session.ask(f'SELECT count(*) FROM {table}')[0])
        print(f'{table}: {count} rows, a row:')
        for name, size in (row.split('|') for row in session.ask(f"""
                SELECT 'heap', pg_relation_size('{table}') UNION ALL
                SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index
                WHERE indrelid = '{table}'::regclass""")):
            print(f'  {name}: {int(size) / count:.1f} bytes', flush=True)


def cpu_s(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


# Indexes of charges, one more each time.
INDEXES = ['(account, hour)', "(account, billed) WHERE billed > '-infinity'", '(hour)', '(seq, partition)',
           "(account, product, kind, hour) WHERE kind <> 'U'"]
OTHERS = ['USING brin (hour timestamptz_minmax_multi_ops)', '(product, hour)', '(partition, seq)']


def write(session, indexes):
    """What a million rows cost, in the order in which they came: CPU and bytes of log."""
    session.ask('CREATE TABLE written (LIKE charges)')
    for index in indexes:
        session.ask(f'CREATE INDEX ON written {index}')
    pid = session.ask('SELECT pg_backend_pid()')[0]
    lsn, cpu = session.ask('SELECT pg_current_wal_insert_lsn()')[0], cpu_s(pid)
    session.ask(f"""INSERT INTO written SELECT * FROM charges WHERE seq > {200 * history.SEQS_AN_HOUR} AND seq <= (
        SELECT seq FROM charges WHERE seq > {200 * history.SEQS_AN_HOUR} ORDER BY seq OFFSET 1000000 LIMIT 1)
        ORDER BY seq, partition, account""")
    log, rows = session.ask(f"""SELECT pg_current_wal_insert_lsn() - '{lsn}'::pg_lsn; SELECT count(*) FROM written""")
    cpu = (cpu_s(pid) - cpu) * 1e6 / int(rows)
    print(f'  {indexes[-1] if indexes else "none"}: {cpu:.2f} CPU s a million rows, {int(log) / int(rows):.0f} bytes of log a row',
          flush=True)
    session.ask('DROP TABLE written')


def writing(session):
    print('writing charges, with so many of its indexes, the last named:')
    for count in range(len(INDEXES) + 1):
        write(session, INDEXES[:count])
    for other in OTHERS:
        write(session, [*INDEXES[:2], other])


def others(session, at):
    """Questions under indexes that were not taken."""
    asked = {what: sql for what, sql, _ in history.questions('account-1-1', at)}
    for index, drop, questions in (
            (OTHERS[0], 'charges_hour', ("a product's month", 'an hour of all accounts')),
            (OTHERS[1], 'charges_hour', ("a product's month", 'an hour of all accounts')),
            (OTHERS[2], 'charges_frame', ('what changed in an hour', 'what changed in a day'))):
        session.ask(f'BEGIN; DROP INDEX {drop}; CREATE INDEX tried ON charges {index}')
        size = session.ask("SELECT pg_relation_size('tried') / greatest(reltuples, 1) FROM pg_class"
                           " WHERE oid = 'charges'::regclass")[0]
        print(f'{index} in place of {drop}: {float(size):.2f} bytes a row')
        for what in questions:
            said = explain(session, asked[what])
            print(f"  {what}: {said['Execution Time']:.2f} ms", flush=True)
        session.ask('ROLLBACK')


def agree(session):
    """Views say of the year what its rows sum to."""
    same = session.ask('SELECT (SELECT sum(amount) FROM charges) = (SELECT sum(amount) FROM settled)')
    facts.tell(same == ['t'], 'charges come to what is settled', same)
    for account in ACCOUNTS:
        same = session.ask(f"""SELECT l.amount = s.amount, l.lines = s.lines, t.last = b.balance
            FROM (SELECT sum(amount) AS amount, count(*) AS lines FROM lines WHERE account = '{account}') l,
                 (SELECT sum(amount) AS amount, sum(lines) AS lines FROM spend WHERE account = '{account}') s,
                 (SELECT (array_agg(balance))[count(*)] AS last FROM statement WHERE account = '{account}') t,
                 balances b WHERE b.account = '{account}'""")
        facts.tell(same == ['t|t|t'], f'lines, spend, statement and balance of {account} agree', same)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--hours', type=int, default=8760)
    parser.add_argument('--schema', default=f'plans_{os.getpid()}')
    parser.add_argument('--keep', action='store_true', help='ask again with --schema; it is not filled twice')
    options = parser.parse_args()
    url, = facts.servers('DATABASE')
    session = history.Session(url, options.schema)
    is_there = session.ask(f"SELECT count(*) FROM pg_namespace WHERE nspname = '{options.schema}'") == ['1']
    try:
        if not is_there:
            facts.run(facts.BUILD / 'cli/hourglass', 'db', 'migrate', '--database', url, '--schema', options.schema)
            began = time.monotonic()
            history.begin(session.ask)
            history.fill(session.ask, options.hours)
            history.end(session.ask, options.hours)
            print(f"{session.ask('SELECT count(*) FROM settled')[0]} settled rows, {time.monotonic() - began:.0f} s", flush=True)
        sizes(session)
        agree(session)
        ask_all(session, '2027-02-01')
        writing(session)
        others(session, '2027-02-01')
    finally:
        if not options.keep:
            session.ask(f'DROP SCHEMA {options.schema} CASCADE')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
