#!/usr/bin/env bash
# Holds `hourglass rate` to tests/reports: every report in every format, byte for byte. check_reports.sh HOURGLASS
set -u
hourglass=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/reports" || exit 1
failed=0

prints() { # WHAT WANT ARGUMENTS...
    local what=$1 want=$2 got
    shift 2
    got=$("$hourglass" rate --catalog catalog.yaml "$@" 2>/dev/null; echo "status $?")
    [ "$got" = "$want" ] && return
    echo "not ok - $what"
    diff <(echo "$want") <(echo "$got") | head -5
    failed=1
}

for report in lines balances bills; do
    for format in ndjson csv table; do
        # The two payments of a second are on both sides of TIME.
        prints "$report as $format" "$(cat "$report.$format"; echo 'status 0')" \
            --until 2026-12-02T00:00:00Z --report "$report" --format "$format" events.ndjson
    done
    prints "$report of no event" 'status 0' --report "$report" /dev/null
    prints "$report of no event, headed" "$(head -n 1 "$report.csv"; echo 'status 0')" \
        --report "$report" --format csv /dev/null
done
# The latest event is of 2026-12-02, 00:00: its hour's end is an hour behind the day that bills wait for.
prints 'bills up to the end of the latest hour' "$(cat bills.ndjson; echo 'status 0')" --report bills events.ndjson
prints 'bills a second before they are cut' 'status 0' --until 2026-12-01T23:59:59Z --report bills events.ndjson
[ "$failed" = 0 ]
