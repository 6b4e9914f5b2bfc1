#!/usr/bin/env python3
"""A price that `hourglass catalog apply` changes, from the command to the lines: what is used before its hour has the old
price, what is used in it the new one. The hour lies three hours ahead, so the log's clock is moved on to it with messages
as a collector of that time would write them (schemas/usage_message.avsc). Needs deploy/local/up's servers."""
import json
import re
import sys

import commands
import facts
import kafka_client
from commands import BUILD, DATABASE, KAFKA, PARTITIONS, RUN, Generation, changed, command, hourglass, sql
from facts import tell

HOUR, MICROSECONDS = 3600, 10 ** 6
FINGERPRINT = re.search(r'SCHEMA_USAGE_MESSAGE 0x([0-9A-F]+)', (BUILD / 'schemas/fingerprints.h').read_text())[1]
TOKENS = 8  # of the union of bodies


def long(value):
    value, out = (value << 1) ^ (value >> 63), bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def text(value):
    return long(len(value)) + value.encode()


def tokens(number, second):
    """A million output tokens."""
    return (text('acme') + text(f'e{number}') + text('/platform') + text(f'{number}') + long(second * MICROSECONDS)
            + long(TOKENS) + text('qwen-72b') + long(0) + long(0) + long(0) + long(10 ** 6))


def message(second, records):
    listed = long(len(records)) + b''.join(records) + long(0) if records else long(0)
    return (b'\xc3\x01' + int(FINGERPRINT, 16).to_bytes(8, 'little') + long(second * MICROSECONDS) + text('http')
            + long(7) + long(0) + long(0) + listed)


def say(generation, second, *records):
    """The records in partition 0, and a tick in the others."""
    for partition in range(PARTITIONS):
        kafka_client.put(KAFKA, generation.prefix + 'usage.records', partition,
                         message(second, records if partition == 0 else ()), second * 1000)


def main():
    generation = Generation('c', settings={'message.timestamp.type': 'CreateTime', 'retention.ms': '-1',
                                           'message.timestamp.after.max.ms': str(2**63 - 1)})
    schema = f'{RUN}c'
    hourglass('db', 'migrate', '--database', DATABASE, '--schema', schema)
    generation.aggregate()
    generation.start('settler', '--database', DATABASE, '--schema', schema, '--partitions', 'all', '--group', schema)
    generation.collect()
    done = command(generation.prefix, 'catalog', 'apply', changed('dearer.yaml', ('"1.20"', '"7.00"')))
    hour = commands.applied_hour(done)
    tell(done.returncode == 0 and hour, 'a dearer catalog is applied', done)
    generation.stop('collector')
    say(generation, hour - 600, tokens(1, hour - 1800))
    say(generation, hour + 1800, tokens(2, hour + 600), tokens(3, hour - 1), tokens(4, hour))
    say(generation, hour + HOUR + 60)
    say(generation, hour + HOUR + 120)
    done = hourglass('lines', '--database', DATABASE, '--schema', schema, '--wait-for', hour + HOUR, '--partitions',
                     PARTITIONS)
    found = sorted((line['hour'], line['resource'], line['amount']) for line in map(json.loads, done.stdout.splitlines()))
    before, its = commands.time_text(hour - HOUR), commands.time_text(hour)
    tell(found == [(before, 'e1', '1.200000'), (before, 'e3', '1.200000'), (its, 'e2', '7.000000'), (its, 'e4', '7.000000')],
         'the hours before it are charged at the old price, its own at the new one', found, done.stderr)
    generation.stop()
    sql(f'SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
