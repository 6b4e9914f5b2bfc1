#!/usr/bin/env python3
"""What was refused stands in view `rejects`, each event once, whichever entrance refused it: HTTP, a file, and the rules,
for what came too late. Whatever befalls the topic between, the settler goes on with its frames. Needs deploy/local/up's
servers; takes about a minute."""
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import commands
import facts
import kafka_client
from commands import BUILD, DATABASE, FOLDER, KAFKA, PARTITIONS, RUN, Generation, hourglass, sql
from facts import TOP, tell
from price_change import message, tokens

SCHEMA, ADMIN = RUN + 'r', None  # the settler's: its schema, and the file of its admin port
DAY = 24 * 3600


def wait_until(what, seconds=40):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.1)
    return what()


def rows(where='true', what='count(*)'):
    return sql(f'SELECT {what} FROM {SCHEMA}.rejects WHERE {where}')[0]


def count(where='true'):
    return int(rows(where))


def metric(name):
    text = urllib.request.urlopen(f'http://127.0.0.1:{ADMIN.read_text().strip()}/metrics', timeout=10).read().decode()
    found = re.search(rf'^hourglass_settler_{re.escape(name)} (\S+)$', text, re.M)
    return found and float(found[1])


def is_ready():
    try:
        return urllib.request.urlopen(f'http://127.0.0.1:{ADMIN.read_text().strip()}/readyz', timeout=10).status == 200
    except (OSError, ValueError):
        return False


def settle(generation):
    global ADMIN
    ADMIN = FOLDER / f'{generation.prefix}settler.admin'
    generation.start('settler', '--database', DATABASE, '--schema', SCHEMA, '--partitions', 'all', '--group', SCHEMA)
    wait_until(is_ready)


def kill_settler(generation):
    process = generation.processes.pop('settler')
    process.kill()
    process.wait()


def said(generation, event):
    return (FOLDER / f'{generation.prefix}settler.log').read_text().count(f'event={event}')


def refused_batch(generation, first, number, account):
    """Events whose sku is missing, in one request. The status of the answer."""
    events = [{'specversion': '1.0', 'id': f'r{i}', 'source': '/tests', 'type': 'container.launched', 'subject': 's',
               'time': commands.time_text(int(time.time())), 'data': {'account': account}} for i in range(first, first + number)]
    try:
        request = urllib.request.Request(f'http://127.0.0.1:{generation.port_file.read_text().strip()}/v1/events',
                                         json.dumps(events).encode(), {'content-type': 'application/cloudevents-batch+json'})
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None  # it does not listen yet


def http_and_kills(generation):
    """Requests go on while the settler is killed again and again."""
    sent = 0
    for kill in range(8):
        for part in range(6):
            status = refused_batch(generation, sent, 50, f'a{part}')
            sent += 50 if status == 400 else 0
        wait_until(lambda: count() > 0, 20)
        kill_settler(generation)
        settle(generation)
    found = wait_until(lambda: count() >= sent) and count()
    tell(sent == 2400 and found == sent, 'what HTTP refused is in the view, however often the settler was killed', sent, count())
    logged = sum(1 for _ in commands.tail(generation.prefix, 'usage.rejects'))
    tell(logged == sent and rows(what='count(DISTINCT (topic, partition, "offset"))') == rows(what='count(DISTINCT id)') == str(sent),
         'each once', logged)
    bad = count("sender IS DISTINCT FROM '127.0.0.1' OR entrance <> 'http' OR type <> 'container.launched'"
                " OR reason NOT LIKE 'data.sku:%' OR abs(extract(epoch FROM now() - at)) > 300")
    tell(bad == 0, 'with who sent it, why it was refused, and when', rows(what='min(rejects::text)'))
    tell(rows(what='count(DISTINCT partition)') != '1', 'of several partitions')


