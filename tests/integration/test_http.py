#!/usr/bin/env python3
"""HTTP as it comes over the wire: each request that two readers could take in two ways is refused, at first and on a
kept connection, and none of it stands in the log; connections are bounded, and who is turned away is told. Needs
deploy/local/up's servers. Takes half a minute."""
import concurrent.futures
import json
import resource
import socket
import subprocess
import sys
import time

import facts
import test_collector
from facts import BUILD, tell
from test_collector import EVENT, KAFKA, PREFIX, Collector, event, logged_ids, make_generation, wait_until

HOST = b'Host: x\r\n'
LINE = b'POST /v1/events HTTP/1.1\r\n'
KIND = f'Content-Type: {EVENT}\r\n'.encode()


def body_of(name):
    return json.dumps(event(name)).encode()


def request(name, *lines, line=LINE, host=HOST, kind=KIND, length=True, body=None):
    """A good request, but for what is said."""
    body = body_of(name) if body is None else body
    lines = list(lines) + ([b'Content-Length: %d\r\n' % len(body)] if length else [])
    return line + host + kind + b''.join(lines) + b'\r\n' + body


def binary(name, *lines, ce_id=None):
    one = event(name)
    attributes = {'specversion': '1.0', 'source': '/tests', 'type': one['type'], 'subject': 'x', 'time': one['time']}
    head = b''.join(f'ce-{key}: {value}\r\n'.encode() for key, value in attributes.items())
    return request(name, head, *(lines or [b'ce-id: ' + name.encode() + b'\r\n']), kind=b'Content-Type: application/json\r\n',
                   body=json.dumps(one['data']).encode())


def chunks(*pieces):
    return b''.join(b'%x\r\n%s\r\n' % (len(piece), piece) for piece in pieces)


CHUNKED = b'Transfer-Encoding: chunked\r\n'


def chunked(name, coded, *lines):
    return request(name, CHUNKED, *lines, length=False, body=coded)


def refused():
    """What it is, its bytes, the status. Behind each hides a request that nobody may take for one."""
    text = body_of('refused')
    length = b'Content-Length: %d\r\n' % len(text)
    yield 'the same Content-Length twice', request('refused', length), 400
    yield 'two lengths', request('refused', b'Content-Length: 3\r\n'), 400
    yield 'a Content-Length beside Transfer-Encoding', request('refused', CHUNKED, body=chunks(text) + b'0\r\n\r\n'), 400
    for value in (b'-5', b'+5', b'5a', b'0x5', b'5, 5', b'', b'5 5'):
        yield f'Content-Length: {value.decode()}', request('refused', b'Content-Length: ' + value + b'\r\n', length=False), 400
    yield 'no Host', request('refused', host=b''), 400
    yield 'two Hosts', request('refused', HOST), 400
    yield 'a Host with a blank', request('refused', host=b'Host: a b\r\n'), 400
    yield 'a blank before the colon', request('refused', b'Content-Length : 0\r\n'), 400
    yield 'a tab before the colon', request('refused', b'X-A\t: 0\r\n'), 400
    yield 'a folded line', request('refused', b'X-A: a\r\n b\r\n'), 400
    yield 'a folded line at first', request('refused', host=b' X-A: a\r\n' + HOST), 400
    yield 'a bare CR in a value', request('refused', b'X-A: a\rContent-Length: 0\r\n'), 400
    yield 'a bare LF', request('refused', b'X-A: a\nX-B: b\r\n'), 400
    yield 'a control character in a name', request('refused', b'X\x01A: a\r\n'), 400
    yield 'a name with a bracket', request('refused', b'X(A): a\r\n'), 400
    yield 'a header without a name', request('refused', b': a\r\n'), 400
    yield 'a header without a colon', request('refused', b'X-A\r\n'), 400
    yield 'a NUL in a value', binary('refused', b'ce-id: refused\0more\r\n'), 400
    yield 'a NUL in a name', request('refused', b'X\0A: a\r\n'), 400
    yield 'ce-id twice', binary('refused', b'ce-id: refused\r\n', b'ce-id: refused\r\n'), 400
    yield 'ce-id twice, in other letters', binary('refused', b'ce-id: refused\r\n', b'CE-Id: other\r\n'), 400
    yield 'Content-Type twice', request('refused', KIND), 400
    yield 'Authorization twice', request('refused', b'Authorization: Bearer a\r\n' * 2), 400
    for coding in (b'gzip', b'gzip, chunked', b'xchunked', b'identity', b'chunked, gzip'):
        yield f'Transfer-Encoding: {coding.decode()}', request(
            'refused', b'Transfer-Encoding: ' + coding + b'\r\n', length=False, body=chunks(text) + b'0\r\n\r\n'), 501
    yield 'chunked twice', request('refused', CHUNKED * 2, length=False, body=chunks(text) + b'0\r\n\r\n'), 400
    yield 'chunked in HTTP/1.0', chunked('refused', chunks(text) + b'0\r\n\r\n').replace(b'/1.1', b'/1.0', 1), 400
    for what, coded in (('a negative chunk', b'-1\r\n'), ('a chunk without a size', b'\r\n'), ('a chunk of 0x', b'0x5\r\n'),
                        ('a chunk longer than its size', b'1\r\nab\r\n'), ('a chunk that ends in LF', b'1\na\r\n'),
                        ('a chunk beyond 60 bits', b'1000000000000000\r\n')):
        yield what, chunked('refused', coded + text), 400
    for target in (b'v1/events', b'*', b'http://', b'http://user@x/v1/events', b'/v1/ev\xc3\xa9nts', b'/v1/events#x'):
        yield f'a target {target}', request('refused', line=b'POST ' + target + b' HTTP/1.1\r\n'), 400
    yield 'a target with a blank', request('refused', line=b'POST /v1/ events HTTP/1.1\r\n'), 400
    yield 'two blanks', request('refused', line=b'POST  /v1/events HTTP/1.1\r\n'), 400
    yield 'a version of four letters', request('refused', line=b'POST /v1/events HTTP\r\n'), 400
    yield 'HTTP/2', request('refused', line=b'POST /v1/events HTTP/2.0\r\n'), 505
    yield 'HTTP/2 by prior knowledge', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505
    yield 'TLS', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(500), 400
    yield 'a hundred and more headers', request('refused', b'X-A: a\r\n' * 100), 431
    yield 'a head of 33 kB', request('refused', b'X-A: ' + b'a' * 33000 + b'\r\n'), 431


