#!/usr/bin/env python3
"""What a member of the aggregators' group replays when others come and go: what moved, and nothing else; and that all
partitions are recovered at once. Counted in messages and readings, over a log that stands still. Real Kafka."""
import os
import pathlib
import re
import sys
import tempfile
import time
import traceback

import facts
from facts import BUILD, TOP, Program, run, tell, wait_for

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-members'))
PREFIX = f'm{os.getpid()}x{int(time.time())}.'
CATALOG, PARTITIONS = TOP / 'deploy/local/catalog.yaml', 8
members = []
KAFKA = ''


class Member(Program):
    def __init__(self, name, *words):
        super().__init__('aggregator', FOLDER, '--kafka', KAFKA, '--prefix', PREFIX, '--group', PREFIX + 'a', '--instance', name,
                         *words, as_name=name)
        members.append(self)

    def counters(self):
        found = re.findall(r'^hourglass_aggregator_(\S+) (\S+)$', self.get('/metrics')[1], re.M)
        return {re.sub(r'_total|partitions_|[{}"]', '', name): int(float(value)) for name, value in found}

    def folded(self, count):
        return wait_for(lambda: self.counters().get('messages') == count)


def recovered(member):
    """Partitions by where their state came from: kept, snapshots, the log."""
    c = member.counters()
    return c['recoveredfrom=kept'], c['recoveredfrom=snapshot'], c['recoveredfrom=log']


def partitions_of(member):
    return int(re.findall(r'^hourglass_aggregator_partitions (\d+)$', member.get('/metrics')[1], re.M)[0])


def has(member, partitions):
    return wait_for(lambda: member.is_ready() and partitions_of(member) == partitions)


def messages(partition=-1):
    """Of usage.records."""
    words = ['-p', partition] if partition >= 0 else []
    said = run(BUILD / 'cli/hourglass', 'tail', 'usage.records', '--kafka', KAFKA, '--prefix', PREFIX, '-e', *words)
    return len(said.splitlines())


def prepare():
    global KAFKA
    run(TOP / 'deploy/local/up')
    KAFKA, = facts.servers('KAFKA')
    run(BUILD / 'cli/hourglass', 'init', '--kafka', KAFKA, '--prefix', PREFIX, '--partitions', PARTITIONS, '--replicas', 1,
        '--simulated', '--snapshot-bytes', 20000, '--catalog', CATALOG)
    events = FOLDER / 'events.ndjson'
    events.write_text(run(TOP / 'deploy/local/day.py', '--resources', 60, '--seed', 7))
    run(BUILD / 'collectors/hourglass-collector', '--kafka', KAFKA, '--prefix', PREFIX, '--file', events)


def prove():
    log = messages()
    first = Member('first')
    tell(has(first, PARTITIONS) and first.folded(log), f'the first member folds all {log} messages of {PARTITIONS} partitions',
         first.counters(), first.log.read_text()[-1500:])
    second = Member('second')
    tell(has(second, PARTITIONS // 2) and has(first, PARTITIONS // 2), 'a second member gets half of them',
         first.log.read_text()[-1500:], second.log.read_text()[-1500:])
    moved = sorted(map(int, re.findall(r'event=partition_recovered partition=(\d+)', second.log.read_text())))
    tell(recovered(first)[0] == PARTITIONS // 2, 'the first one goes on with what it kept of its half', recovered(first))
    tell(recovered(second)[0] == 0 and len(moved) == PARTITIONS // 2, 'the second one recovers its half', recovered(second))
    ends = wait_for(lambda: second.counters()['frames_replayed'] > 0 and second.counters()['frames'] == 0)
    tell(ends, 'the second one finds the frames of its half as they were sent, and sends none', second.counters())
    replayed = second.counters()['messages']
    tell(first.folded(log), 'the first one replays nothing', first.counters())
    second.kill()
    tell(has(first, PARTITIONS), 'the second one is killed: the first one has all again', first.log.read_text()[-1500:])
    tell(recovered(first)[0] == PARTITIONS, 'of which it kept its half', recovered(first))
    tell(wait_for(lambda: first.counters()['messages'] >= log + replayed), 'and replays the other half', first.counters())
    counters = first.counters()
    tell(counters['messages'] <= log + sum(map(messages, moved)), 'and no message more', counters)
    tell(counters['stopped'] == 0 and counters['restarts'] == 0, 'no partition stopped', counters)
    third = Member('third', '--partitions', 'all')
    tell(has(third, PARTITIONS), 'another process takes all partitions', third.log.read_text()[-1500:])
    reads = third.counters()['recovery_reads']
    tell(reads == 2, f'all {PARTITIONS} are recovered in two readings, of snapshots and of frames: {reads}')
    snapshots = recovered(third)[1]
    tell(snapshots > 0, f'{snapshots} of them from a snapshot')


def main():
    try:
        prepare()
        prove()
    except Exception:  # what is left to stop is stopped, whatever went wrong
        tell(False, 'the test comes to its end', traceback.format_exc())
    finally:
        for member in members:
            member.kill()
    sys.exit(facts.end())


main()
