#!/usr/bin/env python3
"""What it costs when resources stop again and again: each is launched and stopped k times in one hour, a second each
time; 200,000 events. A rule that says the whole hour again at each stop costs k times k.

Right: `rate` gives each resource its k seconds, and the pipeline's lines are byte for byte those of `rate`."""
import sys
import time

import pipeline

BARS = {'rows of a resource-hour': '<= 61'}
CATALOG = """currency: USD
products:
  container:
    settle: hourly
    skus: {gpu: {payg: {price: "3.60", per: hour}}}
"""
HOUR_S = 1793527200  # 2026-11-01T10:00:00Z
SPREAD_MS = 3500000  # the lives of a resource begin in so much of the hour


def lives(resources, stops):
    """(milliseconds, launched or stopped, resource, number), in order of time."""
    step = SPREAD_MS // stops
    for number in range(stops):
        at = sorted([(number * step + resource % step, 'launched', resource) for resource in range(resources)] +
                    [(number * step + resource % step + 1000, 'stopped', resource) for resource in range(resources)])
        for ms, what, resource in at:
            yield ms, what, resource, number


def write(path, resources, stops):
    with open(path, 'w', encoding='utf-8') as out:
        for ms, what, resource, number in lives(resources, stops):
            sku = ',"sku":"gpu"' if what == 'launched' else ''
            second = pipeline.stamp(HOUR_S + ms // 1000)[:-1]
            out.write(f'{{"specversion":"1.0","id":"{what[0]}{number}","source":"/c{resource}","type":'
                      f'"container.{what}","subject":"c{resource}","time":"{second}.{ms % 1000:03}Z",'
                      f'"data":{{"account":"account-{resource % 10}"{sku}}}}}\n')


def measure(servers, build, options, figures):
    resources = options.events // 2 // options.stops
    with pipeline.Generation(servers, build, 'stops', CATALOG, options.partitions) as generation:
        events, wanted = generation.folder / 'events.ndjson', generation.folder / 'wanted.ndjson'
        write(events, resources, options.stops)
        rate_s, rate_mb = pipeline.rate_lines(build, generation.folder / 'catalog.yaml', events, wanted)
        seconds = resources * options.stops
        count, units, amount = pipeline.sum_lines(wanted)
        pipeline.exact((count, units, amount * 1000), (resources, seconds, seconds),
                       'lines, units, milli-dollars of rate')
        figures['rate'] = f'{rate_s:.2f} CPU s, {rate_mb:.0f} MB'
        aggregator = generation.start('aggregator', '--partitions', 'all')
        settler = generation.start('settler', '--partitions', 'all')
        pipeline.wait_for(lambda: aggregator.is_ready() and settler.is_ready(), 60)
        database, begin = servers.database_cpu_s(), time.monotonic()
        until_s = generation.send_file(events)
        generation.wait_settled(until_s)
        took, database = time.monotonic() - begin, servers.database_cpu_s() - database
        pipeline.same_files(generation.lines(), wanted, 'lines and rate')
        rows = servers.sql('SELECT max(n), min(n), sum(n) FROM (SELECT count(*) AS n FROM '
                           f'{generation.schema}.settled GROUP BY line, hour) AS of_each')[0]
        figures['aggregator'] = f'{aggregator.cpu_s():.2f} CPU s, {aggregator.peak_mb():.0f} MB'
        figures['settler'] = f'{settler.cpu_s():.2f} CPU s, {settler.peak_mb():.0f} MB'
        figures['database'] = f'{database:.2f} CPU s'
        figures['whole pipeline'] = f'{took:.1f} s'
        figures['usage.frames'] = f'{servers.topic_bytes(generation.prefix + "usage.frames") / 1e6:.1f} MB'
        figures['rows of a resource-hour'] = f'{rows[0]} at most'
        figures['rows settled'] = rows[2]
        figures['schema on disk'] = f'{generation.disk_bytes() / 1e6:.0f} MB'


def options_of(parser):
    parser.add_argument('--stops', type=int, default=1000, help='of a resource in the hour [1000]')
    parser.add_argument('--events', type=int, default=200000, help='in all, two a stop [200000]')
    parser.add_argument('--partitions', type=int, default=4, help='[4]')


if __name__ == '__main__':
    sys.exit(pipeline.main(__doc__, 'Stops again and again', BARS, options_of, measure))
