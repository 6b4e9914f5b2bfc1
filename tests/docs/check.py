#!/usr/bin/env python3
"""Runs every example of README.md and docs/: shell blocks in order, SQL against a run's schema. The two commands that
README begins with are steps of tests/run themselves. Ends with N passed, N failed."""
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
ELSEWHERE = {'deploy/local/demo', 'tests/run'}
EVENTS = '/tmp/events.ndjson'


def shell(text, **env):
    return subprocess.run(['bash', '-euo', 'pipefail', '-c', text], cwd=TOP, env=dict(os.environ, **env),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)


def blocks():
    for path in [TOP / 'README.md', *sorted((TOP / 'docs').rglob('*.md'))]:
        for kind, text in re.findall(r'^```(sh|sql)\n(.*?)^```', path.read_text(), re.S | re.M):
            if text.strip() not in ELSEWHERE:
                yield path.relative_to(TOP), kind, text


def links():
    for path in [TOP / 'README.md', *sorted((TOP / 'docs').rglob('*.md'))]:
        for target in re.findall(r'\]\(([^)#:]+)\)', path.read_text()):
            yield path.relative_to(TOP), target, (path.parent / target).exists()


def main():
    build = os.environ.get('HOURGLASS_BUILD', str(TOP / 'build'))
    passed = failed = 0
    schema = None
    for path, kind, text in blocks():
        if kind == 'sql' and schema is None:
            shell(f'HOURGLASS_RUN_NAME=docs$$ deploy/local/run --catalog docs/catalog.yaml {EVENTS}')
            found = shell('eval "$(deploy/local/status --env)"; psql -At "$HOURGLASS_DATABASE" -c "SELECT max(nspname) '
                          "FROM pg_namespace WHERE nspname LIKE 'run_docs%'\"")
            schema = found.stdout.decode().strip()
        if kind == 'sql':
            text = ('eval "$(deploy/local/status --env)"\n'
                    f'PGOPTIONS="-c search_path={schema}" psql -v ON_ERROR_STOP=1 "$HOURGLASS_DATABASE" <<\'END\'\n'
                    f'{text}END\n')
        done = shell(text.replace('build/', f'{build}/'))
        good = done.returncode == 0
        passed, failed = passed + good, failed + (not good)
        print(('ok - ' if good else 'not ok - ') + f'{path}: {text.strip().splitlines()[0][:60]}')
        if not good:
            print(done.stdout.decode(errors='replace')[-1500:])
    for path, target, good in links():
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f'not ok - {path}: no such file: {target}')
    shell('deploy/local/live stop')
    print(f'{passed} passed, {failed} failed')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
