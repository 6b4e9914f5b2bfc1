#!/usr/bin/env python3
"""The model against a program, on random cases.

    compare.py --binary PATH --seeds A-B [--keep DIRECTORY] [--reasons] [--whole-hours] [--pipeline]

Runs `PATH rate --catalog FILE[@HOUR]... [--until TIME] EVENTS` and the model on the case of each seed, and compares
standard output, exit status and the numbers of the rejected lines; with --reasons the names of the fields that
the reasons begin with too. With --pipeline PATH is called without `rate`, on whole hours and with the case's first
catalog alone, as `deploy/local/run` wants it. A case that differs is kept, and its seed and first difference printed.
"""

import argparse
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import generate
import model

REJECT = re.compile(rb"events\.ndjson:([0-9]+): ([^\s:]+)")


def catalogs_of(case, one_catalog):
    """FILE[@HOUR] of the case's catalogs."""
    names = (case / "catalogs").read_text(encoding="utf-8").split("\n")
    return [str(case / name) for name in names if name and not (one_catalog and "@" in name)]


def run_model(case, catalogs, options, every_second=False):
    """(exit status, standard output, standard error) of the model."""
    until = options[1] if options else None
    arguments = argparse.Namespace(catalog=catalogs, until=until, every_second=every_second,
                                   events=[str(case / "events.ndjson")])
    status, out, err = model.rate(arguments)
    return status, "".join(out).encode("utf-8"), "".join(err).encode("utf-8", "replace")


def run_program(command, case, catalogs, options, timeout_seconds):
    """(exit status, standard output, standard error) of the program."""
    named = [word for name in catalogs for word in ("--catalog", name)]
    command = command + [*named, *options, str(case / "events.ndjson")]
    done = subprocess.run(command, capture_output=True, timeout=timeout_seconds, check=False)
    return done.returncode, done.stdout, done.stderr


def rejects(err, reasons):
    """{line number: the fields that may be named, none when reasons are not compared}"""
    return {int(number): field.split(b"|") if reasons else [] for number, field in REJECT.findall(err)}


def differing_rejects(ours, theirs):
    """The line numbers that the model (`ours`) rejects otherwise than the program (`theirs`)."""
    return sorted(number for number in ours.keys() | theirs.keys()
                  if number not in ours or number not in theirs or set(theirs[number]) - set(ours[number]))


def first_difference(expected, found, reasons):
    """What differs first between the model and the program, or None."""
    if expected[0] != found[0]:
        return f"exit status {found[0]}, model says {expected[0]}: {found[2][:300]!r} / {expected[2][:300]!r}"
    ours, theirs = rejects(expected[2], reasons), rejects(found[2], reasons)
    differing = differing_rejects(ours, theirs)
    if expected[0] != 2 and differing:
        return f"rejected {[(number, theirs.get(number), ours.get(number)) for number in differing]} (program, model)"
    if expected[1] == found[1]:
        return None
    lines = (expected[1].split(b"\n"), found[1].split(b"\n"))
    for number, (ours, theirs) in enumerate(zip(*lines), 1):
        if ours != theirs:
            return f"line {number}\n  program: {theirs.decode('utf-8', 'replace')}\n  model:   {ours.decode()}"
    return "one output is the beginning of the other"


def check_seed(seed, arguments, directory):
    """Whether program and model agree on a seed's case."""
    case = directory / f"seed-{seed}"
    case.mkdir(parents=True, exist_ok=True)
    generate.write_case(seed, arguments.whole_hours or arguments.pipeline, case)
    options = shlex.split((case / "args").read_text(encoding="utf-8"))
    catalogs = catalogs_of(case, arguments.pipeline)
    expected = run_model(case, catalogs, options, arguments.every_second)
    command = [arguments.binary] if arguments.pipeline else [arguments.binary, "rate"]
    try:
        found = run_program(command, case, catalogs, options, 600 if arguments.pipeline else 60)
        difference = first_difference(expected, found, arguments.reasons)
    except subprocess.TimeoutExpired:
        difference = "the program does not end"
    if difference is None:
        shutil.rmtree(case)
        return True
    (case / "model.ndjson").write_bytes(expected[1])
    (case / "model.err").write_bytes(expected[2])
    print(f"seed {seed}: {difference}\n  kept in {case}", flush=True)
    return False


def main(argv):
    """Runs the comparison as a command; returns its exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seeds", required=True, help="A-B, both included")
    parser.add_argument("--keep", type=pathlib.Path, help="where cases that differ are kept")
    parser.add_argument("--reasons", action="store_true")
    parser.add_argument("--whole-hours", action="store_true")
    parser.add_argument("--pipeline", action="store_true")
    parser.add_argument("--every-second", action="store_true")
    arguments = parser.parse_args(argv)
    directory = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="hourglass-model-"))
    first, _, last = arguments.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    passed = sum(check_seed(seed, arguments, directory) for seed in seeds)
    if passed == len(seeds) and not arguments.keep:
        directory.rmdir()
    print(f"{passed} passed, {len(seeds) - passed} failed")
    return 1 if passed != len(seeds) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