def connect(door, source='127.0.0.1'):
    link = socket.create_connection(('127.0.0.1', door.port), 10, source_address=(source, 0))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def all_of(link):
    """Whatever comes until the connection ends; None if it does not."""
    got = b''
    try:
        while more := link.recv(65536):
            got += more
    except TimeoutError:
        return None
    except OSError:
        pass
    return got


def one_answer(link):
    return test_collector.answer_on(link)


def statuses_in(got):
    """The answers' statuses; a reason is never in a body."""
    return None if got is None else [int(part[:3]) for part in got.split(b'HTTP/1.1 ')[1:]]


def check_refused(door):
    hidden = request('hidden')
    for what, sent, status in refused():
        with connect(door) as link:
            link.sendall(sent + hidden)
            got = all_of(link)
        tell(statuses_in(got) == [status], f'{what} is {status}, once, and the connection ends', statuses_in(got), got)
        tell(got is not None and b'application/problem+json' in got and b'Connection: close\r\n' in got,
             f'{what}: it is told why', got)
        with connect(door) as link:
            link.sendall(request('kept-before') + sent + hidden)
            got = all_of(link)
        tell(statuses_in(got) == [200, status], f'{what} behind a good request is {status} as well', got)
    ids = logged_ids(PREFIX)
    tell('refused' not in ids and 'hidden' not in ids, 'nothing of them stands in the log', ids)
    tell('kept-before' in ids, 'what came before does')


def check_in_pieces(door):
    """The same verdicts when each byte comes by itself."""
    for what, sent, status in (('a good request', request('bytewise'), 200),
                               ('a chunked one', chunked('bytewise-chunked', chunks(body_of('bytewise-chunked')) + b'0\r\n\r\n'), 200),
                               ('two lengths', request('refused', b'Content-Length: 3\r\n'), 400)):
        with connect(door) as link:
            try:
                for byte in sent:
                    link.sendall(bytes([byte]))
            except OSError:
                pass
            tell(one_answer(link)[0] == status, f'{what}, byte by byte, is {status}')


