#!/usr/bin/env bash
# Runs every case of a folder through a command and compares lines, exit status and rejected lines, byte for byte, and
# each report that the case has.
# check_cases.sh FOLDER REPORTS COMMAND... : the command takes --catalog FILE[@HOUR]... [--until TIME]
# [--report REPORT] EVENTS; REPORTS, words in one argument, are those beside lines that it knows. What a case's args say
# of catalogs stands for its catalog.yaml, and names files of its folder.
set -u
cases=$1 reports=$2
shift 2
passed=0 failed=0
err=$(mktemp)
trap 'rm -f "$err"' EXIT

# CASE REPORT COMMAND...: whether what is printed, the exit status and the rejected lines are the case's.
gives() {
    local case=$1 report=$2 got want want_status rejected want_rejected
    shift 2
    got=$("$@" 2>"$err"; echo "status $?")
    want_status=$(sed -n 's/^Exit status \([0-9]*\).*/\1/p' "$case/why.md")
    want=$(cat "$case/$report.ndjson"; echo "status ${want_status:-0}")
    want_rejected=$(sed -n 's/.*rejected lines: //p' "$case/why.md" | tr -d ' ')
    rejected=$(sed -n "s|^$case/events.ndjson:\([0-9]*\): .*|\1|p" "$err" | paste -sd,)
    [ "$got" = "$want" ] && [ "$rejected" = "$want_rejected" ] && return
    echo "not ok - ${case##*/}: $report"
    diff <(echo "$want") <(echo "$got") | head -5
    [ "$rejected" = "$want_rejected" ] || echo "rejected: $rejected, not $want_rejected"
    head -3 "$err"
    return 1
}

for case in "$cases"/*/; do
    case=${case%/}
    read -ra args <"$case/args" || true
    catalogs=(--catalog "$case/catalog.yaml")
    for i in "${!args[@]}"; do
        [ "${args[i]}" = --catalog ] || continue
        catalogs=()
        args[i + 1]=$case/${args[i + 1]}
    done
    good=1
    gives "$case" lines "$@" "${catalogs[@]}" "${args[@]}" "$case/events.ndjson" || good=0
    for report in $reports; do
        [ -f "$case/$report.ndjson" ] || continue
        gives "$case" "$report" "$@" --report "$report" "${catalogs[@]}" "${args[@]}" "$case/events.ndjson" || good=0
    done
    passed=$((passed + good)) failed=$((failed + 1 - good))
done
echo "cases: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
