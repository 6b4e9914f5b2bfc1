#!/usr/bin/env python3
"""What billing.notices promises, with real Kafka, real PostgreSQL and the processes themselves: an account goes through grace
and back and each step is said, in order per account, whatever becomes of the settler and of the topic; who was away says the
latest alone. Needs deploy/local/up's servers; takes about two minutes."""
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

import commands
import facts
import kafka_client
from commands import BUILD, DATABASE, FOLDER, KAFKA, PARTITIONS, RUN, Generation, event, hourglass, sql
from facts import tell, wait_for

SCHEMA = RUN + 'n'
ACME, MANY = 'acme "1"', [f'k{i}' for i in range(20)]
GRACE_S = 12
KEYS = ['id', 'account', 'state', 'balance', 'available', 'deadline', 'at', 'currency']
SETTLER = facts.servers('SETTLER_DATABASE')[0]  # who has no more rights than it needs
commands.CATALOG = FOLDER / 'catalog.yaml'
commands.CATALOG.write_text(f"""currency: USD
grace: {GRACE_S}s
products:
  container:
    settle: hourly
    skus: {{gpu: {{payg: {{price: "3.60", per: hour}}}}}}
""")
number = 0


class Settler:
    def __init__(self, generation, name='settler'):
        self.program = facts.Program('settler', FOLDER, '--kafka', KAFKA, '--prefix', generation.prefix, '--database', SETTLER,
                                     '--schema', SCHEMA, '--partitions', 'all', '--group', SCHEMA,
                                     as_name=generation.prefix + name)

    def is_ready(self):
        return self.program.is_ready()

    def metric(self, name):
        found = re.search(rf'^hourglass_settler_{name} (\S+)$', self.program.get('/metrics')[1], re.M)
        return found and float(found[1])

    def kill(self):
        self.program.kill()

    def signal(self, which):
        self.program.process.send_signal(which)

    def said(self, what):
        return self.program.log.read_text().count(f'event={what}')