def check_taken(door):
    text = body_of('taken')
    for what, sent in (
            ('an absolute target', request('taken', line=b'POST http://collector.example:8080/v1/events HTTP/1.1\r\n')),
            ('one with https and a query', request('taken', line=b'POST HTTPS://x/v1/events?a=b HTTP/1.1\r\n')),
            ('an empty line before the request', b'\r\n' + request('taken')),
            ('an empty Host', request('taken', host=b'Host:\r\n')),
            ('names in any letters', request('taken').replace(b'Content-Length', b'cONTENT-lENGTH')),
            ('blanks around a value', request('taken', b'X-A: \t a \t\r\n')),
            ('a header without a value', request('taken', b'X-A:\r\n')),
            ('bytes beyond ASCII in a value', request('taken', b'X-A: \xc3\xa9\xff\r\n')),
            ('lists in several headers', request('taken', b'Prefer: a\r\nPrefer: b\r\nAccept: c\r\nAccept: d\r\n')),
            ('a length with zeros before it', request('taken').replace(b'Content-Length: ', b'Content-Length: 000')),
            ('a chunk\'s extension, and trailers', chunked('taken', b'%x;a="b"\r\n%s\r\n0\r\nDigest: x\r\n\r\n' % (len(text), text))),
            ('a minor version to come', request('taken', line=b'POST /v1/events HTTP/1.7\r\n')),
            ('the binary mode', binary('taken'))):
        with connect(door) as link:
            link.sendall(sent)
            first = one_answer(link)
            link.sendall(request('taken-behind'))
            tell((first[0], one_answer(link)[0]) == (200, 200), f'{what} is taken, and the connection kept', first)
    with connect(door) as link:
        link.sendall(request('taken', host=b'').replace(b'/1.1', b'/1.0', 1))
        got = all_of(link)
    tell(statuses_in(got) == [200] and b'Connection: close' in got, 'HTTP/1.0 is taken, without a Host, and its end told', got)
    with connect(door) as link:
        link.sendall(request('taken', b'Connection: close\r\n') + request('behind-the-end'))
        tell(statuses_in(all_of(link)) == [200], 'Connection: close ends it')
    with connect(door) as link:
        link.sendall(request('half'))
        link.shutdown(socket.SHUT_WR)
        tell(statuses_in(all_of(link)) == [200], 'who has closed its half is answered')
    with connect(door) as link:
        link.sendall(b''.join(request(f'pipelined{i}') for i in range(40)))
        statuses = [one_answer(link)[0] for _ in range(40)]
    ids = logged_ids(PREFIX)
    tell(statuses == [200] * 40 and all(ids.count(f'pipelined{i}') == 1 for i in range(40)),
         'forty requests at once are served one after another', statuses)
    tell('behind-the-end' not in ids, 'and nothing behind the end')


def check_identities(door):
    """Two ids that differ behind a NUL were one."""
    for name in ('one\0a', 'one\0b'):
        with connect(door) as link:
            link.sendall(binary('nul', b'ce-id: ' + name.encode() + b'\r\n'))
            tell(one_answer(link)[0] == 400, f'ce-id {name!r} is 400')
    with connect(door) as link:
        link.sendall(binary('nul', b'ce-id: one%00a\r\n'))
        status, body, _ = one_answer(link)
        tell(status == 400 and body['rejected'][0]['reason'].startswith('id:'), 'so is a NUL that is percent-encoded', body)
    tell('one' not in logged_ids(PREFIX), 'no id is cut short')


def check_codings(door):
    for coding in ('br', 'gzip, gzip', 'zstd'):
        with connect(door) as link:
            link.sendall(request('coded', f'Content-Encoding: {coding}\r\n'.encode()))
            status, body, _ = one_answer(link)
        tell(status == 415 and coding in body['detail'], f'Content-Encoding {coding} is named', body)


# --- connections ---

def busy(door, source='127.0.0.1'):
    """A connection over which a head is coming."""
    link = connect(door, source)
    link.sendall(LINE)
    return link


def is_ended(link):
    link.settimeout(10)
    try:
        return link.recv(1) == b''
    except OSError:
        return False


def served(door, source):
    with connect(door, source) as link:
        link.sendall(request('served'))
        return one_answer(link)[0]


def opened(door, count):
    return wait_until(lambda: door.metric('hourglass_collector_connections') == count)


def check_address_bound():
    door = Collector('--connections', 40, '--address-connections', 10, '--request-ms', 60000)
    door.wait_ready()
    links = [busy(door) for _ in range(10)]
    opened(door, 10)
    with connect(door) as link:
        link.sendall(request('refused'))
        status, body, headers = one_answer(link)
        tell((status, headers['Retry-After'], headers['Connection']) == (503, '1', 'close') and 'connections' in body['detail'],
             'beyond an address\'s bound who comes is told 503', status, body, headers)
        tell(is_ended(link), 'and its connection ends')
    with connect(door) as link:
        tell(one_answer(link)[0] == 503, 'though it says nothing')
    tell(served(door, '127.0.0.2') == 200, 'another address is served')
    tell(door.metric('hourglass_collector_connections_refused_total') == 2, 'they are counted')
    for link in links:
        link.close()
    opened(door, 0)
    tell(served(door, '127.0.0.1') == 200, 'when others are gone it is served again')
    idle = [connect(door) for _ in range(10)]
    for link in idle:
        link.sendall(request('idle'))
        tell(one_answer(link)[0] == 200, 'a connection is served, and kept')
    tell([served(door, '127.0.0.1') for _ in range(3)] == [200] * 3, 'idle ones make room')
    tell([is_ended(link) for link in idle[:1]] == [True], 'the one that was idle longest first')
    idle[9].sendall(request('idle'))
    tell(one_answer(idle[9])[0] == 200, 'the others are kept')
    tell(door.metric('hourglass_collector_connections_cut_idle_total') >= 1, 'they are counted')
    door.stop()


