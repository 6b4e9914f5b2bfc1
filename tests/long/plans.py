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
    """Those of money that are read from end to end."""
    return {node['Relation Name'] for node in nodes(plan) if node['Node Type'].endswith('Seq Scan')
            and node['Relation Name'].startswith(('settled_2', 'charges', 'ledger', 'bill_totals', 'frames', 'payments'))}


def ask_all(session, at):
    for account in ('account-100-1', 'account-20-1', 'account-1-1'):
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


def agree(session):
    """Views say of the year what its rows sum to."""
    same = session.ask("""SELECT (SELECT sum(amount) FROM spend) = (SELECT sum(amount) FROM settled),
        (SELECT sum(lines) FROM spend) = (SELECT count(*) FROM lines),
        NOT EXISTS (SELECT FROM balances b JOIN (SELECT account, (array_agg(balance))[count(*)] AS last FROM statement
            GROUP BY account) s USING (account) WHERE b.balance <> s.last)""")
    facts.tell(same == ['t|t|t'], 'views agree with each other and with settled', same)


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
    finally:
        if not options.keep:
            session.ask(f'DROP SCHEMA {options.schema} CASCADE')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
