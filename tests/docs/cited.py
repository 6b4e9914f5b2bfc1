#!/usr/bin/env python3
"""What documents cite exists: each `FILE:NAME` of docs/invariants.md, docs/promises.md and CONTRIBUTING.md is a file that has
that name, each `FILE` in them is there; docs/CONTRACT.md, DESIGN.md and STYLE.md are what ../shared has, where that folder
stands beside the checkout. Needs no servers. Ends with N passed, N failed."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
CITING = ('docs/invariants.md', 'docs/promises.md', 'CONTRIBUTING.md', 'tests/README.md')
COPIES = ('CONTRACT.md', 'DESIGN.md', 'STYLE.md')
CITED = re.compile(r'`((?:[a-z_]+/)+[\w.-]+\.(?:c|cc|h|py|sh|sql|md|build|avsc|yaml))(?::(\w+))?`')


def faults():
    """(what was looked at, what is wrong with it or '')"""
    for document in CITING:
        for path, name in CITED.findall((TOP / document).read_text()):
            file = TOP / path
            if not file.exists():
                yield f'{document}: {path}', 'no such file'
            elif name and not re.search(rf'\b{name}\b', file.read_text()):
                yield f'{document}: {path}:{name}', 'the file has no such name'
            else:
                yield f'{document}: {path}', ''
    for name in COPIES:
        shared = TOP.parent / 'shared' / name
        if shared.exists():
            same = shared.read_bytes() == (TOP / 'docs' / name).read_bytes()
            yield f'docs/{name}', '' if same else f'not what {shared} has'


def main():
    found = list(faults())
    for what, wrong in found:
        if wrong:
            print(f'not ok - {what}: {wrong}')
    failed = sum(1 for _, wrong in found if wrong)
    print(f'{len(found) - failed} passed, {failed} failed')
    return failed > 0 or not found


if __name__ == '__main__':
    sys.exit(main())
