#!/usr/bin/env python3
"""What the live pipeline promises at its door and behind it: HTTP in, exact lines in PostgreSQL, whatever clients send,
whichever process is killed, and while Kafka is away. Starts deploy/local/up's servers (HOURGLASS_RUN), works on topics
and a schema of its own, and stops Kafka for a while: nobody else may use it meanwhile. Takes about two minutes."""
import gzip
import http.client
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

import facts
from facts import BUILD, TOP, hourglass, local, tell, time_text, wait_for

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-live'))
RUN = f'l{os.getpid()}x{int(time.time())}'
PREFIX, SCHEMA = RUN + '.', 'run_' + RUN
EVENT, BATCH = 'application/cloudevents+json', 'application/cloudevents-batch+json'
PROGRAMS = {'collector': 'collectors', 'aggregator': 'aggregator', 'settler': 'settler'}
RSS_MAX_MB = 400
CATALOG = """currency: USD
products:
  container:
    settle: hourly
    skus: {gpu: {payg: {price: "3.60", per: hour}, subscription: {price: "100.00", per: month}}}
  storage:
    settle: hourly
    skus: {standard: {payg: {price: "0.0002", per: GB-hour}}}
  maas:
    settle: hourly
    skus: {llm: {input_tokens: {price: "1.00", per: 1K}, output_tokens: {price: "2.00", per: 1K}}}
"""
processes = []
accepted = []  # every event that was answered 200, in order
KAFKA = DATABASE = ''


def must(done):
    if done.returncode != 0:
        raise OSError(f'{done.args}: {done.stderr}')


# --- processes