def check_full():
    door = Collector('--connections', 20, '--address-connections', 20, '--request-ms', 60000)
    door.wait_ready()
    idle = connect(door)
    idle.sendall(request('idle'))
    one_answer(idle)
    links = [busy(door) for _ in range(19)]
    opened(door, 20)
    tell(served(door, '127.0.0.2') == 200, 'when it is full who is idle makes room for another address')
    tell(is_ended(idle), 'and ends')
    links.append(busy(door))
    opened(door, 20)
    tell(served(door, '127.0.0.2') == 503, 'when nobody is idle who comes is told 503')
    door.stop()


def check_many_of_one():
    """600 connections of one client, held and renewed."""
    door = Collector('--connections', 400, '--request-ms', 60000)
    door.wait_ready()
    links = [busy(door) for _ in range(600)]
    statuses = []
    for i in range(20):
        statuses.append(served(door, '127.0.0.2'))
        links[i].close()
        links.append(busy(door))
    tell(statuses == [200] * 20, 'beside 600 connections of one client others are served', statuses)
    tell(door.metric('hourglass_collector_connections') <= 101, 'it has a quarter of them')
    for link in links:
        link.close()
    door.stop()


def check_burst():
    """More at once than there is room for: each is served or told."""
    door = Collector('--connections', 40, '--address-connections', 10)
    door.wait_ready()
    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        statuses = list(pool.map(lambda _: served(door, '127.0.0.1'), range(300)))
    tell(set(statuses) <= {200, 503} and statuses.count(200) >= 10, 'of sixty clients at once each is served, or told 503',
         statuses)
    door.stop()


def check_silent():
    """Who says nothing is no hindrance, however many they are, to others of their address neither."""
    door = Collector('--connections', 100, '--request-ms', 60000)
    door.wait_ready()
    links = []
    for i in range(20):
        links += [connect(door) for _ in range(30)]
        tell(served(door, '127.0.0.1') == 200, f'beside {len(links)} silent connections of its address a client is served')
    ends = [all_of(link) for link in links[:500]]
    tell(all(end == b'' or statuses_in(end) == [503] for end in ends), 'those that were silent longest ended, or are told 503',
         ends)
    for link in links:
        link.close()
    door.stop()


def check_descriptors():
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))

    done = subprocess.run([BUILD / 'collectors/hourglass-collector', '--kafka', KAFKA, '--connections', '200'],
                          preexec_fn=few, stderr=subprocess.PIPE, text=True, timeout=20, check=False)
    tell(done.returncode == 78 and '--connections 200' in done.stderr and 'limit is 60' in done.stderr,
         'with too few descriptors it does not start, and says so', done)
    door = Collector('--connections', 300)
    door.wait_ready()
    number = len(list(test_collector.pathlib.Path(f'/proc/{door.process.pid}/fd').iterdir()))
    before = resource.prlimit(door.process.pid, resource.RLIMIT_NOFILE)
    began = time.monotonic()
    resource.prlimit(door.process.pid, resource.RLIMIT_NOFILE, (number + 5, before[1]))
    links = [busy(door) for _ in range(30)]
    tell(wait_until(lambda: 'accept_failed' in door.log.read_text()), 'a system without descriptors is said', door.log.read_text())
    resource.prlimit(door.process.pid, resource.RLIMIT_NOFILE, before)
    tell(opened(door, 30), 'who waited is let in once there are some')
    failures, took_s = door.metric('hourglass_collector_accept_failures_total'), time.monotonic() - began
    tell(0 < failures <= 2 + took_s * 10, 'it is tried again after a pause, not at once', failures, took_s)
    tell(door.log.read_text().count('accept_failed') == 1 and 'accepting_again' in door.log.read_text(),
         'it is said once, and when it is over')
    tell(served(door, '127.0.0.2') == 200, 'and others are served')
    for link in links:
        link.close()
    door.stop()


def main():
    make_generation(PREFIX)
    door = Collector()
    tell(door.wait_ready(), 'it is ready')
    check_refused(door)
    check_in_pieces(door)
    check_taken(door)
    check_identities(door)
    check_codings(door)
    tell(wait_until(lambda: door.metric('hourglass_collector_held_bytes') == 0), 'nothing is held after all that')
    tell(door.stop()[1] == 0, 'told to stop, it ends with 0')
    check_address_bound()
    check_full()
    check_many_of_one()
    check_burst()
    check_silent()
    check_descriptors()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
