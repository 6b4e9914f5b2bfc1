#!/usr/bin/env python3
"""Runs every example of README.md and docs/: shell blocks in order, SQL against the schema of the run that docs/questions.md
makes. On that page each answer has a line at least, and Python runs where its libraries are. The two commands that README
begins with are steps of tests/run themselves. Ends with N passed, N failed."""
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
ELSEWHERE = {'deploy/local/demo', 'tests/run'}
QUESTIONS = pathlib.Path('docs/questions.md')
ASKED = 'asked'
SERVERS = 'eval "$(deploy/local/status --env)"\nexport HOURGLASS_DATABASE HOURGLASS_KAFKA\n'
HAS_PANDAS = 'python3 -c "import pandas, psycopg, pyarrow, sqlalchemy"'


def shell(text, **env):
    return subprocess.run(['bash', '-euo', 'pipefail', '-c', text], cwd=TOP, env=dict(os.environ, **env),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)


def blocks():
    """README first, then the page whose run the SQL of the others is asked of."""
    pages = [TOP / 'README.md', TOP / QUESTIONS]
    pages += [path for path in sorted((TOP / 'docs').rglob('*.md')) if path not in pages]
    for path in pages:
        page = path.relative_to(TOP)
        for kind, text in re.findall(r'^```(sh|sql|python)\n(.*?)^```', path.read_text(), re.S | re.M):
            if text.strip() not in ELSEWHERE and (kind != 'python' or page == QUESTIONS):
                yield page, kind, text


def links():
    for path in [TOP / 'README.md', *sorted((TOP / 'docs').rglob('*.md'))]:
        for target in re.findall(r'\]\(([^)#:]+)\)', path.read_text()):
            yield path.relative_to(TOP), target, (path.parent / target).exists()


def run(path, kind, text):
    """As who reads the page would."""
    env = {}
    if path == QUESTIONS or kind == 'sql':
        text = SERVERS + {
            'sh': text,
            'sql': f'psql -v ON_ERROR_STOP=1 "$HOURGLASS_DATABASE" <<\'END\'\n{text}END\n',
            'python': f'{HAS_PANDAS} || {{ echo "needs pandas, psycopg, pyarrow, sqlalchemy" && exit; }}\npython3 - <<\'END\'\n'
                      f'{text}END\n',
        }[kind]
        env = {'HOURGLASS_SCHEMA': f'run_{ASKED}', 'HOURGLASS_PREFIX': f'{ASKED}.', 'PAGER': 'cat',
               'PGOPTIONS': f'-c search_path=run_{ASKED}'}
    return shell(text, **env)


def main():
    build = os.environ.get('HOURGLASS_BUILD', str(TOP / 'build'))
    passed = failed = 0
    shell(f'deploy/local/runs drop {ASKED}')
    for path, kind, text in blocks():
        done = run(path, kind, text.replace('build/', f'{build}/'))
        good = done.returncode == 0 and (path != QUESTIONS or done.stdout.strip() and b'(0 rows)' not in done.stdout)
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