def too_late(generation):
    now = int(time.time())
    kafka_client.put(KAFKA, generation.prefix + 'usage.records', 0, message(now, [tokens('late', now - 30 * DAY)]))
    there = wait_until(lambda: count("topic = 'usage.records'") == 1)
    tell(there and count("id = 'late' AND reason LIKE 'time:%' AND entrance = 'http' AND at > now() - interval '5 min'") == 1,
         'what was too late for the rules is there, at its log time', rows(what='max(rejects::text)'))


def goes_on(generation, what):
    """Frames are settled, nothing stopped, nothing began again."""
    before = metric('frames_total')
    tell(wait_until(lambda: metric('frames_total') > before + PARTITIONS), f'{what}: frames are settled',
         (FOLDER / f'{generation.prefix}settler.log').read_text()[-1500:])
    tell(is_ready() and metric('partitions_stopped') == 0 and metric('restarts_total') == 0,
         f'{what}: nothing stops, and it is ready')


def deleted_records(generation):
    before = count()
    generation.stop('settler')
    for part in range(6):
        refused_batch(generation, 10000 + part * 50, 50, f'a{part}')
    wait_until(lambda: sum(1 for _ in commands.tail(generation.prefix, 'usage.rejects')) == 2700)
    last = commands.tail(generation.prefix, 'usage.rejects')[-1]
    kafka_client.delete_records(KAFKA, generation.prefix + 'usage.rejects', last['partition'], last['offset'])
    left = sum(1 for m in commands.tail(generation.prefix, 'usage.rejects') if re.fullmatch(r'r1\d{4}', m['id']))
    settle(generation)
    tell(wait_until(lambda: count() == before + left), 'records that were deleted are skipped, what is there is copied', before,
         left, count())
    tell(said(generation, 'rejects_skipped') == 1, 'which is said')
    goes_on(generation, 'records deleted')


def topic_gone(generation):
    kafka_client.delete_topics(KAFKA, [generation.prefix + 'usage.rejects'])
    tell(wait_until(lambda: said(generation, 'rejects_not_copied') > 0), 'a topic that is gone is said')
    goes_on(generation, 'the topic is gone')
    before = count()
    kafka_client.make_topic(KAFKA, generation.prefix + 'usage.rejects', PARTITIONS, {})
    goes_on(generation, 'the topic was made anew')
    tell(count() == before, 'of what ends before the position nothing is copied')


def file_source():
    global SCHEMA
    SCHEMA = RUN + 'f'
    generation = Generation('f', '--simulated')
    path = FOLDER / 'events.ndjson'
    lines = (TOP / 'tests/conformance/rejects/events.ndjson').read_text().splitlines()
    path.write_text('\n'.join(lines) + '\n')
    done = subprocess.run([BUILD / 'collectors/hourglass-collector', '--kafka', KAFKA, '--prefix', generation.prefix, '--file', path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    refused = done.stderr.count(f'{path}:')
    hourglass('db', 'migrate', '--database', DATABASE, '--schema', SCHEMA)
    generation.aggregate()
    settle(generation)
    there = wait_until(lambda: count() >= refused)
    tell(done.returncode == 3 and refused > 10 and there and count() == refused,
         f'what a file\'s source refused is there too: {refused} events', done.stderr[-500:], count())
    tell(count("entrance IS NOT NULL AND reason <> '' AND at IS NOT NULL") == refused, 'with why and when',
         rows(what='min(rejects::text)'))
    generation.stop()
    sql(f'SET client_min_messages = warning; DROP SCHEMA {SCHEMA} CASCADE')


def main():
    generation = Generation('r')
    hourglass('db', 'migrate', '--database', DATABASE, '--schema', SCHEMA)
    generation.aggregate()
    generation.collect()
    settle(generation)
    wait_until(lambda: refused_batch(generation, 0, 0, '') == 200)
    http_and_kills(generation)
    too_late(generation)
    deleted_records(generation)
    topic_gone(generation)
    generation.stop()
    sql(f'SET client_min_messages = warning; DROP SCHEMA {SCHEMA} CASCADE')
    file_source()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
