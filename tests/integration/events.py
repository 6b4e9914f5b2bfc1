#!/usr/bin/env python3
"""What `hourglass events` and `catalog show --all` promise: anyone with the log computes every charge again, with two
catalogs, and where the log's first records are gone, from a snapshot on. The log's clock is moved past the second
catalog's hour with messages as a collector of that time would write them. Needs deploy/local/up's servers."""
import collections
import json
import os
import re
import signal
import subprocess
import sys
import time

import commands
import facts
import kafka_client
import price_change
from commands import DATABASE, FOLDER, KAFKA, PARTITIONS, RUN, Generation, changed, command, hourglass, sql
from facts import BUILD, tell, time_text, wait_for

HOUR = 3600
NUMBERS = iter(range(1, 10 ** 6))
SOURCE = '/platform'
PATIENT = ('    liveness: 300\n    skus:\n      ml.', '    skus:\n      ml.')  # nodes run though nobody hears of them


def event(kind, subject, second, account='acme', identity=None, **data):
    return {'specversion': '1.0', 'id': identity or f'n{next(NUMBERS)}', 'source': SOURCE, 'type': kind,
            'subject': subject, 'time': time_text(second) if isinstance(second, int) else second,
            'data': {'account': account, **data}}


def story(now):
    """Something of every type, by accounts of several partitions."""
    hour = now // HOUR * HOUR
    half = time_text(hour - HOUR).replace('Z', '.25Z')
    for account in ('acme', 'bolt', 'cord', 'dune'):
        yield event('container.launched', 'c1', hour - 3 * HOUR, account, sku='gpu.a100', quantity=2)
        yield event('container.reconfigured', 'c1', half, account, quantity=3)
        yield event('container.launched', 'c2', hour - 2 * HOUR, account, sku='gpu.a100')
        yield event('container.failed', 'c2', hour - HOUR, account, since=time_text(hour - 5000))
        yield event('container.stopped', 'c3', hour - HOUR, account)
        yield event('container.heartbeat', 'c1', hour - 60, account)
        yield event('container.launched', 'c4', hour - 2 * HOUR, account, sku='gpu.a100')
        yield event('container.deleted', 'c4', hour - HOUR + 7, account)
        yield event('node.launched', 'n1', hour - 2 * HOUR, account, sku='ml.gu7xf.8xlarge-gu108')
        yield event('storage.used', 'f1', hour - 2 * HOUR, account, bytes=10 ** 11)
        yield event('storage.used', 'f1', hour - HOUR + 11, account, bytes=3 * 10 ** 11)
        yield event('storage.used', 'f2', hour - HOUR, account, bytes=10 ** 9)
        yield event('storage.deleted', 'f2', hour - 30, account)
        yield event('maas.tokens', 'e1', hour - 100, account, model='qwen-72b', input_tokens=2000000,
                    cached_input_tokens=300, output_tokens=700000)
        yield event('maas.tokens', 'e1', hour - 99, account, model='qwen-72b', usage={
            'input_tokens': 10 ** 15, 'cache_read_input_tokens': 10 ** 15, 'cache_creation_input_tokens': 7,
            'output_tokens': 3})
        yield event('maas.images', 'e2', hour - 98, account, model='flux-1', images=3, status='succeeded')
        yield event('maas.images', 'e2', hour - 97, account, model='flux-1', images=5, status='error')
        yield event('order.paid', 'o1', hour - 2 * HOUR, account, product='container', sku='gpu.a100', quantity=1, months=2)
        yield event('order.paid', 'o1', hour - HOUR, account, product='container', sku='gpu.a100', quantity=9, months=9)
        yield event('order.fulfilled', 'o1', hour - HOUR, account)
        yield event('container.launched', 'c5', hour - HOUR, account, sku='gpu.a100', order='o1')
        yield event('order.paid', 'o2', hour - 2 * HOUR, account, product='container', sku='gpu.a100', quantity=1, months=1)
        yield event('order.refunded', 'o2', hour - HOUR, account)
        yield event('order.failed', 'o2', hour - HOUR + 5, account)
        yield event('order.failed', 'o3', hour - HOUR, account)
        yield event('account.credited', 'p1', hour - HOUR, account, amount='100.50', currency='USD')
        yield event('account.debited', 'p2', hour - HOUR, account, amount='0.5', currency='USD')
        yield event('account.credited', 'p3', hour - HOUR, account, amount='7', currency='USD', **{'for': 'bill'})


