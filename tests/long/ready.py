#!/usr/bin/env python3
"""How long a restarted aggregator and settler take until /readyz says 200, with many partitions and some history.

Both are members of a consumer group with a name of their own, as in production. They are stopped by SIGTERM (`--kill`:
by SIGKILL) and started again at once. For the aggregator also: how long until it has read the log to the end.

Right: what was accepted before is settled before, the lines have the sums of the load; after the restart no partition
is stopped, none is missing, and no new frame was made."""
import signal
import sys
import time

import pipeline
import tokens

BARS = {'aggregator ready, 64 partitions': '<= 4 s', 'settler ready, 64 partitions': '<= 4 s'}


def write(path, load):
    with open(path, 'w', encoding='utf-8') as out:
        out.writelines(load.epochs())


def ready(process):
    pipeline.wait_for(process.is_ready, 300, 0.02)
    return time.monotonic() - process.begun, process.cpu_s()


def read_to_end(process):
    """Seconds until it has folded the last message of the log; CPU seconds by then."""
    before, at, cpu = -1, time.monotonic(), 0
    while time.monotonic() < at + 2:
        folded = process.metric('messages_total')
        if folded != before:
            before, at, cpu = folded, time.monotonic(), process.cpu_s()
        time.sleep(0.05)
    return at - process.begun, cpu


def check_restarted(aggregator, settler, generation, frames):
    for process in (aggregator, settler):
        pipeline.exact(process.metric('partitions'), generation.partitions, f'{process.name}: partitions')
        pipeline.exact(process.metric('partitions_stopped'), 0, f'{process.name}: stopped')
    made = aggregator.metric('frames_total')
    pipeline.exact(made, 0, f'new frames of a log that has none behind the {frames} before')


def restart(generation, options, figures, frames):
    shown = f'{generation.partitions} partitions'
    for process in generation.processes:
        process.stop(signal.SIGKILL if options.kill else signal.SIGTERM)
    aggregator = generation.start('aggregator')
    took, cpu = ready(aggregator)
    end, end_cpu = read_to_end(aggregator)
    settler = generation.start('settler')
    settler_took, settler_cpu = ready(settler)
    check_restarted(aggregator, settler, generation, frames)
    figures[f'aggregator ready, {shown}'] = f'{took:.1f} s, {cpu:.2f} CPU s'
    figures[f'aggregator at the log\'s end, {shown}'] = f'{end:.1f} s, {end_cpu:.2f} CPU s'
    figures[f'settler ready, {shown}'] = f'{settler_took:.1f} s, {settler_cpu:.2f} CPU s'


def measure(servers, build, options, figures):
    for partitions in options.partitions:
        load = tokens.Tokens(options.events)
        with pipeline.Generation(servers, build, 'ready', tokens.CATALOG, partitions) as generation:
            events = generation.folder / 'events.ndjson'
            write(events, load)
            aggregator, settler = generation.start('aggregator'), generation.start('settler')
            first = max(ready(aggregator)[0], ready(settler)[0])
            pipeline.say(f'{partitions} partitions: both ready after {first:.1f} s at first')
            until_s = generation.send_file(events)
            generation.wait_settled(until_s)
            count, units, amount = generation.sums()
            pipeline.exact((count, units, amount * 1000000), load.expected(), 'lines, units, micro-dollars')
            frames = aggregator.metric('frames_total')
            pipeline.say(f'{frames} frames are settled; restarting')
            restart(generation, options, figures, frames)


def options_of(parser):
    parser.add_argument('--partitions', type=lambda text: [int(n) for n in text.split(',')], default=[64, 300],
                        help='one after another [64,300]')
    parser.add_argument('--events', type=int, default=300000, help='records of history [300000]')
    parser.add_argument('--kill', action='store_true', help='stop them with SIGKILL')


if __name__ == '__main__':
    sys.exit(pipeline.main(__doc__, 'Ready again', BARS, options_of, measure))
