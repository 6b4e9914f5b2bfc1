#!/usr/bin/env python3
"""What it costs to settle calls of models, CPU seconds a million records: of the settler's process, and of all of
PostgreSQL's. 10,000 accounts, 100,000 endpoints (Zipf), 1 million records in half an hour of event time, one catalog.

live: the collector sends 5 s of events, an epoch; the next epoch is sent once the settler has applied the frames of the
one before. So the settler follows as it does live, a frame a transaction, only with less waiting between. In it is the
close of the hour. behind: another settler, another schema, the same frames, all there when it starts.

Right: the lines are byte for byte those of `hourglass rate`, their sums those that this program made."""
import decimal
import sys
import time

import pipeline
import tokens

BARS = {'settler process, live': '<= 2', 'database, live': '<= 5'}
POLL_S = 0.1


def feed(collector, aggregator, settler, generation, load, keep):
    """Sends epoch after epoch. The message of an epoch ends the one before it, in every partition that it reaches."""
    for number, text in enumerate(load.epochs()):
        keep.write(text)
        collector.process.stdin.write(text.encode())
        collector.process.stdin.flush()
        due = generation.partitions * (number - 1)
        until = time.monotonic() + 60
        while True:
            time.sleep(POLL_S)
            made = aggregator.metric('frames_total')
            if made >= due and settler.metric('frames_total') >= made:
                break
            if time.monotonic() > until:
                raise pipeline.Wrong(f'epoch {number}: {made} frames made, {due} due, the settler is behind')
        if number % 60 == 0:
            pipeline.say(f'epoch {number}: {made} frames')
    collector.process.stdin.close()


def wait_quiet(aggregator, settler):
    """Until every frame that was made is settled, and none has been made for a second."""
    before, since = -1, time.monotonic()
    while time.monotonic() < since + 1:
        made = aggregator.metric('frames_total')
        if made != before or settler.metric('frames_total') < made:
            before, since = made, time.monotonic()
        time.sleep(POLL_S)


def check(generation, schema, load, wanted):
    found = generation.lines(schema)
    pipeline.same_files(found, wanted, 'lines and rate')
    count, units, amount = pipeline.sum_lines(found)
    pipeline.exact((count, units, amount * 1000000), load.expected(), 'lines, units, micro-dollars')


def tell(figures, name, load, settler, used, generation, schema):
    millions = decimal.Decimal(load.count) / 1000000
    figures[f'settler process, {name}'] = f'{decimal.Decimal(settler.cpu_s()) / millions:.2f} CPU s/M'
    figures[f'database, {name}'] = f'{decimal.Decimal(used) / millions:.2f} CPU s/M'
    frames, turns = (settler.metric(f'{what}_total') for what in ('frames', 'transactions'))
    figures[f'frames; a transaction, {name}'] = f'{frames}; {frames / max(turns, 1):.1f}'
    figures[f'statements, {name}'] = str(settler.metric('statements_total'))
    figures[f'settler at most, {name}'] = f'{settler.peak_mb():.0f} MB'
    figures[f'rows settled, {name}'] = str(generation.settled_rows(schema))
    figures[f'schema on disk, {name}'] = f'{generation.disk_bytes(schema) / 1e6:.0f} MB'


def measure(servers, build, options, figures):
    load = tokens.Tokens(options.events, options.seed)
    with pipeline.Generation(servers, build, 'cost', tokens.CATALOG, options.partitions) as generation:
        events, wanted = generation.folder / 'events.ndjson', generation.folder / 'wanted.ndjson'
        aggregator = generation.start('aggregator', '--partitions', 'all')
        settler = generation.start('settler', '--partitions', 'all')
        pipeline.wait_for(lambda: aggregator.is_ready() and settler.is_ready(), 60)
        begin = servers.database_cpu_s()
        collector = generation.start('collector', '--file', '-')
        pipeline.wait_for(lambda: collector.get('/healthz')[0] == 200, 30)
        with open(events, 'w', encoding='utf-8') as keep:
            feed(collector, aggregator, settler, generation, load, keep)
        pipeline.wait_for(lambda: not collector.is_alive(), 60)
        wait_quiet(aggregator, settler)
        live = servers.database_cpu_s() - begin
        pipeline.say('settled; checking')
        rate_s, _ = pipeline.rate_lines(build, generation.folder / 'catalog.yaml', events, wanted)
        check(generation, generation.schema, load, wanted)
        tell(figures, 'live', load, settler, live, generation, generation.schema)
        figures['aggregator process'] = f'{aggregator.cpu_s() / load.count * 1e6:.2f} CPU s/M'
        figures['rate'] = f'{rate_s / load.count * 1e6:.2f} CPU s/M'
        figures['usage.frames'] = f'{servers.topic_bytes(generation.prefix + "usage.frames") / 1e6:.1f} MB'
        settler.stop()
        if options.live_only:
            return
        schema = generation.new_schema()
        begin = servers.database_cpu_s()
        settler = generation.start('settler', '--partitions', 'all', name='behind', schema=schema)
        wait_quiet(aggregator, settler)
        behind = servers.database_cpu_s() - begin
        check(generation, schema, load, wanted)
        tell(figures, 'behind', load, settler, behind, generation, schema)


def options_of(parser):
    parser.add_argument('--events', type=int, default=1000000, help='records [1000000]')
    parser.add_argument('--seed', type=int, default=1, help='of the load [1]')
    parser.add_argument('--partitions', type=int, default=4, help='[4]')
    parser.add_argument('--live-only', action='store_true', help='leave out the settler that is behind')


if __name__ == '__main__':
    sys.exit(pipeline.main(__doc__, 'Settling calls of models', BARS, options_of, measure))