def listing(prefix, *words, status=0):
    done = command(prefix, 'events', *words)
    if done.returncode != status:
        tell(False, f'events {words} ends with {status}', done.returncode, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()], done


def rated(text, catalogs, until):
    return subprocess.run([BUILD / 'cli/hourglass', 'rate', *catalogs, '--until', time_text(until), '-'],
                          input=text, capture_output=True, text=True, timeout=120, check=False)


def settled(schema, until):
    done = hourglass('lines', '--database', DATABASE, '--schema', schema, '--wait-for', until, '--partitions', PARTITIONS)
    tell(done.returncode == 0 and done.stdout, 'the hours are settled', done.stderr)
    return done.stdout


def sent_again(sent):
    """A level as it was, a count at another time."""
    return dict(sent[0]), dict(sent[13], time=time_text(int(time.time())))


def send(generation):
    sent = list(story(int(time.time())))
    for one in sent:
        if generation.post(one) != 200:
            tell(False, 'the collector takes every event', one)
    for one in sent_again(sent):
        generation.post(one)
    return sent


def every_event_comes_back(prefix, sent):
    found, _ = listing(prefix)
    kept = {one['id']: one for one in reversed(found)}  # of a repeat the first
    told = {one['id']: one for one in sent}
    tell(set(kept) == set(told), 'each accepted event is printed', set(told) ^ set(kept))
    other = [(one, kept.get(i)) for i, one in told.items() if {**kept.get(i, {}), 'data': 0} != {**one, 'data': 0}]
    tell(not other, 'attributes are those that were sent', other)
    number = sent[1]['id']
    tell(kept[number]['data'] == sent[1]['data'] and kept[number]['time'].endswith(':00.25Z'),
         'data is what was sent, times to the microsecond', kept[number])
    return found


def selections(prefix, sent, found):
    of, _ = listing(prefix, '--account', 'bolt')
    tell(of and sorted(o['id'] for o in of) == sorted(o['id'] for o in found if o['data']['account'] == 'bolt'),
         '--account: its events alone', len(of))
    of, _ = listing(prefix, '--account', 'bolt', '--resource', 'f1')
    tell([o['subject'] for o in of] == ['f1', 'f1'], '--resource: of that subject alone', of)
    of, _ = listing(prefix, '--id', sent[5]['id'])
    tell([o['id'] for o in of] == [sent[5]['id']], '--id: that event alone', of)
    failed = sent[3]
    begin = failed['data']['since']
    of, _ = listing(prefix, '--account', 'acme', '--from', begin, '--to', begin.replace('Z', '.000001Z'))
    tell([o['id'] for o in of] == [failed['id']], '--from and --to: by effective time, half open', of)
    of, _ = listing(prefix, '--account', 'acme', '--to', begin)
    tell(of and failed['id'] not in [o['id'] for o in of], '--to: the time itself is left out', of)


def states(prefix, sent, late):
    found, _ = listing(prefix, '--with-state')
    by_state = {}
    for one in found:
        by_state.setdefault((one['state'], one.get('statereason')), []).append(one)
    tell(sorted({state for state, _ in by_state}) == ['accepted', 'rejected', 'repeated', 'without effect'],
         'states are told apart', sorted(map(str, by_state)))
    of = lambda reason: sorted((o['type'], o['subject']) for (_, why), found in by_state.items() if why == reason
                               for o in found)
    tell(of('its status is not "succeeded"') == [('maas.images', 'e2')] * 4, 'what did not succeed is without effect')
    tell(of('the order was never paid') == [('order.failed', 'o3')] * 4, 'so is what befalls an order that was never paid',
         of('the order was never paid'))
    tell(of('another order.paid of the order counts') == [('order.paid', 'o1')] * 4, 'and a second order.paid')
    tell(of('an earlier void or refund of the order counts') == [('order.failed', 'o2')] * 4, 'and a void after a refund')
    tell(of('nothing of that name runs then') == [('container.stopped', 'c3')] * 4, 'and a change of what does not run',
         of('nothing of that name runs then'))
    repeats = sorted(o['id'] for o in by_state[('repeated', None)])
    tell(repeats == sorted((sent[0]['id'], sent[13]['id'])), 'repeats are told', repeats)
    rejected = [o['id'] for (state, _), found in by_state.items() if state == 'rejected' for o in found]
    tell(rejected == [late], 'what came too late for the aggregator is rejected, with its reason', rejected)
    tell(all({'partition', 'offset', 'logtime'} <= set(o) for o in found), 'each has its place in the log', found[0])
    tell(late not in [o['id'] for o in listing(prefix)[0]], 'without --with-state what was rejected is left out')


