#!/usr/bin/env python3
"""The model against the worked cases of a conformance directory, and against good and bad catalogs.

    conformance.py [--every-second] [--catalogs FOLDER] [--cases FOLDER | DIRECTORY]

A case is catalog.yaml, events.ndjson, args, lines.ndjson, perhaps balances.ndjson and bills.ndjson, and why.md, which
names the rejected lines and the exit status when there are any. A folder of catalogs is good/, bad/, and expected:
FILE:LINE of each bad one's first error.
"""

import argparse
import pathlib
import re
import shlex
import sys

import model
from catalog import read_catalogs


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
    arguments = argparse.Namespace(catalog=[str(case / "catalog.yaml")], until=until, every_second=every_second,
                                   events=[str(case / "events.ndjson")])
    status, rating, err = model.rate(arguments)
    for report in model.REPORTS:
        file = case / f"{report}.ndjson"
        if report != "lines" and not file.exists():
            continue
        if "".join(model.report(rating, report)).encode("utf-8") != file.read_bytes():
            return f"{report} differ"
    numbers = [int(line[len(arguments.events[0]):].split(":")[1]) for line in err]
    rejects = expected_rejects((case / "why.md").read_text(encoding="utf-8"))
    if numbers != rejects:
        return f"rejected {numbers}, not {rejects}"
    return None if status == (3 if rejects else 0) else f"exit status {status}"


def complaint(folder, name):
    """What is said of a catalog, its name first; "" of a good one."""
    try:
        read_catalogs([name], lambda file: model.read_file(folder / file))
    except ValueError as error:
        return str(error)
    return ""


def check_catalogs(folder):
    """What differs in each catalog that differs, and how many there are."""
    expected = (folder / "expected").read_text(encoding="utf-8").split()
    good = sorted(f"good/{path.name}" for path in (folder / "good").iterdir())
    said = {place: complaint(folder, place.rpartition(":")[0]) for place in expected}
    differences = [f"{place}: said {text!r}" for place, text in said.items() if not text.startswith(place + ":")]
    differences += [text for text in (complaint(folder, name) for name in good) if text]
    return differences, len(expected) + len(good)


def check_cases(folder, every_second):
    """What differs in each case that differs, and how many there are."""
    cases = sorted(path.parent for path in folder.glob("*/events.ndjson"))
    found = ((case, run_case(case, every_second)) for case in cases)
    return [f"{case.name}: {difference}" for case, difference in found if difference], len(cases)


def main(argv):
    """Prints a line for each case and catalog that differs, and the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every-second", action="store_true")
    parser.add_argument("--catalogs", type=pathlib.Path)
    parser.add_argument("--cases", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path, nargs="?")
    arguments = parser.parse_args(argv)
    checks = [check_cases(folder, arguments.every_second) for folder in (arguments.directory, arguments.cases) if folder]
    checks += [check_catalogs(arguments.catalogs)] if arguments.catalogs else []
    for differences, _ in checks:
        print("".join(line + "\n" for line in differences), end="")
    failed = sum(len(differences) for differences, _ in checks)
    print(f"{sum(count for _, count in checks) - failed} passed, {failed} failed")
    return 1 if failed or not checks or not all(count for _, count in checks) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
