#!/usr/bin/env python3
"""Whatever a session of the database is born with, the same tables come of it: settings of the server, the role, the
environment and the URL, databases that are not UTF8, poolers, a server that does not answer. On a PostgreSQL of its own."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import facts
from facts import BUILD, tell

BIN = sorted(pathlib.Path('/usr/lib/postgresql').glob('*/bin'))[-1]
PROBE = BUILD / 'tests/integration/settle_probe'
POOLER = shutil.which('pgbouncer', path=os.environ['PATH'] + ':/usr/sbin')
NAMES = '账户|é'
# Each changes how values are written or read as text, or where names are looked up.
SETTINGS = {
    'bytea_output': 'escape', 'client_encoding': 'LATIN1', 'datestyle': 'SQL, DMY', 'timezone': 'Asia/Tokyo',
    'intervalstyle': 'sql_standard', 'standard_conforming_strings': 'off', 'extra_float_digits': '-15',
    'search_path': '', 'default_transaction_isolation': 'serializable', 'array_nulls': 'off',
    'client_min_messages': 'debug5', 'lc_numeric': 'C', 'enable_indexscan': 'off', 'lock_timeout': '5s',
}
numbers = iter(range(1, 1000))


def as_server():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam('postgres')
    return {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': []}


def run(*words, env=None):
    return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120, check=False, env={**os.environ, 'LC_ALL': 'C.UTF-8', **(env or {})})


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Server:
    def __init__(self, home):
        self.home, self.port = home, free_port()
        data = home / 'data'
        words = [BIN / 'initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N']
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=home, **as_server())
        hba = data / 'pg_hba.conf'
        hba.write_text('host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n')
        words = [BIN / 'postgres', '-D', data, '-p', str(self.port), '-k', '', '-c', 'fsync=off', '-c',
                 'max_connections=20', '-c', 'superuser_reserved_connections=1']
        with open(home / 'log', 'w', encoding='utf-8') as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=home, **as_server())
        until(lambda: self.psql('SELECT 1', 'postgres').returncode == 0)
        self.sql("CREATE ROLE owner LOGIN; CREATE ROLE guarded LOGIN PASSWORD 'right'", 'postgres')
        self.sql('CREATE DATABASE utf OWNER owner', 'postgres')
        self.sql("CREATE DATABASE latin OWNER owner ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", 'postgres')

    def url(self, database='utf', user='owner', port=None, more=''):
        return f'postgresql://{user}@127.0.0.1:{port or self.port}/{database}{more}'

    def psql(self, text, database='utf'):
        words = ['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', self.url(database, 'postgres'), '-c', text]
        return run(*words, env={'PGCLIENTENCODING': 'UTF8', 'PGOPTIONS': '-c client_min_messages=error'})

    def sql(self, text, database='utf'):
        done = self.psql(text, database)
        assert done.returncode == 0, done.stdout
        return done.stdout.splitlines()

    def backends(self):
        return self.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'hourglass' AND pid <> pg_backend_pid()")

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def migrate(url, schema, env=None):
    return run(BUILD / 'cli/hourglass', 'db', 'migrate', '--database', url, '--schema', schema, env=env)


def settles(server, url, env, fact):
    """A schema of its own is migrated and settled into through the URL; the names are there as they were said."""
    schema = f's{next(numbers)}'
    made = migrate(url, schema, env)
    done = run(PROBE, url, schema, env=env)
    names = server.sql(f"SELECT account || '|' || resource FROM {schema}.line_names") if made.returncode == 0 else []
    units = server.sql(f'SELECT units FROM {schema}.settled ORDER BY seq') if made.returncode == 0 else []
    tell(done.stdout.splitlines()[-1:] == ['settled'] and names == [NAMES] and units == ['100', '200'], fact,
         made.stdout, done.stdout, names, units)


# --- settings

def settings_of_the_database_and_the_role_change_nothing(server):
    for of in ('DATABASE utf', 'ROLE owner'):
        for name, value in SETTINGS.items():
            server.sql(f"ALTER {of} SET {name} = {value if name in ('datestyle',) else repr(value)}", 'postgres')
        settles(server, server.url(), None, f'settings of the {of.split()[0].lower()} change nothing')
        server.sql(f'ALTER {of} RESET ALL', 'postgres')
    server.sql("ALTER DATABASE utf SET bytea_output = 'escape'", 'postgres')
    settles(server, server.url(), None, 'bytea_output = escape of the database alone changes nothing')
    server.sql('ALTER DATABASE utf RESET ALL', 'postgres')


def settings_of_the_environment_and_the_url_change_nothing(server):
    for name in ('LATIN1', 'GBK', 'SQL_ASCII'):
        settles(server, server.url(), {'PGCLIENTENCODING': name}, f'PGCLIENTENCODING={name} changes nothing')
    settles(server, server.url(), {'PGDATESTYLE': 'SQL, DMY', 'PGTZ': 'Asia/Tokyo', 'PGOPTIONS': '-c bytea_output=escape'},
            'PGDATESTYLE, PGTZ and PGOPTIONS change nothing')
    more = '?client_encoding=LATIN1&options=-c%20bytea_output%3Descape%20-c%20datestyle%3DGerman'
    settles(server, server.url(more=more), None, 'client_encoding and options of the URL change nothing')


def options_of_the_user_hold(server):
    read_only = '-c default_transaction_read_only=on'
    for how, url, env in (('of the URL', server.url(more='?options=' + read_only.replace(' ', '%20').replace('=', '%3D')), None),
                          ('PGOPTIONS', server.url(), {'PGOPTIONS': read_only})):
        done = migrate(url, 'never', env)
        tell(done.returncode == 75 and 'read-only' in done.stdout, f'options {how} hold', done.stdout)


# --- what is refused

def what_is_not_utf8_is_refused(server):
    done = migrate(server.url('latin'), 's')
    tell(done.returncode == 78 and 'LATIN1' in done.stdout and 'CREATE DATABASE' in done.stdout,
         'db migrate refuses a database that is not UTF8, and says the way out', done.stdout)
    done = run(PROBE, server.url('latin'), 's')
    tell(done.stdout.startswith('fatal: ') and 'LATIN1' in done.stdout, 'so does the settler', done.stdout)


def what_is_not_migrated_is_refused(server):
    done = run(PROBE, server.url(), 'nothing_there')
    tell(done.stdout.startswith('fatal: ') and 'run hourglass db migrate' in done.stdout,
         'a schema that is not migrated asks for db migrate', done.stdout)
    migrate(server.url(), 'newer')
    server.sql("INSERT INTO newer.migrations VALUES (9999, 'later', 'x')")
    done = run(PROBE, server.url(), 'newer')
    tell(done.stdout.startswith('fatal: ') and 'newer than this binary' in done.stdout,
         'a schema that is newer is refused', done.stdout)


def who_asks_for_lines_is_told_what_is_missing(server):
    def lines(schema, out=subprocess.PIPE):
        return subprocess.run([BUILD / 'cli/hourglass', 'lines', '--database', server.url(), '--schema', schema], stdout=out,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    done = lines('nowhere')
    tell(done.returncode == 78 and 'nowhere: ' in done.stderr and 'hourglass db migrate' in done.stderr,
         'lines of a schema that is not there: 78, and what to do', done)
    migrate(server.url(), 'asked')
    run(PROBE, server.url(), 'asked')
    tell(len(lines('asked').stdout.splitlines()) == 1, 'lines prints what stands there')
    with open('/dev/full', 'w', encoding='ascii') as full:
        done = lines('asked', full)
    tell(done.returncode == 75 and 'standard output: No space left' in done.stderr, 'lines that cannot be written: 75, and why',
         done)


def why_nobody_is_let_in_decides_what_is_done(server):
    for word, url, wanted in (
            ('a wrong password is for an operator', server.url(user='guarded:wrong'), 'fatal'),
            ('a database that is not there is waited for', server.url('nowhere'), 'abort'),
            ('a port where nobody listens is waited for', server.url(port=free_port()), 'abort'),
            ('a password that is asked for and not given is for an operator', server.url(user='guarded'), 'fatal'),
            ('a port that is none is for an operator', server.url(port='nonsense'), 'fatal'),
            ('a value that libpq refuses is for an operator', server.url(more='?sslmode=nonsense'), 'fatal'),
            ('what is no URL is for an operator', 'mysql://owner@127.0.0.1/x', 'fatal'),
            ('an unknown word in the URL is for an operator', server.url(more='?nonsense=1'), 'fatal')):
        done = run(PROBE, url, 's', env={'LC_MESSAGES': 'C'})
        tell(done.stdout.startswith(wanted + ': '), word, done.stdout)
        if 'password' in word:
            tell('PGPASSFILE' in done.stdout, 'and is told where it is looked for', done.stdout)
    server.sql("ALTER SYSTEM SET lc_messages = 'C.UTF-8'", 'postgres')
    server.sql('ALTER ROLE owner NOLOGIN', 'postgres')
    done = run(PROBE, server.url(), 's')
    server.sql('ALTER ROLE owner LOGIN', 'postgres')
    tell(done.stdout.startswith('abort: '), 'a role that may not log in is waited for', done.stdout)
    held = []

    def nobody_more_is_let_in():
        """One more is held meanwhile: of many that come at once all may be refused."""
        if run('psql', '-XqAtc', 'SELECT 1', server.url()).returncode != 0:
            return True
        held.append(subprocess.Popen(['psql', '-Xq', server.url(), '-c', 'SELECT pg_sleep(60)'],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return False

    until(nobody_more_is_let_in)
    done = run(PROBE, server.url(), 's')
    tell(done.stdout.startswith('abort: ') and ('slots' in done.stdout or 'too many' in done.stdout),
         'connections that are used up are waited for', done.stdout)
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'", 'postgres')
    for process in held:
        process.wait()
    until(lambda: run('psql', '-XqAtc', 'SELECT 1', server.url()).returncode == 0)


# --- what does not answer

def a_server_that_does_not_answer_is_noticed(server):
    migrate(server.url(), 'frozen')
    probe = subprocess.Popen([PROBE, server.url(), 'frozen', '3000'], stdout=subprocess.PIPE, text=True)
    assert probe.stdout.readline() == 'claimed\n'
    frozen = [int(pid) for pid in server.backends()]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    rest = [line for line in probe.stdout if line != 'claimed\n']
    took = time.monotonic() - began
    probe.wait()
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    tell(rest[:1] == ['waiting\n'], 'who asks a frozen server is told while it waits', rest)
    tell(rest[-1].startswith('abort: ') and 'no answer for' in rest[-1] and 2.5 < took < 30,
         'and gives the connection up at its deadline', rest, took)


def a_server_that_lets_nobody_in_is_noticed(server):
    os.kill(server.process.pid, signal.SIGSTOP)
    done = run(PROBE, server.url(), 's')
    os.kill(server.process.pid, signal.SIGCONT)
    lines = done.stdout.splitlines()
    tell(lines[:1] == ['waiting'] and lines[-1].startswith('abort: '), 'connecting to a frozen server ends too', done.stdout)


# --- poolers

@contextlib.contextmanager
def pooler(server, mode):
    home = server.home / f'pooler-{mode}'
    home.mkdir()
    port = free_port()
    (home / 'users').write_text('"owner" ""\n')
    (home / 'ini').write_text(f"""[databases]