COUNTED = {  # state and reason, and what the counters say of it: metrics, less others
    ('rejected', 'time: expected an event within the horizon of its kind'): (['aggregator_rejected_total{reason="too_late"}'], []),
    ('repeated', None): (['aggregator_records_total{outcome="repeated"}', 'settler_facts_total{outcome="repeated"}'], []),
    ('without effect', 'its status is not "succeeded"'):
        (['aggregator_without_effect_total{reason="not_succeeded"}'], []),
    ('without effect', 'nothing of that name runs then'):
        (['aggregator_without_effect_total{reason="idle"}'], ['aggregator_effect_later_total{reason="idle"}']),
    ('without effect', 'the order was never paid'):
        (['settler_without_effect_total{reason="never_paid"}'], ['settler_effect_later_total{reason="never_paid"}']),
    ('without effect', 'another order.paid of the order counts'):
        (['settler_without_effect_total{reason="paid_twice"}'], []),
    ('without effect', 'an earlier void or refund of the order counts'):
        (['settler_without_effect_total{reason="ended_before"}'], []),
}


def counted(generation):
    return collections.Counter(generation.counters('aggregator', 'settler'))


def taken(counters):
    """Records that the aggregator has counted, and facts that the settler has."""
    return tuple(sum(counters[f'hourglass_{name}_total{{outcome="{outcome}"}}'] for outcome in outcomes)
                 for name, outcomes in (('aggregator_records', ('applied', 'repeated')), ('settler_facts', ('applied', 'repeated'))))


def killed_once_all_is_counted(generation, sent):
    """What had been counted, before aggregator and settler begin again."""
    facts_sent = sum(one['type'].startswith(('order.', 'account.')) for one in sent)
    wanted = len(sent) + len(sent_again(sent)), facts_sent
    tell(wait_for(lambda: taken(counted(generation)) == wanted, 60), f'each of {wanted} is counted', taken(counted(generation)))
    before = counted(generation)
    generation.kill_and_start('aggregator', 'settler')
    return before


def counters_say_the_same(prefix, metrics):
    """Of all processes that there were, each outcome as often as it is said of an event."""
    said = {}
    for one in listing(prefix, '--with-state')[0]:
        key = one['state'], one.get('statereason')
        said[key] = said.get(key, 0) + 1
    accepted = said.pop(('accepted', None))
    total = lambda names: sum(metrics[f'hourglass_{name}'] for name in names)
    found = {key: total(more) - total(less) for key, (more, less) in COUNTED.items()}
    tell(found == said, f'counters say of events what --with-state says: {said}', found)
    other = sum(n for (state, _), n in said.items() if state == 'without effect')
    facts_repeated = metrics['hourglass_settler_facts_total{outcome="repeated"}']
    applied = metrics['hourglass_aggregator_records_total{outcome="applied"}']
    tell(applied - facts_repeated - other == accepted, 'and how many were accepted', applied, facts_repeated, other, accepted)


def hours_from(lines, hour):
    """Lines from that hour on, orders' and what orders cover left out: no snapshot has orders."""
    return sorted(line for line in lines.splitlines() if json.loads(line)['hour'] >= hour and
                  json.loads(line)['kind'] == 'usage' and json.loads(line)['resource'] != 'c5')


def begins_at_a_snapshot(prefix, catalogs, until, lines):
    manifests = [m for m in commands.tail(prefix, 'aggregator.snapshots') if m.get('schema') == 'SnapshotManifest']
    lows = {}
    for manifest in manifests:
        lows[manifest['partition']] = max(manifest['next_offset'], lows.get(manifest['partition'], 0))
    tell(len(lows) == PARTITIONS, 'each partition has snapshots', lows)
    for partition, low in lows.items():
        kafka_client.delete_records(KAFKA, prefix + 'usage.records', partition, low)
    found, done = listing(prefix)
    named = re.findall(r'partition (\d+): .* hours from (\S+) on are whole', done.stderr)
    tell(len(named) == PARTITIONS, 'where the first records are gone it says so, and from when', done.stderr)
    tell(any(o['id'].startswith('base-') for o in found) or any(o['id'] == 'n1' for o in found),
         'what a snapshot holds is printed first', found[:3])
    again = rated(done.stdout, catalogs, until)
    latest = max(hour for _, hour in named)
    tell(hours_from(lines, latest) and hours_from(again.stdout, latest) == hours_from(lines, latest),
         'from that hour on lines are the same', hours_from(lines, latest), hours_from(again.stdout, latest))
    tell(all(o['state'] != 'unknown' for o in listing(prefix, '--with-state')[0]), 'and states are known')
    kafka_client.delete_records(KAFKA, prefix + 'usage.records', 0, -1)
    found, done = listing(prefix, status=1)
    tell('partition 0' in done.stderr and 'no snapshot reaches it' in done.stderr,
         'a log that no snapshot reaches is named, and is status 1', done.stderr)