class Follower:
    """hourglass notices --follow at work."""

    def __init__(self, prefix, *words):
        self.out = FOLDER / f'{prefix}{"".join(words)}.out'
        with open(self.out, 'wb') as out:
            self.process = subprocess.Popen([BUILD / 'cli/hourglass', 'notices', '--follow', '--kafka', KAFKA, '--prefix', prefix,
                                             *words], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def lines(self):
        return self.out.read_text().splitlines()

    def end(self):
        self.process.terminate()
        return self.process.wait(20)


def post(generation, events):
    """In one request, until it is taken."""
    for _ in range(200):
        try:
            url = f'http://127.0.0.1:{generation.port_file.read_text().strip()}/v1/events'
            request = urllib.request.Request(url, json.dumps(events).encode(), {'content-type': 'application/cloudevents-batch+json'})
            with urllib.request.urlopen(request, timeout=20) as answer:
                if json.loads(answer.read())['accepted'] == len(events):
                    return
        except (OSError, ValueError):
            time.sleep(0.1)
    raise OSError(f'not accepted: {events[0]}')


def new(kind, subject, second, account, **data):
    global number
    number += 1
    made = event(kind, f'n{number}', second, **data)
    made['subject'], made['data']['account'] = subject, account
    return made


def credit(generation, accounts, amount):
    post(generation, [new('account.credited', f'pay{number}', time.time(), account, amount=amount, currency='USD')
                      for account in accounts])


def spend(generation, accounts, hours=1):
    """A container each that ran until now: settled at once."""
    now, made = int(time.time()), []
    for account in accounts:
        name = f'c{number}'
        made += [new('container.launched', name, now - hours * 3600, account, sku='gpu'),
                 new('container.stopped', name, now, account)]
    post(generation, made)


def rows(where='true'):
    """What the tables say, as messages have it; by account, in order."""
    return [json.loads(line) for line in sql(
        "SELECT json_build_object('id', partition || '-' || seq || '-' || ordinal, 'account', account, 'state', state,"
        f" 'at', watermark_us / 1000000, 'deadline', deadline_s) FROM {SCHEMA}.notices WHERE {where} ORDER BY partition, number")]


def messages(generation):
    """Of the topic, partition by partition, in order."""
    found = commands.tail(generation.prefix, 'billing.notices')
    for message in found:
        assert message['key'] == message['notice']['account'] and message['partition'] == int(message['notice']['id'].split('-')[0])
    return [message['notice'] for message in sorted(found, key=lambda m: (m['partition'], m['offset']))]


def place(notice):
    return tuple(map(int, notice['id'].split('-')))


def taken(notices):
    """What a reader has who takes of an account only what is above its last: ids by account."""
    last, by_account = {}, {}
    for notice in notices:
        account = notice['account']
        if place(notice) > last.get(account, (-1,)):
            last[account] = place(notice)
            by_account.setdefault(account, []).append(notice['id'])
    return by_account


def written(where='true'):
    by_account = {}
    for row in rows(where):
        by_account.setdefault(row['account'], []).append(row['id'])
    return by_account


def whole(generation):
    return written() == taken(messages(generation))


def all_sent():
    return sql(f'SELECT bool_and(notices_sent = next_notice) FROM {SCHEMA}.claim')[0] == 't'


# --- facts

def through_grace_and_back(generation):
    follower, one = Follower(generation.prefix), Follower(generation.prefix, '--account', 'other')
    wait_for(lambda: follower.process.poll() is None, 1)
    credit(generation, [ACME], '1')
    credit(generation, ['other'], '1000')
    spend(generation, [ACME])
    wait_for(lambda: len(rows()) >= 2, 60)
    credit(generation, [ACME], '2.6000005')
    wait_for(lambda: len(rows()) >= 3 and all_sent(), 60)
    wait_for(lambda: len(follower.lines()) >= 3, 20)
    said = [json.loads(line) for line in follower.lines()]
    tell([n['state'] for n in said] == ['grace', 'suspended', 'good'] and {n['account'] for n in said} == {ACME},
         'an account goes through grace and back, and the follower is told each time', follower.lines(), rows())
    if len(said) != 3:
        return
    tell(all(list(n) == KEYS for n in said), 'a notice has the keys of the contract in their order', said)
    tell([(n['balance'], n['available']) for n in said] == [('-2.600000',) * 2, ('-2.600000',) * 2, ('0.0000005',) * 2],
         'with balance and available at six places, and more where they say something', said)
    tell([n['deadline'] is None for n in said] == [False, True, True] and said[0]['currency'] == 'USD',
         'a deadline in grace alone, and the currency', said)
    apart = time_of(said[0]['deadline']) - time_of(said[0]['at'])
    tell(apart == GRACE_S and time_of(said[1]['at']) >= time_of(said[0]['deadline']), 'whose time is that of the catalog', said)
    tell([place(n) for n in said] == sorted(place(n) for n in said), 'in order of their ids', said)
    tell([line for n in said for line in [json.dumps(n, separators=(',', ':'))]] == follower.lines(),
         'a line is the message, without blanks', follower.lines())
    tell(whole(generation), 'the topic has what the table has', messages(generation), rows())
    tell(one.lines() == [] and one.end() == 0 and follower.end() == 0, '--account leaves out the others; told to stop it ends with 0')
    again = Follower(generation.prefix, '--from-beginning', '--format', 'table')
    wait_for(lambda: len(again.lines()) >= 4, 20)
    tell(len(again.lines()) == 4 and again.lines()[0].split() == KEYS and 'suspended' in again.lines()[2],
         '--from-beginning begins with what is there; a table has a header', again.lines())
    again.end()
    with subprocess.Popen([BUILD / 'cli/hourglass', 'notices', '--follow', '--from-beginning', '--kafka', KAFKA, '--prefix',
                           generation.prefix], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as left:
        left.stdout.readline()
        left.stdout.close()
        tell(wait_for(lambda: left.poll() is not None, 20) and left.returncode == 0,
             'whose reader has enough ends, though nothing more comes')
        left.kill()


def time_of(text):
    return int(sql(f"SELECT extract(epoch FROM '{text}'::timestamptz)::bigint")[0])


def killed_in_the_middle(generation, settler):
    """Twenty accounts fall below zero and rise above it, again and again; each time the settler is killed."""
    credit(generation, MANY, '1')
    for turn in range(6):
        before = len(rows())
        if turn % 2:
            credit(generation, MANY, '3.6')
        else:
            spend(generation, MANY)
        wait_for(lambda seen=before: len(rows()) > seen, 30, 0.01)
        settler.kill()
        settler = Settler(generation)
    settled = wait_for(lambda: sql(f"SELECT count(*) FROM {SCHEMA}.accounts WHERE name LIKE 'k%' AND charged = 10.8"
                                   f" AND credited = 11.8 AND state = 'good'") == [str(len(MANY))] and all_sent(), 60)
    tell(settled and len(rows()) > 2 * len(MANY) and whole(generation),
         'killed again and again: none is lost, and each account is in order', settled, len(rows()), len(messages(generation)))
    return settler


def without_the_topic(generation, settler):
    kafka_client.delete_topics(KAFKA, [generation.prefix + 'billing.notices'])
    frames, before = settler.metric('frames_total'), {row['id'] for row in rows()}
    spend(generation, ['k0'])
    waits = wait_for(lambda: settler.metric('notices_waiting') and settler.said('notices_not_sent'), 60)
    tell(waits, 'without the topic notices wait, and it is said', settler.program.log.read_text()[-1500:])
    tell('run hourglass init' in settler.program.log.read_text(), 'with what to do')
    tell(wait_for(lambda: settler.metric('frames_total') >= frames + 2 * PARTITIONS, 30) and settler.is_ready() and
         settler.metric('restarts_total') == 0 and settler.metric('notices_waiting_seconds') >= 1, 'frames are settled meanwhile')
    done = commands.command(generation.prefix, 'init', '--catalog', commands.CATALOG, '--partitions', PARTITIONS, '--replicas', 1)
    tell(done.returncode == 0, 'init again makes the topic', done)
    tell(wait_for(lambda: all_sent() and settler.metric('notices_waiting') == 0, 90), 'and they are sent',
         settler.program.log.read_text()[-1500:])
    now = [n['id'] for n in messages(generation)]
    tell(now and now == [row['id'] for row in rows() if row['id'] not in before], 'those that waited', now)


def frozen(generation, settler):
    """Another settler takes over while the first is stopped; it goes on, and says nothing old."""
    before = {row['id'] for row in rows()}

    def added(state):
        return [row['id'] for row in rows(f"account LIKE 'k%' AND state = '{state}'") if row['id'] not in before]
    settler.signal(signal.SIGSTOP)
    other = Settler(generation, 'second')
    wait_for(other.is_ready, 40)
    spend(generation, MANY, 30)
    moved = wait_for(lambda: len(added('grace')) >= len(MANY) - 1 and all_sent(), 60)
    settler.signal(signal.SIGCONT)
    lost = wait_for(lambda: settler.metric('partitions_lost_total'), 40)
    other.kill()
    credit(generation, MANY, '1000')
    done = wait_for(lambda: len(added('good')) == len(MANY) and all_sent(), 60)
    reader = {i for listed in taken(messages(generation)).values() for i in listed}
    tell(moved and lost and done and reader.issuperset(row['id'] for row in rows() if row['id'] not in before),
         'who was frozen and lost its claim says nothing that is out of order', moved, lost, done,
         settler.program.log.read_text()[-1500:])


def away(generation, settler):
    """Rows that are old by the partition's watermark when it comes back: made by hand, as nobody waits for hours here."""
    settler.signal(signal.SIGTERM)
    settler.program.process.wait(20)
    sql(f"""WITH c AS (UPDATE {SCHEMA}.claim SET next_notice = next_notice + 4 WHERE partition = 0
                       RETURNING next_notice - 4 AS first, next_seq, watermark_us)
            INSERT INTO {SCHEMA}.notices (partition, number, seq, ordinal, account, state, balance, available, watermark_us)
            SELECT 0, first + i, next_seq - 1, 1000 + i, CASE WHEN i = 1 THEN 'late' ELSE 'old' END,
                   CASE WHEN i = 3 THEN 'good' ELSE 'suspended' END, 0, 0, watermark_us - 301000000 FROM c, generate_series(0, 3) i""")
    settler = Settler(generation)
    done = wait_for(all_sent, 60)
    said = [(n['account'], n['state']) for n in messages(generation) if n['account'] in ('old', 'late')]
    tell(done and said == [('late', 'suspended'), ('old', 'good')], 'of what is old an account\'s latest state is sent alone', said)
    tell(wait_for(lambda: settler.metric('notices_skipped_total') == 2, 10), 'and the others are counted as skipped')
    return settler


def main():
    generation = Generation('n')
    hourglass('db', 'migrate', '--database', DATABASE, '--schema', SCHEMA)
    sql(f"SET search_path = {SCHEMA}; SELECT grant_settler('hourglass_settler')")
    generation.aggregate()
    generation.collect()
    settler = Settler(generation)
    wait_for(settler.is_ready, 40)
    through_grace_and_back(generation)
    settler = killed_in_the_middle(generation, settler)
    without_the_topic(generation, settler)
    frozen(generation, settler)
    settler = away(generation, settler)
    settler.kill()
    generation.stop()
    sql(f'SET client_min_messages = warning; DROP SCHEMA {SCHEMA} CASCADE')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
