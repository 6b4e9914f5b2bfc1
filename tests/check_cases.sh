#!/usr/bin/env bash
# Runs every case of a folder through a command and compares lines, exit status and rejected lines, byte for byte.
# check_cases.sh FOLDER COMMAND... : the command takes --catalog FILE[@HOUR]... [--until TIME] EVENTS. What a case's
# args say of catalogs stands for its catalog.yaml, and names files of its folder.
set -u
cases=$1
shift
passed=0 failed=0
err=$(mktemp)
trap 'rm -f "$err"' EXIT
for case in "$cases"/*/; do
    case=${case%/}
    read -ra args <"$case/args" || true
    catalogs=(--catalog "$case/catalog.yaml")
    for i in "${!args[@]}"; do
        [ "${args[i]}" = --catalog ] || continue
        catalogs=()
        args[i + 1]=$case/${args[i + 1]}
    done
    lines=$("$@" "${catalogs[@]}" "${args[@]}" "$case/events.ndjson" 2>"$err"; echo "status $?")
    want_status=$(sed -n 's/^Exit status \([0-9]*\).*/\1/p' "$case/why.md")
    want=$(cat "$case/lines.ndjson"; echo "status ${want_status:-0}")
    want_rejected=$(sed -n 's/.*rejected lines: //p' "$case/why.md" | tr -d ' ')
    rejected=$(sed -n "s|^$case/events.ndjson:\([0-9]*\): .*|\1|p" "$err" | paste -sd,)
    if [ "$lines" = "$want" ] && [ "$rejected" = "$want_rejected" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok - ${case##*/}"
        diff <(echo "$want") <(echo "$lines") | head -5
        [ "$rejected" = "$want_rejected" ] || echo "rejected: $rejected, not $want_rejected"
        head -3 "$err"
    fi
done
echo "cases: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
