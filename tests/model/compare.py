#!/usr/bin/env python3
"""The model against a program, on random cases.

    compare.py --binary PATH --seeds A-B [--keep DIRECTORY] [--reasons] [--whole-hours] [--pipeline]

Runs `PATH rate --catalog FILE[@HOUR]... [--until TIME] EVENTS` and the model on the case of each seed, and compares
standard output, exit status and the numbers of the rejected lines; with --reasons the names of the fields that
the reasons begin with too; then `--report balances` or, of an odd seed, `--report bills`, if PATH offers reports.
With --pipeline PATH is called without `rate`, on whole hours and with the case's first catalog alone, as
`deploy/local/run` wants it, and once a case: in two thirds of the cases for a report, if the pipeline must give the
same one (in_time.py), else for the lines. A case that differs is kept, and its seed and first difference printed.
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
import in_time
import model

REJECT = re.compile(rb"events\.ndjson:([0-9]+): ([^\s:]+)")


def catalogs_of(case, one_catalog):
    """FILE[@HOUR] of the case's catalogs."""
    names = (case / "catalogs").read_text(encoding="utf-8").split("\n")
    return [str(case / name) for name in names if name and not (one_catalog and "@" in name)]


def run_model(case, catalogs, options, every_second=False):
    """(exit status, Rating, or None if the status is 2, standard error) of the model."""
    until = options[1] if options else None
    arguments = argparse.Namespace(catalog=catalogs, until=until, every_second=every_second,
                                   events=[str(case / "events.ndjson")])
    status, rating, err = model.rate(arguments)
    return status, rating, "".join(err).encode("utf-8", "replace")


def output(rating, report):
    """Standard output of the model, bytes."""
    return "".join(model.report(rating, report)).encode("utf-8")


def offers_reports(command):
    """Whether a program knows --report."""
    return b"--report" in subprocess.run([*command, "--help"], capture_output=True, check=True).stdout


def reports_of(seed, rating, pipeline):
    """What is asked for in the case of a seed."""
    if not pipeline:
        return ["lines", "bills" if seed % 2 else "balances"]
    if seed % 3 == 0 or rating is None or not in_time.settles_in_time(rating):
        return ["lines"]
    return ["bills" if model.report(rating, "bills") else "balances"]


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
    status, rating, err = run_model(case, catalogs, options, arguments.every_second)
    for report in reports_of(seed, rating, arguments.pipeline) if arguments.reports else ["lines"]:
        expected = status, output(rating, report), err
        difference = compare_report(arguments, report, (case, catalogs, options), expected)
        if difference is not None:
            (case / f"model.{report}.ndjson").write_bytes(expected[1])
            (case / "model.err").write_bytes(err)
            print(f"seed {seed}: {report}: {difference}\n  kept in {case}", flush=True)
            return False
    shutil.rmtree(case)
    return True


def compare_report(arguments, report, given, expected):
    """What differs first in a report of the case and options `given`, or None."""
    case, catalogs, options = given
    if report != "lines":
        options = [*options, "--report", report]
    try:
        found = run_program(arguments.command, case, catalogs, options, 600 if arguments.pipeline else 60)
        return first_difference(expected, found, arguments.reasons)
    except subprocess.TimeoutExpired:
        return "the program does not end"


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
    arguments.command = [arguments.binary] if arguments.pipeline else [arguments.binary, "rate"]
    arguments.reports = offers_reports(arguments.command)
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