class Process:
    def __init__(self, name, part, *words):
        self.name, self.part = name, part
        self.log = FOLDER / f'{name}.log'
        self.port_file, self.admin_file = FOLDER / f'{name}.port', FOLDER / f'{name}.admin'
        for old in (self.port_file, self.admin_file):
            old.unlink(missing_ok=True)
        words = list(map(str, words)) + ['--kafka', KAFKA, '--prefix', PREFIX, '--admin-port-file', self.admin_file]
        if part == 'collector':
            words += ['--http-port', '0', '--http-port-file', self.port_file]
        else:
            words += ['--group', f'{RUN}-{part}']
        if part == 'settler':
            words += ['--database', DATABASE, '--schema', SCHEMA]
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([BUILD / PROGRAMS[part] / f'hourglass-{part}', *words], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        processes.append(self)

    def port(self, file):
        wait_for(lambda: file.exists() or self.process.poll() is not None, 30)
        return int(file.read_text())

    def admin(self, path):
        connection = http.client.HTTPConnection('127.0.0.1', self.port(self.admin_file), timeout=10)
        try:
            connection.request('GET', path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError as error:
            return 0, str(error)
        finally:
            connection.close()

    def is_ready(self):
        return self.admin('/readyz')[0] == 200

    def ready(self, seconds=30):
        return wait_for(self.is_ready, seconds)

    def counters(self):
        return {name: float(value) for name, value in
                re.findall(r'^(hourglass_\S+(?:\{.*?\})?) (\S+)$', self.admin('/metrics')[1], re.M)}

    def rss_mb(self):
        return int(re.search(r'VmRSS:\s+(\d+)', pathlib.Path(f'/proc/{self.process.pid}/status').read_text())[1]) >> 10

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        """The exit status and the seconds it took."""
        begin = time.monotonic()
        self.process.terminate()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            status = 'killed'
        return status, time.monotonic() - begin


def collector(*words, name='collector'):
    started = Process(name, 'collector', *words)
    if not started.ready():
        raise OSError(f'the collector is not ready: {started.log.read_text()[-1500:]}')
    return started


# --- events and requests

number = 0


def event(kind, subject, second, account='a1', **data):
    global number
    number += 1
    return {'specversion': '1.0', 'id': f'e{number}', 'source': '/platform', 'type': kind, 'subject': subject,
            'time': time_text(second), 'data': {'account': account, **data}}


def life(subject, seconds=1800, **more):
    """A container that ran until now."""
    now = int(time.time())
    return [event('container.launched', subject, now - seconds, sku='gpu', **more),
            event('container.stopped', subject, now, **more)]


def tokens(subject, count, account='a1', hours=2):
    return event('maas.tokens', subject, time.time() - hours * 3600, account, model='llm', input_tokens=count,
                 output_tokens=0)


def request(process, method='POST', path='/v1/events', body=b'', headers=None, timeout=30):
    """Status, headers, JSON (or text) of the answer; status 0: none came."""
    connection = http.client.HTTPConnection('127.0.0.1', process.port(process.port_file), timeout=timeout)
    try:
        connection.putrequest(method, path)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.putheader('Content-Length', str(len(body)))
        connection.endheaders()
        try:
            connection.send(body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = connection.getresponse()
        text = answer.read()
        try:
            return answer.status, answer.headers, json.loads(text)
        except ValueError:
            return answer.status, answer.headers, text
    except (OSError, http.client.HTTPException) as error:
        return 0, {}, repr(error)
    finally:
        connection.close()


def post(process, events, as_batch=None, **more):
    """One event, or a list as a batch."""
    body = json.dumps(events, ensure_ascii=False).encode()
    kind = BATCH if isinstance(events, list) else EVENT
    answer = request(process, body=body, headers={'Content-Type': as_batch or kind}, **more)
    if answer[0] == 200:
        rejected = {item['index'] for item in answer[2]['rejected']}
        listed = events if isinstance(events, list) else [events]
        accepted.extend(e for i, e in enumerate(listed) if i not in rejected)
    return answer


def post_binary(process, sent, quote=lambda text: urllib.parse.quote(text, safe="/:!#$&'()*+,;=?@[]~").encode()):
    headers = {f'ce-{name}': quote(sent[name]) for name in ('specversion', 'id', 'source', 'type', 'subject', 'time')}
    headers['Content-Type'] = 'application/json'
    answer = request(process, body=json.dumps(sent['data']).encode(), headers=headers)
    if answer[0] == 200:
        accepted.append(sent)
    return answer


def is_accepted(answer, count=1):
    return answer[0] == 200 and answer[2] == {'accepted': count, 'rejected': []}


def is_problem(answer, status):
    return (answer[0] == status and answer[1].get('Content-Type') == 'application/problem+json' and
            answer[2].get('status') == status)


# --- lines

def lines():
    done = hourglass('lines', '--database', DATABASE, '--schema', SCHEMA)
    must(done)
    return [json.loads(line) for line in done.stdout.splitlines()]


def expected():
    """What the offline rating makes of everything that was answered 200."""
    file, catalog = FOLDER / 'events.ndjson', FOLDER / 'catalog.yaml'
    file.write_text(''.join(json.dumps(e) + '\n' for e in accepted))
    done = hourglass('rate', '--catalog', catalog, file)
    must(done)
    return [json.loads(line) for line in done.stdout.splitlines()]


def money(found, resource):
    """Units, and amount in millionths, of a resource over all its hours."""
    of = [line for line in found if line['resource'] == resource]
    return sum(int(l['units']) for l in of), sum(int(l['amount'].replace('.', '')) for l in of)


def charged(resource, units, micros, seconds=15):
    found = wait_for(lambda: money(lines(), resource) == (units, micros), seconds, 0.3)
    return found or money(lines(), resource) == (units, micros)


# --- what is proven

def forms_and_repeats(door):
    name = 'räume/ü 100% "é"'
    launched, stopped = life(name)
    answer = post(door, launched)
    tell(is_accepted(answer), 'a structured event is answered 200 {"accepted":1,"rejected":[]}', answer)
    answer = post_binary(door, stopped)
    begin = time.monotonic()
    tell(is_accepted(answer), 'a binary event with percent-encoded headers is accepted', answer)
    one = life('räume-raw')
    answer = post(door, one[:1])
    tell(is_accepted(answer), 'a batch of one is accepted', answer)
    answer = post_binary(door, one[1], lambda text: text.encode())
    tell(is_accepted(answer), 'a binary event with non-ASCII headers is accepted', answer)
    quoted = life('quo"ted')
    post(door, quoted[0])
    answer = post_binary(door, quoted[1], lambda text: b'"' + text.replace('"', '\\"').encode() + b'"')
    tell(is_accepted(answer), 'a binary event with double-quoted headers is accepted', answer)
    count = tokens('endpoint', 1000)
    for answer in (post(door, count), post_binary(door, count), post(door, [count, count])):
        tell(is_accepted(answer, 2 if answer[2].get('accepted') == 2 else 1), 'a repeat is accepted', answer)
    good = charged(name, 1800, 1800 * 1000)
    tell(good, f'launched half an hour ago, stopped now: charged exactly 1.800000 within 15 s '
         f'({time.monotonic() - begin:.1f} s)', lines())
    tell(charged('räume-raw', 1800, 1800 * 1000), 'raw UTF-8 headers mean the same name as structured mode', lines())
    tell(charged('quo"ted', 1800, 1800 * 1000), 'double-quoted headers mean the same name as structured mode', lines())
    tell(charged('endpoint', 1000, 1000000), 'an event that came four times in three forms counts once', lines())


def kill_after_answer():
    door = collector()
    pair = life('killed')
    good = is_accepted(post(door, pair, timeout=20), 2)
    door.kill()
    tell(good, 'the collector is killed right after its answer')
    # A message of one partition is on its way long before the others': the answer is for all of them.
    door = collector('--linger-ms', 3000, name='lingering')
    first = threading.Thread(target=post, args=(door, life('early', account='p0')[0]))
    first.start()
    time.sleep(1.5)
    spread = [e for i in range(16) for e in life(f'spread{i}', account=f'p{i}')]
    answer = post(door, spread)
    door.kill()
    first.join()
    tell(is_accepted(answer, 32), 'a batch over all partitions is answered 200', answer)
    door = collector()
    post(door, event('container.stopped', 'early', time.time(), 'p0'))
    tell(charged('killed', 1800, 1800000), 'what was answered 200 is charged though the collector was killed', lines())
    missing = [i for i in range(16) if not charged(f'spread{i}', 1800, 1800000, 15 if i == 0 else 2)]
    tell(not missing, 'so is every event of a batch over all partitions', missing)
    return door


def batches(door):
    answer = post(door, [])
    tell(is_accepted(answer, 0), 'an empty batch is 200', answer)
    pair = life('mixed')
    bad = dict(event('container.launched', 'x', time.time(), sku='gpu'), type='container.grown')
    answer = post(door, [pair[0], bad, pair[1], 7])
    good = answer[0] == 200 and answer[2]['accepted'] == 2 and len(answer[2]['rejected']) == 2
    if good:
        one, two = answer[2]['rejected']
        good = (one['index'], one['id']) == (1, bad['id']) and one['reason'].startswith('type') and \
               (two['index'], two['id']) == (3, None) and two['reason'].startswith('json')
    tell(good, 'a mixed batch is 200 with index, id and reason of what was rejected', answer)
    answer = post(door, [bad, bad])
    tell(is_problem(answer, 400) and [r['index'] for r in answer[2]['rejected']] == [0, 1],
         'a batch of bad events is 400 with rejected', answer)
    answer = post(door, bad)
    tell(is_problem(answer, 400) and answer[2]['rejected'][0]['reason'].startswith('type'),
         'a bad event is 400 with rejected', answer)
    for kind in (EVENT, BATCH):
        answer = request(door, body=b'{"not json', headers={'Content-Type': kind})
        tell(is_problem(answer, 400), f'{kind} that is not JSON is 400', answer)
    answer = request(door, body=b'{}', headers={'Content-Type': BATCH})
    tell(is_problem(answer, 400), 'a batch that is no array is 400', answer)


def times(door):
    now, day = time.time(), 86400
    for what, sent in (('6 minutes ahead', event('container.launched', 'early', now + 360, sku='gpu')),
                       ('a launch 36 days ago', event('container.launched', 'late', now - 36 * day, sku='gpu')),
                       ('tokens 25 hours ago', tokens('late', 1, hours=25)),
                       ('a heartbeat 25 hours ago', event('container.heartbeat', 'late', now - 25 * 3600)),
                       ('storage 25 hours ago', event('storage.used', 'late', now - 25 * 3600, bytes=1))):
        answer = post(door, sent)
        tell(is_problem(answer, 400) and answer[2]['rejected'][0]['reason'].startswith('time'),
             f'{what}: rejected for its time', answer)
    for what, sent in (('a stop 34 days ago', event('container.stopped', 'never', now - 34 * day)),
                       ('tokens 23 hours ago', tokens('old', 500, hours=23)),
                       ('4 minutes ahead', event('container.stopped', 'never', now + 240)),
                       ('an order 100 days ago', event('order.fulfilled', 'o1', now - 100 * day)),
                       ('a credit 400 days ago', event('account.credited', 'pay1', now - 400 * day, amount='5',
                                                       currency='USD'))):
        answer = post(door, sent)
        tell(is_accepted(answer), f'{what}: accepted', answer)


def chunked(door, pieces, kind=EVENT, timeout=25):
    with socket.create_connection(('127.0.0.1', door.port(door.port_file)), timeout) as line:
        line.sendall(f'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n'
                     'Transfer-Encoding: chunked\r\n\r\n'.encode())
        try:
            for piece in pieces:
                line.sendall(f'{len(piece):x}\r\n'.encode() + piece + b'\r\n')
            line.sendall(b'0\r\n\r\n')
        except OSError:
            pass
        answer = http.client.HTTPResponse(line)
        try:
            answer.begin()
            return answer.status, answer.headers, json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            return 0, {}, repr(error)


def statuses(door):
    structured = {'Content-Type': EVENT}
    answer = request(door, body=b' ' * 5000000, headers=structured)
    tell(is_problem(answer, 413), 'a body too large by its Content-Length is 413', answer)
    answer = chunked(door, [b' ' * 100000] * 50)
    tell(is_problem(answer, 413), 'a chunked body too large is 413', answer)
    pair = life('chunked')
    answer = chunked(door, [json.dumps(pair[0]).encode()[i:i + 50] for i in range(0, 400, 50)])
    tell(is_accepted(answer), 'a chunked body is accepted', answer)
    accepted.append(pair[0])
    post(door, pair[1])
    for sent, more in zip(life('compressed'), ({}, {'Prefer': 'reply'})):
        answer = request(door, body=gzip.compress(json.dumps(sent).encode()),
                         headers=dict(structured, **{'Content-Encoding': 'gzip'}, **more))
        tell(answer[0] == (202 if more else 200), f'a compressed event with {more} is accepted', answer)
        accepted.append(sent)
    tell(charged('compressed', 1800, 1800000), 'what came compressed, or was answered 202, is charged', lines())
    for headers in ({'Content-Type': 'text/plain'}, {'Content-Type': 'application/json'}, {}):
        answer = request(door, body=b'{}', headers=headers)
        tell(is_problem(answer, 415), f'{headers or "no type"} is 415', answer)
    answer = request(door, path='/v1/nothing', body=b'{}', headers=structured)
    tell(is_problem(answer, 404), 'another path is 404', answer)
    for method in ('GET', 'PUT', 'DELETE'):
        answer = request(door, method)
        tell(is_problem(answer, 405) and answer[1].get('Allow') == 'POST, OPTIONS', f'{method} is 405 with Allow',
             answer, answer[1])
    tokens_file = FOLDER / 'tokens'
    tokens_file.write_text('first-token\nsecond-token\n')
    guarded = collector('--token-file', tokens_file, name='guarded')
    sent = life('guarded')
    for token in (None, 'Bearer wrong', 'Bearer first-toke', 'Bearer ', 'Basic first-token'):
        headers = dict(structured, **({'Authorization': token} if token else {}))
        answer = request(guarded, body=json.dumps(sent[0]).encode(), headers=headers)
        tell(is_problem(answer, 401) and answer[1].get('WWW-Authenticate', '').startswith('Bearer'),
             f'{token}: 401 with WWW-Authenticate', answer, answer[1])
    for token, one in zip(('Bearer first-token', 'bearer second-token'), sent):
        answer = request(guarded, body=json.dumps(one).encode(), headers=dict(structured, Authorization=token))
        tell(is_accepted(answer), f'{token} is let in', answer)
        accepted.append(one)
    guarded.stop()


HEAD = f'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: {EVENT}\r\n'.encode()
SLOW = {  # what comes at once, and what a byte a second of follows
    'the head': (b'', HEAD + b'X: ' + b'x' * 1000),
    'the body': (HEAD + b'Content-Length: 1000\r\n\r\n', b' ' * 1000),
    'a chunk': (HEAD + b'Transfer-Encoding: chunked\r\n\r\n1000\r\n', b' ' * 1000),
    "a chunk's head": (HEAD + b'Transfer-Encoding: chunked\r\n\r\n', b'1;' + b'x' * 1000),
    'the trailers': (HEAD + b'Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n0\r\n', b'X: ' + b'x' * 1000),
}


def dribble(door, at_once, slowly, taken, what):
    """Seconds until the server ends the connection."""
    begin = time.monotonic()
    with socket.create_connection(('127.0.0.1', door.port(door.port_file)), 30) as line:
        try:
            line.sendall(at_once)
            for i in range(35):
                line.sendall(slowly[i:i + 1])
                if select.select([line], [], [], 1)[0]:
                    break
        except OSError:
            pass
    taken[what] = time.monotonic() - begin


def slow_clients(door):
    taken, port = {}, door.port(door.port_file)
    before = door.counters()
    threads = [threading.Thread(target=dribble, args=(door, *SLOW[what], taken, what)) for what in SLOW]
    idle = [socket.create_connection(('127.0.0.1', port), 10) for _ in range(300)]
    for thread in threads:
        thread.start()
    slowest, good = 0, 0
    for i in range(20):
        begin = time.monotonic()
        good += is_accepted(post(door, event('container.heartbeat', 'normal', time.time())))
        slowest = max(slowest, time.monotonic() - begin)
        time.sleep(0.3)
    tell(good == 20 and slowest < 3, f'beside slow clients and 300 idle connections others are served (at most '
         f'{slowest * 1000:.0f} ms)', good)
    for thread in threads:
        thread.join()
    for what in SLOW:
        tell(taken[what] < 20, f'a client that sends {what} a byte a second is cut off within 20 s '
             f'({taken[what]:.0f} s)')
    cut = 'hourglass_collector_connections_cut_off_total'
    tell(door.counters()[cut] > before[cut], 'slow clients are counted')
    tell(wait_for(lambda: not select.select([], [], idle, 0)[2] and all(ended(line) for line in idle), 20),
         'idle connections are ended')
    for line in idle:
        line.close()


def ended(line):
    """Whatever it was told before."""
    line.setblocking(False)
    try:
        while line.recv(4096):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def watched(door, clients):
    """Runs the clients; the highest RSS of the process in MB meanwhile."""
    threads = [threading.Thread(target=client) for client in clients]
    for thread in threads:
        thread.start()
    highest = 0
    while any(thread.is_alive() for thread in threads):
        highest = max(highest, door.rss_mb())
        time.sleep(0.05)
    return highest


def memory(door):
    body = json.dumps(event('container.heartbeat', 'large', time.time(), pad='x' * 4000000)).encode()
    answers = []

    def large():
        try:
            with socket.create_connection(('127.0.0.1', door.port(door.port_file)), 30) as line:
                line.sendall(HEAD + b'Content-Length: %d\r\n\r\n' % len(body))
                for i in range(0, len(body), 1 << 17):
                    line.sendall(body[i:i + (1 << 17)])
                    time.sleep(0.2)
                answer = http.client.HTTPResponse(line)
                answer.begin()
                answers.append(answer.status)
        except (OSError, http.client.HTTPException):
            answers.append(0)

    highest = watched(door, [large] * 50)
    tell(highest < RSS_MAX_MB, f'50 clients that send 4 MB slowly: {highest} MB at most')
    tell(set(answers) <= {200, 503} and 200 in answers and 503 in answers,
         'of them some are served and those beyond the bound are told to come again', sorted(answers))
    junk = b'[' + b'1,' * 2000000 + b'1]'

    def rejected():
        answers.append(request(door, body=junk, headers={'Content-Type': BATCH})[0])

    answers.clear()
    highest = watched(door, [rejected] * 4)
    tell(highest < RSS_MAX_MB, f'batches of two million bad elements: {highest} MB at most')
    tell(set(answers) <= {400, 413, 503}, 'they are refused', answers)
    answer = post(door, event('container.heartbeat', 'normal', time.time()))
    tell(is_accepted(answer), 'the next one is served', answer)
    tell(wait_for(lambda: door.counters()['hourglass_collector_held_bytes'] == 0, 20),
         'nothing is held afterwards', door.counters())


def kafka_away(door):
    sent = [tokens(f'away{i}', 100 + i, f'w{i}') for i in range(8)] + life('away', account='w1')
    local('kafka_stop')
    answers, took = {}, {}

    def send(i):
        begin = time.monotonic()
        answers[i] = post(door, sent[i])
        took[i] = time.monotonic() - begin

    threads = [threading.Thread(target=send, args=(i,)) for i in range(len(sent))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tell(all(is_problem(a, 503) and int(a[1].get('Retry-After', 0)) > 0 for a in answers.values()),
         'without Kafka requests are answered 503 with Retry-After', answers)
    tell(max(took.values()) < 11.5, f'within about eleven seconds ({max(took.values()):.1f} s)')
    tell(door.process.poll() is None and door.admin('/healthz')[0] == 200, 'the collector lives on')
    local('kafka_start')
    tell(door.ready(60), 'once Kafka is back it is ready', door.log.read_text()[-1500:])
    for one in sent:
        answer = wait_for(lambda: (lambda a: a if a[0] == 200 else None)(post(door, one)), 60, 0.5)
        if not answer:
            tell(False, 'what is sent again is accepted', one)
    tell(charged('away', 1800, 1800000, 60), 'a container sent again is charged once', lines())
    wrong = [i for i in range(8) if not charged(f'away{i}', 100 + i, (100 + i) * 1000, 30 if i == 0 else 5)]
    tell(not wrong, 'counts sent again count once', wrong, lines())


def load(door, round_name, count=40):
    """Events over all partitions, in batches, each batch twice."""
    for i in range(count):
        pair = life(f'{round_name}{i}', 600 + i, account=f'c{i}')
        pair.append(tokens(f'{round_name}-{i}', 10 + i, f'c{i}'))
        for _ in range(2):
            answer = post(door, pair)
            if not is_accepted(answer, 3):
                tell(False, 'a batch under load is accepted', answer)


def held(members):
    return [int(member.counters().get(f'hourglass_{member.part}_partitions', 0)) for member in members]


def shared(members):
    return sum(held(members)) == 4 and min(held(members)) > 0


def options():
    for part, folder in PROGRAMS.items():
        def run(*words, program=BUILD / folder / f'hourglass-{part}'):
            return subprocess.run([program, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, timeout=20, check=False)
        done = run('--help')
        tell(done.returncode == 0 and done.stdout.startswith('usage: ') and '--kafka' in done.stdout,
             f'{part} --help', done)
        done = run('--nonsense', '1')
        tell(done.returncode == 64 and done.stdout == '' and 'nonsense' in done.stderr,
             f'{part}: an unknown option is 64', done)
        config = FOLDER / f'{part}.yaml'
        config.write_text('kafka: 127.0.0.1:9092\nadmin-port: 0\n' +
                          ('database: postgresql://x@127.0.0.1/x\n' if part == 'settler' else ''))
        done = run('--config', config, '--check-config')
        tell(done.returncode == 0, f'{part} --check-config takes a good file', done)
        for text, line, column in (('kafka: x\n  bad: [\n', None, None), ('kafka: x\nnonsense: 1\n', 2, 1),
                                   ('kafka: x\nadmin-port: many\n', 2, 13)):
            config.write_text(text)
            done = run('--config', config, '--check-config')
            where = f'{line or "[0-9]+"}:{column or "[0-9]+"}'
            tell(done.returncode == 78 and re.match(re.escape(str(config)) + f':{where}: ', done.stderr),
                 f'{part}: a bad file is 78 with FILE:LINE:COLUMN ({text!r})', done)


def observed(door, aggregators, settlers):
    for process in [door] + aggregators + settlers:
        health, ready, metrics = (process.admin(path) for path in ('/healthz', '/readyz', '/metrics'))
        tell((health[0], ready[0], metrics[0]) == (200, 200, 200) and '# TYPE hourglass_' in metrics[1],
             f'{process.name}: /healthz, /readyz and /metrics answer', health, ready, metrics)
        tell(process.admin('/else')[0] == 404, f'{process.name}: another path is 404')


def counted(door):
    before = door.counters()
    bad = dict(event('container.launched', 'x', time.time(), sku='gpu'), type='container.grown')
    post(door, life('counted') + [bad])
    request(door, body=b'{}')
    after = door.counters()
    moved = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    for name, by in (('events_total{outcome="accepted"}', 2), ('records_total', 2),
                     ('events_total{outcome="rejected"}', 1), ('answers_total{status="200"}', 1),
                     ('answers_total{status="4xx"}', 1), ('requests_total{verdict="durable"}', 1),
                     ('request_seconds_count', 2)):
        tell(moved.get(f'hourglass_collector_{name}') == by, f'{name} moved by {by}', moved)


def prove():
    aggregators = [Process('aggregator', 'aggregator')]
    settlers = [Process('settler', 'settler')]
    door = collector()
    tell(all(p.ready(60) for p in aggregators + settlers), 'aggregator and settler are ready')
    forms_and_repeats(door)
    door.kill()
    door = kill_after_answer()
    load(door, 'before')
    aggregators.append(Process('aggregator2', 'aggregator'))
    settlers.append(Process('settler2', 'settler'))
    load(door, 'joining')
    for members in (aggregators, settlers):
        tell(wait_for(lambda: shared(members), 60), f'{members[1].name} has partitions of the first one', held(members))
    load(door, 'joined')
    aggregators.pop(0).kill()
    settlers.pop(0).kill()
    load(door, 'killed')
    options()
    batches(door)
    times(door)
    statuses(door)
    counted(door)
    slow_clients(door)
    memory(door)
    kafka_away(door)
    load(door, 'after')
    observed(door, aggregators, settlers)
    wanted = [line for line in expected() if line['product'] in ('container', 'maas')]
    same = wait_for(lambda: lines() == wanted, 90, 0.5)
    now = lines()
    tell(same, f'a second aggregator and settler came, the first were killed, Kafka went: all {len(wanted)} lines are '
         'exact', [l for l in wanted if l not in now][:5], [l for l in now if l not in wanted][:5])
    for process in [door] + aggregators + settlers:
        status, seconds = process.stop()
        tell(status == 0 and seconds < 5, f'{process.name}: SIGTERM ends it within 5 s with 0 ({seconds:.1f} s)',
             status, process.log.read_text()[-1500:])


def servers():
    global KAFKA, DATABASE
    subprocess.run([TOP / 'deploy/local/up'], stdin=subprocess.DEVNULL, check=True, timeout=300)
    KAFKA, DATABASE = facts.servers('KAFKA', 'DATABASE')
    (FOLDER / 'catalog.yaml').write_text(CATALOG)
    must(hourglass('init', '--kafka', KAFKA, '--prefix', PREFIX, '--partitions', 4, '--replicas', 1, '--catalog',
                   FOLDER / 'catalog.yaml'))
    must(hourglass('db', 'migrate', '--database', DATABASE, '--schema', SCHEMA))


def main():
    try:
        servers()
        prove()
    except Exception:  # what is left to stop is stopped, whatever went wrong
        tell(False, 'the test comes to its end', traceback.format_exc())
    finally:
        for process in processes:
            if process.process.poll() is None:
                process.kill()
        local('kafka_start')
    sys.exit(facts.end())


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
main()