utf = host=127.0.0.1 port={server.port} dbname=utf user=owner
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {home}/users
pool_mode = {mode}
default_pool_size = 4
""")
    for path in (home, *home.iterdir()):
        if os.geteuid() == 0:
            shutil.chown(path, 'postgres', 'postgres')
    with open(server.home / f'pooler-{mode}.log', 'w', encoding='utf-8') as log:
        process = subprocess.Popen([POOLER, home / 'ini'], stdout=log, stderr=log, **as_server())
    until(lambda: run('psql', '-XqAtc', 'SELECT 1', server.url(port=port)).returncode == 0)
    yield server.url(port=port)
    process.terminate()
    process.wait()


def poolers(server):
    if POOLER is None:
        print('# no pgbouncer here: poolers are not tried')
        return
    with pooler(server, 'session') as url:
        settles(server, url, None, 'PgBouncer in session mode works')
        settles(server, url, {'PGCLIENTENCODING': 'LATIN1'}, 'and is pinned as a server is')
    with pooler(server, 'transaction') as url:
        done = run(PROBE, url, 's')
        tell(done.stdout.startswith('fatal: ') and 'pool_mode' in done.stdout,
             'PgBouncer in transaction mode is refused, with the reason', done.stdout)


def main():
    home = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-session.'))
    if os.geteuid() == 0:
        shutil.chown(home, 'postgres', 'postgres')
    server = Server(home)
    try:
        settings_of_the_database_and_the_role_change_nothing(server)
        settings_of_the_environment_and_the_url_change_nothing(server)
        options_of_the_user_hold(server)
        what_is_not_utf8_is_refused(server)
        what_is_not_migrated_is_refused(server)
        who_asks_for_lines_is_told_what_is_missing(server)
        why_nobody_is_let_in_decides_what_is_done(server)
        a_server_that_does_not_answer_is_noticed(server)
        a_server_that_lets_nobody_in_is_noticed(server)
        poolers(server)
    finally:
        server.stop()
        shutil.rmtree(home)
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