def catalogs_of(prefix):
    folder = FOLDER / 'all catalogs'.replace(' ', '-')
    done = command(prefix, 'catalog', 'show', '--all', folder)
    tell(done.returncode == 0 and len(list(folder.iterdir())) == 2, 'catalog show --all writes every catalog', done)
    unwritten = command(prefix, 'catalog', 'show', '--all', '/proc/nowhere')
    tell(unwritten.returncode == 73 and not unwritten.stdout, 'and says of a folder that cannot be made', unwritten)
    return done.stdout.split()


def faults(prefix):
    tell(command(prefix + 'none.', 'events').returncode == 78, 'no such generation: 78')
    for words in (['--from', 'yesterday'], ['--to', '2026-11-01']):
        tell(command(prefix, 'events', *words).returncode == 64, f'{words[0]}: what is no time is 64')
    reading = subprocess.Popen([BUILD / 'cli/hourglass', 'events', '--kafka', '127.0.0.1:1'], stderr=subprocess.PIPE)
    time.sleep(0.5)  # until it waits for Kafka; sooner is as good
    reading.send_signal(signal.SIGINT)
    tell(reading.wait(30) == 75, '^C ends it at once with 75: not all was printed', reading.stderr.read())
    piped = subprocess.run(f'{BUILD}/cli/hourglass events --kafka {KAFKA} --prefix {prefix} | head -n1; '
                           'echo ${PIPESTATUS[0]}', shell=True, executable='/bin/bash', capture_output=True, text=True,
                           check=False)
    tell(piped.stdout.splitlines()[-1] == '0' and not piped.stderr, 'a reader that has enough is no fault', piped)


def main():
    generation = Generation('e', '--snapshot-bytes', 1, '--catalog', changed('first.yaml', PATIENT),
                            settings={'message.timestamp.type': 'CreateTime', 'retention.ms': '-1',
                                      'message.timestamp.after.max.ms': str(2**63 - 1)})
    prefix, schema = generation.prefix, f'{RUN}e'
    hourglass('db', 'migrate', '--database', DATABASE, '--schema', schema)
    generation.aggregate()
    generation.start('settler', '--database', DATABASE, '--schema', schema, '--partitions', 'all', '--group', schema)
    generation.collect()
    sent = send(generation)
    before = killed_once_all_is_counted(generation, sent)
    done = command(prefix, 'catalog', 'apply', changed('dearer.yaml', PATIENT, ('"1.20"', '"7.00"'), ('"2.50"', '"4.00"')))
    hour = commands.applied_hour(done)
    tell(done.returncode == 0 and hour, 'a dearer catalog is applied', done)
    generation.stop('collector')
    price_change.say(generation, hour + 600, price_change.tokens(1000001, hour + 60))
    price_change.say(generation, hour + HOUR + 60)
    price_change.say(generation, hour + HOUR + 120, price_change.tokens(1000002, hour - 30 * HOUR))
    price_change.say(generation, hour + 2 * HOUR + 60)
    until = hour + 2 * HOUR
    lines = settled(schema, until)
    catalogs = catalogs_of(prefix)
    _, printed = listing(prefix)
    again = rated(printed.stdout, catalogs, until)
    tell(again.returncode == 0 and again.stdout == lines,
         f'events | rate says the {len(lines.splitlines())} lines of the whole generation, two catalogs and all',
         again.stderr, *[l for l in again.stdout.splitlines() if l not in lines][:3],
         *[l for l in lines.splitlines() if l not in again.stdout][:3])
    found = every_event_comes_back(prefix, sent + [{'id': '1000001', 'source': SOURCE, 'specversion': '1.0',
                                                    'type': 'maas.tokens', 'subject': 'e1000001',
                                                    'time': time_text(hour + 60)}])
    selections(prefix, sent, found)
    states(prefix, sent, '1000002')
    counters_say_the_same(prefix, before + counted(generation))
    faults(prefix)
    begins_at_a_snapshot(prefix, catalogs, until, lines)
    generation.stop()
    sql(f'SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
