#!/usr/bin/env python3
"""The model against the worked cases of a conformance directory.

    conformance.py [--every-second] DIRECTORY

A case is catalog.yaml (JSON text), events.ndjson, args, lines.ndjson, and why.md, which names the rejected lines
and the exit status when there are any.
"""

import argparse
import pathlib
import re
import shlex
import sys

import model


def expected_rejects(why):
    """The line numbers that why.md says are rejected."""
    match = re.search(r"rejected lines: ([0-9, ]+)", why)
    return [int(number) for number in match.group(1).split(",")] if match else []


def run_case(case, every_second):
    """What differs in one case, or None."""
    options = shlex.split((case / "args").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser()
    parser.add_argument("--until")
    until = parser.parse_args(options).until
    arguments = argparse.Namespace(catalog=str(case / "catalog.yaml"), until=until, every_second=every_second,
                                   events=[str(case / "events.ndjson")])
    status, out, err = model.rate(arguments)
    if "".join(out).encode("utf-8") != (case / "lines.ndjson").read_bytes():
        return "lines differ"
    numbers = [int(line[len(arguments.events[0]):].split(":")[1]) for line in err]
    rejects = expected_rejects((case / "why.md").read_text(encoding="utf-8"))
    if numbers != rejects:
        return f"rejected {numbers}, not {rejects}"
    return None if status == (3 if rejects else 0) else f"exit status {status}"


def main(argv):
    """Prints a line for each case that differs, and the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every-second", action="store_true")
    parser.add_argument("directory", type=pathlib.Path)
    arguments = parser.parse_args(argv)
    cases = sorted(path.parent for path in arguments.directory.glob("*/events.ndjson"))
    failed = 0
    for case in cases:
        difference = run_case(case, arguments.every_second)
        if difference:
            failed += 1
            print(f"{case.name}: {difference}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
