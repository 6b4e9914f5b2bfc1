#!/usr/bin/env python3
"""The numbered SQL files as a C table: embed.py OUT FILE.sql..."""
import hashlib
import pathlib
import sys


def literal(text):
    lines = text.replace('\\', '\\\\').replace('"', '\\"').split('\n')
    return '\n'.join(f'     "{line}\\n"' for line in lines)


def main():
    out, *paths = sys.argv[1:]
    rows = []
    for number, path in enumerate(sorted(map(pathlib.Path, paths)), 1):
        if not path.name.startswith(f'{number:03}_'):
            sys.exit(f'{path}: expected number {number:03}: migrations have no gaps')
        text = path.read_text()
        digest = hashlib.sha256(text.encode()).hexdigest()
        rows.append(f'    {{{number}, "{path.stem}", "{digest}",\n{literal(text)}}},')
    pathlib.Path(out).write_text('/* Made from schemas/sql/ by embed.py. */\n#include "lib/io/migrate.h"\n\n'
                                 'const struct migration migrations[] = {\n' + '\n'.join(rows) + '\n};\n'
                                 f'const int migration_count = {len(rows)};\n')


if __name__ == '__main__':
    main()
