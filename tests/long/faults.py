#!/usr/bin/env python3
"""What an operator's bad day does to the pipeline: PostgreSQL and Kafka stopped, frozen, full, read-only, locked, closed to
the settler, claims and partitions taken by strangers, processes killed. Events flow all the time; in the end the lines
are compared with `hourglass rate` of all that was answered 200. Takes the servers of deploy/local/up for itself.

faults.py [NAME...]: those chapters alone (sessions, postgres, kafka, deleted, remade, owners, kills, many,
prices, refusals)."""
import contextlib
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import traceback

from living import (at, CATALOG, FOLDER, PARTITIONS, Process, RUN, TOP, Watch, World, broker_pids, database_pids,
                    Frozen,
                    frozen, hourglass, local, outage, processes, run, sql, tell, wait_for)
import facts
import kafka_client

# --- PostgreSQL

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hourglass_settler'"


def raises(schema, table, state, when='true'):
    return (f"CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN RAISE EXCEPTION "
            f"'refused here' USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$;"
            f" GRANT EXECUTE ON FUNCTION {schema}.refuse() TO PUBLIC;"
            f" CREATE TRIGGER refuse BEFORE INSERT ON {schema}.{table} FOR EACH ROW EXECUTE FUNCTION {schema}.refuse()")


def hold_lock(world, table, held):
    held.append(subprocess.Popen(['psql', '-Xq', at.root, '-c',
                                  f'BEGIN; LOCK TABLE {world.schema}.{table} IN ACCESS EXCLUSIVE '
                                  'MODE; SELECT pg_sleep(600)'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def release_locks(held):
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
    while held:
        held.pop().wait()


def cut_often(over):
    while not over.wait(0.7):
        with contextlib.suppress(OSError):
            sql(CUT)


def sessions():
    """What ends or spoils the settler's session, or what it may do."""
    world = World('s')
    schema, settler, over = world.schema, [world.settler], threading.Event()
    cutter = threading.Thread(target=cut_often, args=(over,), daemon=True)

    def end_cutting():
        over.set()
        cutter.join()

    def try_sql(what, begin, end, seconds=25, **more):
        outage(world, what, lambda: sql(begin), lambda: sql(end), seconds, settler, **more)

    try:
        try_sql('statement_timeout of 1 ms', f"ALTER ROLE hourglass_settler SET statement_timeout = '1ms'; {CUT}",
                'ALTER ROLE hourglass_settler RESET statement_timeout', steady=False)
        for right, table in (('INSERT', 'settled'), ('UPDATE', 'claim'), ('SELECT', 'meta')):
            try_sql(f'{right} on {table} revoked', f'REVOKE {right} ON {schema}.{table} FROM hourglass_settler',
                    f"SET search_path TO {schema}; SELECT grant_settler('hourglass_settler')", within=7)
        try_sql('NOLOGIN', f'ALTER ROLE hourglass_settler NOLOGIN; {CUT}', 'ALTER ROLE hourglass_settler LOGIN')
        outage(world, 'the session is cut again and again', cutter.start, end_cutting, 15, settler, steady=False)
    finally:
        over.set()
        sql('ALTER ROLE hourglass_settler LOGIN; ALTER ROLE hourglass_settler RESET ALL')
    world.exact('after all that befell sessions')
    world.end()


def postgres():
    world = World('p')
    schema, settler = world.schema, [world.settler]
    held = []

    def try_sql(what, begin, end, seconds=25, **more):
        outage(world, what, lambda: sql(begin), lambda: sql(end), seconds, settler, **more)

    def reload(setting):
        sql(f'ALTER SYSTEM {setting}')
        sql('SELECT pg_reload_conf()')

    def fill_connections():
        for _ in range(int(sql('SHOW max_connections')[0])):
            held.append(subprocess.Popen(['psql', '-Xq', at.database, '-c', 'SELECT pg_sleep(600)'],
                                         stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL))
        wait_for(lambda: run('psql', '-Xqc', 'SELECT 1', at.database, check=False).returncode != 0)
        sql(CUT)
        for _ in range(5):
            held.append(subprocess.Popen(['psql', '-Xq', at.database, '-c', 'SELECT pg_sleep(600)'],
                                         stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL))

    freeze = Frozen(database_pids)
    try:
        outage(world, 'default_transaction_read_only', lambda: reload('SET default_transaction_read_only = on'),
               lambda: reload('RESET default_transaction_read_only'), 62, settler)
        try_sql('disk full', raises(schema, 'settled', '53100'), f'DROP FUNCTION {schema}.refuse CASCADE', within=7)
        outage(world, 'settled is locked', lambda: hold_lock(world, 'settled', held), lambda: release_locks(held), 65,
               settler,
               within=16)
        try_sql('the schema is renamed', f'ALTER SCHEMA {schema} RENAME TO {schema}x',
                f'ALTER SCHEMA {schema}x RENAME TO {schema}',
                within=7)
        outage(world, 'connections exhausted', fill_connections, lambda: release_locks(held), 25, settler)
        outage(world, 'PostgreSQL stopped', lambda: local('pg_stop'), lambda: local('pg_start'), 60, settler)
        outage(world, 'PostgreSQL frozen', freeze.begin, freeze.end, 90, settler)
        outage(world, 'PostgreSQL killed', lambda: local('pg_stop kill'), lambda: local('pg_start'), 5, settler)
    finally:
        freeze.end()
        reload('RESET default_transaction_read_only')
    one_account_refused(world)
    world.exact('after all of PostgreSQL')
    world.end()


def one_account_refused(world):
    schema = world.schema
    partition = next(int(row) for row in sql(f"SELECT DISTINCT partition FROM {schema}.line_names WHERE account = 'a3'"))
    sql(raises(schema, 'line_names', 'P0001', "NEW.account = 'a3'"))
    tell(wait_for(lambda: not world.settler.ready(), 20), "one account's rows refused: not ready",
         world.settler.text()[-500:])
    print('#   ' + world.settler.get('/readyz')[1].strip())
    before = world.settler.partitions_now()
    time.sleep(40)
    after = world.settler.partitions_now()
    tell(all((after.get(n, 0) > before.get(n, 0)) == (n != partition) for n in range(PARTITIONS)),
         'its partition waits alone, the others go on', partition, before, after, world.settler.text()[-1500:])
    tell(world.settler.lives() and len(world.settler.said('partition_waits')) < 40, 'it says so, not more')
    sql(f'DROP FUNCTION {schema}.refuse CASCADE')
    tell(wait_for(world.settler.ready, 45) and world.settles(), 'and it goes on once they are taken',
         world.settler.text()[-800:])


# --- Kafka

def kafka():
    world = World('k')
    three = [world.aggregator, world.settler, world.collector]
    freeze = Frozen(broker_pids)
    try:
        outage(world, 'Kafka stopped', lambda: local('kafka_stop'), lambda: local('kafka_start'), 60, three, within=4,
               back=60)
        outage(world, 'Kafka frozen', freeze.begin, freeze.end, 40, three, within=4, back=60)
        for number in range(3):
            local('kafka_stop kill' if number == 1 else 'kafka_stop')
            local('kafka_start')
        tell(all(wait_for(p.ready, 60) for p in three) and world.settles(), 'Kafka restarted thrice: all go on',
             *[(p.name, p.get('/readyz'), p.text()[-600:]) for p in three])
    finally:
        freeze.end()
    world.exact('after all of Kafka')
    world.end()


def deleted():
    """Records below a position are deleted while the process that would read them is frozen."""
    for part, topic in (('aggregator', 'usage.records'), ('settler', 'usage.frames')):
        world = World('d' + part[0])
        process = getattr(world, part)
        world.settles()
        with frozen([process.process.pid]):
            time.sleep(7)
            kafka_client.delete_records(at.kafka, world.prefix + topic, 2, -1)
        tell(wait_for(lambda: process.said('partition_stopped'), 40),
             f'{topic}: records below a position are gone: the {part} says so',
             process.text()[-1500:])
        tell(re.search(r'offset=\d', (process.said('partition_stopped') or [''])[0]), 'and at which offset',
             process.said('partition_stopped'))
        before = world.settler.partitions_now()
        time.sleep(20)
        after = world.settler.partitions_now()
        tell([n for n in range(PARTITIONS) if after.get(n, 0) > before.get(n, 0)] == [0, 1, 3],
             'the others go on, that one does not',
             before, after)
        tell(process.lives() and not process.ready() and process.metrics()[f'{part}_partitions_stopped'] == 1,
             'one is stopped; the process is not ready')
        process.kill()
        process.again()
        wait_for(lambda: process.get('/readyz')[0] == 503 and process.metrics().get(f'{part}_partitions_stopped'), 60)
        before = world.settler.partitions_now()
        time.sleep(20)
        after = world.settler.partitions_now()
        tell([n for n in range(PARTITIONS) if after.get(n, 0) > before.get(n, 0)] == [0, 1, 3] and not process.ready(),
             f'the same once the {part} was started again', before, after, process.get('/readyz'), process.text()[-1500:])
        world.end()


def remade():
    """Topics deleted under running processes, and made anew under the same prefix; the schema stays."""
    world = World('r')
    tell(world.settles(), 'all go on')
    time.sleep(15)
    world.flow.end()
    for process in (world.collector,):
        process.kill()
    kafka_client.delete_topics(at.kafka, [world.prefix + name for name in ('usage.records', 'usage.frames', 'usage.rejects',
                                                                         'usage.register', 'aggregator.snapshots')])
    time.sleep(12)
    for process in (world.aggregator, world.settler):
        tell(process.lives() and not process.ready(), f'topics are deleted: the {process.name} waits and is not ready',
             process.get('/readyz'), process.text()[-1000:])
    changed = FOLDER / 'changed.yaml'
    changed.write_text(CATALOG.replace('3.60', '7.20'))
    made = wait_for(lambda: hourglass('init', '--kafka', at.kafka, '--prefix', world.prefix, '--partitions', PARTITIONS,
                                      '--replicas', 1,
                                      '--catalog', changed, check=False).returncode == 0, 60, 1)
    tell(made, 'made anew')
    collector = Process('collector', world.prefix, 'collector2')
    tell(world.settler.ends(60) == 78 and 'made anew' in world.settler.text(), 'a running settler ends with 78 and the word',
         world.settler.process.poll(), world.settler.text()[-1500:])
    tell(wait_for(lambda: world.aggregator.ready() or not world.aggregator.lives(), 60), 'the aggregator says what it does',
         world.aggregator.text()[-1500:])
    print('#   ' + world.aggregator.get('/readyz')[1], world.aggregator.process.poll(), world.aggregator.text()[-1200:])
    again = Process('settler', world.prefix, 'settler2')
    tell(again.ends(60) == 78 and 'made anew' in again.text(), 'so does one that is started', again.text()[-1500:])
    collector.kill()
    world.end()


# --- other owners

def owners():
    world = World('o')
    world.settles()
    other = Process('settler', world.prefix, 'other', ['--group', RUN + 'other', '--partitions', 'all'])
    tell(wait_for(other.ready, 30), 'another settler with another group claims all')
    watch = Watch(world.settler)
    time.sleep(5)
    tell(not world.settler.ready(), 'the first one is not ready', world.settler.get('/readyz'))
    other.process.terminate()
    other.ends()
    tell(wait_for(world.settler.ready, 30) and world.settles(), 'it claims again once the other has ended',
         world.settler.text()[-1500:])
    watch.end()
    print('#   ' + ' | '.join(watch.words()))
    tell(world.settler.metrics().get('settler_partitions_lost_total', 0) >= PARTITIONS, 'it counts what it lost')
    both_fight(world)
    stranger(world)
    world.exact('after other owners')
    world.end()


def both_fight(world):
    """Two settlers that both want all for 40 s."""
    other = Process('settler', world.prefix, 'rival', ['--group', RUN + 'rival', '--partitions', 'all'])
    time.sleep(40)
    lost = len(world.settler.said('partition_lost')) + len(other.said('partition_lost'))
    tell(lost < 80, f'two that want all wait ever longer: {lost} losses in 40 s')
    other.kill()
    tell(wait_for(world.settler.ready, 90) and world.settles(60), 'one goes on alone', world.settler.get('/readyz'),
         world.settler.text()[-1500:])


STRANGER = r"""
import ctypes, sys, time
sys.path.insert(0, sys.argv[1])
import kafka_client as k
RD, P = k.RD, k.POINTER
client = k.handle(sys.argv[2], sys.argv[3])
RD.rd_kafka_poll_set_consumer(client)
topics = P(RD.rd_kafka_topic_partition_list_new(1))
RD.rd_kafka_topic_partition_list_add(topics, sys.argv[4].encode(), -1)
RD.rd_kafka_subscribe(client, topics)
RD.rd_kafka_consumer_poll.restype = ctypes.c_void_p
while True:
    RD.rd_kafka_consumer_poll(client, 1000)
"""


def stranger(world):
    """A member of the aggregators' group that takes partitions and does nothing."""
    group = f'{world.prefix}hourglass-aggregator'
    process = subprocess.Popen([sys.executable, '-c', STRANGER, TOP / 'tests/integration', at.kafka, group,
                                world.prefix + 'usage.records'], stdout=subprocess.DEVNULL)
    try:
        rows = lambda: len(world.aggregator.partitions_now())
        tell(wait_for(lambda: 0 < rows() < PARTITIONS, 40),
             f'a stranger takes partitions: the aggregator shows rows of its own alone: {rows()}',
             world.aggregator.text()[-800:])
        time.sleep(30)
        settler = world.settler.metrics()
        lags = {k: v for k, v in settler.items() if 'lag_seconds' in k or 'watermark' in k}
        print('#   ', lags, world.aggregator.get('/readyz'), world.settler.get('/readyz'))
        late = [v for k, v in settler.items() if k.startswith('settler_lag_seconds{')]
        tell(sum(v > 25 for v in late) == PARTITIONS - rows(), 'and the settler how far behind the clock each partition is',
             late)
    finally:
        process.kill()
        process.wait()
    tell(wait_for(lambda: rows() == PARTITIONS, 60) and world.settles(60), 'once it is gone all go on')


# --- kills

def kills():
    world = World('x')
    for number in range(5):
        for process in world.all:
            process.kill()
            process.again()
            tell(wait_for(process.ready, 45), f'{process.name}, killed {number + 1} times, is ready again',
                 process.text()[-1000:])
    tell(world.settles(), 'all go on')
    for process in world.all:
        process.process.send_signal(signal.SIGHUP)
        status = process.ends(10)
        tell(status == 0, f'{process.name}: SIGHUP ends it in order', status, process.text()[-600:])
        process.again()
    tell(all(wait_for(p.ready, 45) for p in world.all) and world.settles(), 'all are started again')
    freeze_broker, freeze_database = Frozen(broker_pids), Frozen(database_pids)
    for what, begin, end, those in (  # each from a process that works
            ('Kafka is away', lambda: local('kafka_stop'), lambda: local('kafka_start'), world.all),
            ('Kafka is frozen', freeze_broker.begin, freeze_broker.end, world.all),
            ('PostgreSQL is away', lambda: local('pg_stop'), lambda: local('pg_start'), [world.settler]),
            ('PostgreSQL is frozen', freeze_database.begin, freeze_database.end, [world.settler])):
        for after_s in (1.5, 14):
            begin()
            try:
                time.sleep(after_s)
                for process in those:
                    began = time.monotonic()
                    process.process.terminate()
                    status = process.ends(20)
                    took = time.monotonic() - began
                    tell(status == 0 and took < 5,
                         f'SIGTERM {after_s} s after {what} ends the {process.name} within 5 s: {took:.1f} s',
                         status, process.text()[-600:])
                    if status is None:
                        process.kill()
            finally:
                end()
            for process in those:
                process.again()
            tell(all(wait_for(p.ready, 60) for p in world.all), 'all are ready again', *[p.text()[-500:] for p in those])
    world.exact('after kills')
    world.end()


# --- many

def many():
    """Two prefixes with default groups; six of each kind over four partitions."""
    one, two = World('m1'), World('m2')
    tell(one.settles() and two.settles(), 'two prefixes on one Kafka with default groups go on beside each other')
    tell(not any(p.said('partition_lost') for p in one.all + two.all), 'none takes from the other')
    more = [Process(part, one.prefix, f'{part}{n}', ['--instance', f'{part}{n}']) for part in ('aggregator',
            'settler') for n in range(5)]
    for part in ('aggregator', 'settler'):
        members = [p for p in more + one.all if p.part == part]
        held = lambda: [int(p.metrics().get(f'{part}_partitions', -1)) for p in members]
        tell(wait_for(lambda: sum(held()) == PARTITIONS and sorted(held()) == [0, 0, 1, 1, 1, 1], 60),
             f'six {part}s share four partitions', held(), [p.text()[-300:] for p in members])
        tell(wait_for(lambda: all(p.ready() for p in members), 30), 'all six are ready, those without a partition too',
             [p.get('/readyz') for p in members])
    time.sleep(10)
    for process in more[::2] + [one.aggregator, one.settler]:
        process.kill()
    settlers = [p for p in more[1::2] if p.part == 'settler']
    tell(wait_for(lambda: sum(len(p.partitions_now()) for p in settlers) == PARTITIONS, 60),
         'half of them killed: the others have all',
         [p.partitions_now() for p in settlers])
    one.settler = settlers[0]
    one.exact('six of each kind')
    two.exact('the other prefix')
    one.end()
    two.end()


# --- prices

def prices():
    """A price change is applied while PostgreSQL is away."""
    world = World('c')
    world.settles()
    dearer = FOLDER / 'dearer.yaml'
    dearer.write_text(CATALOG.replace('3.60', '7.20'))
    local('pg_stop')
    try:
        done = hourglass('catalog', 'apply', dearer, '--kafka', at.kafka, '--prefix', world.prefix, check=False)
        tell(done.returncode == 0, 'catalog apply while PostgreSQL is away', done.returncode, done.stdout, done.stderr)
        print('#   ' + done.stdout.strip())
    finally:
        local('pg_start')
    tell(wait_for(world.settler.ready, 45) and world.settles(), 'the settler goes on', world.settler.text()[-800:])
    tell(wait_for(lambda: int(sql(f'SELECT count(*) FROM {world.schema}.catalogs')[0]) >= 2, 20),
         'and has the second catalog', sql(f'SELECT * FROM {world.schema}.catalogs'))
    world.exact('a price that holds later changes nothing yet')
    world.end()


# --- what an operator must mend

def refusals():
    world = World('z')
    world.settles()
    parts = {'wrong password': (at.settlers.split('?')[0].replace('hourglass_settler@', 'hourglass_settler:wrong@'), (),
                                'PGPASSFILE'),
             'schema not migrated': (at.settlers, ('--schema', RUN + 'none'), 'hourglass db migrate')}
    for what, (database, words, text) in parts.items():
        process = Process('settler', world.prefix, what.replace(' ', '-'), ['--group', 'z', *words], database)
        status = process.ends()
        tell(status == 78 and text in process.text(), f'{what}: ends with 78 and says the way out', status,
             process.text()[-600:])
        print('#   ' + '\n#   '.join(process.said('gave_up')))
    for part in ('aggregator', 'settler', 'collector'):
        process = Process(part, 'nothing.', f'{part}-lost', ['--schema', world.schema] if part == 'settler' else [])
        status = process.ends(20)
        tell(status == 78 and 'hourglass init' in process.text(),
             f'a wrong prefix: the {part} ends with 78 and says the way out', status,
             process.text()[-600:])
    hourglass('db', 'migrate', '--database', at.database, '--schema', RUN + 'newer')
    sql(f"SET search_path TO {RUN}newer; SELECT grant_settler('hourglass_settler')")
    sql(f"INSERT INTO {RUN}newer.migrations VALUES (9999, 'later', 'x')")
    process = Process('settler', world.prefix, 'newer', ['--group', 'z', '--schema', RUN + 'newer'])
    tell(process.ends() == 78 and 'newer' in process.text(), 'a newer schema: 78', process.process.poll(),
         process.text()[-600:])
    # while it runs
    sql(f"ALTER ROLE hourglass_settler PASSWORD 'other'; {CUT}")
    try:
        status = world.settler.ends(30)
        tell(status == 78 and 'password' in world.settler.text(), 'a password that changed while it ran: 78 and the way out',
             status,
             world.settler.text()[-600:])
        print('#   ' + '\n#   '.join(world.settler.said('gave_up')))
    finally:
        password = re.search(r':hourglass_settler:(\S+)', pathlib.Path(at.settlers.split('passfile=')[1]).read_text())[1]
        sql(f"ALTER ROLE hourglass_settler PASSWORD '{password}'")
    world.settler.again()
    tell(wait_for(world.settler.ready), 'with the right one it goes on')
    world.exact('after refusals')
    world.end()


CHAPTERS = {'sessions': sessions, 'postgres': postgres, 'kafka': kafka, 'deleted': deleted, 'remade': remade,
            'owners': owners, 'kills': kills,
            'many': many, 'prices': prices, 'refusals': refusals}


def main():
    if any(name not in CHAPTERS for name in sys.argv[1:]):
        print(__doc__)
        sys.exit(sys.argv[1:] not in (['-h'], ['--help']))
    try:
        run(TOP / 'deploy/local/up')
        at.kafka, at.database, at.settlers = facts.servers('KAFKA', 'DATABASE', 'SETTLER_DATABASE')
        at.root = local('pg_url postgres hourglass').strip()
        for name in sys.argv[1:] or CHAPTERS:
            try:
                CHAPTERS[name]()
            except Exception:  # the other chapters are told all the same
                tell(False, f'{name} comes to its end', traceback.format_exc())
            for process in processes:
                if process.lives():
                    process.kill()
    finally:
        for process in processes:
            if process.lives():
                process.kill()
        local('pg_start; kafka_start')
        print(f'# logs: {FOLDER}')
    sys.exit(facts.end())


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
