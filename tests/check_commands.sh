#!/usr/bin/env bash
# Holds every command to its help, its version, and what it says of what is mistyped; needs no servers.
# check_commands.sh HOURGLASS PROGRAM...
set -u
hourglass=$(realpath "$1")
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# STATUS, where it is said (out or err; the other one is empty), a text that stands there, COMMAND...
says() {
    local status=$1 where=$2 text=$3 got other=err
    shift 3
    [ "$where" = out ] || other=out
    "$@" >"$folder/out" 2>"$folder/err" </dev/null
    got=$?
    [[ $got = "$status" ]] && grep -qF -- "$text" "$folder/$where" && [ ! -s "$folder/$other" ] && return
    echo "not ok - ${*/#*\//}: status $got, not $status with '$text' on standard $where"
    head -n 5 "$folder/out" "$folder/err"
    failed=1
}

says 0 out 'hourglass rate --catalog' "$hourglass" --help
says 0 out 'hourglass rate --catalog' "$hourglass" -h
says 0 out 'hourglass rate --catalog' "$hourglass" help
says 0 out 'usage: hourglass rate' "$hourglass" help rate
says 0 out 'catalog apply' "$hourglass" help catalog
says 0 out 'catalog apply' "$hourglass" catalog --help
says 2 err 'catalog apply' "$hourglass" catalog
says 2 err 'db migrate' "$hourglass" db
says 2 err "unknown command 'nonsense'" "$hourglass" nonsense
says 2 err "unknown command 'rtae' (did you mean 'rate'?)" "$hourglass" rtae
says 2 err "unknown command 'catalg' (did you mean 'catalog'?)" "$hourglass" catalg check x
says 2 err "unknown command 'catalog aply' (did you mean 'catalog apply'?)" "$hourglass" catalog aply x
says 2 err "unknown command 'nonsense'" "$hourglass" help nonsense
says 2 err 'hourglass rate: unknown option --formt (did you mean --format?)' "$hourglass" rate --formt table
says 2 err 'hourglass rate: --format=tabel: expected ndjson, csv or table' "$hourglass" rate --format=tabel -
says 2 err 'hourglass rate: --until: expected a time' "$hourglass" rate --catalog x --until '' -
says 2 err 'hourglass catalog check: expected FILE' "$hourglass" catalog check
says 64 err 'hourglass lines: unknown option --databse (did you mean --database?)' \
    "$hourglass" lines --databse=postgresql://u:secret@h/n
says 64 err 'hourglass bills: --format=tabel: expected ndjson, csv or table' "$hourglass" bills --format=tabel
says 2 err 'hourglass rate: --report=notices: expected lines, balances or bills' "$hourglass" rate --report=notices -
for command in rate 'catalog check' 'catalog apply' 'catalog show' init tail events explain lines balances bills notices bill spend changes resources orders prices 'db migrate'; do
    # shellcheck disable=SC2086 # a command of two words
    for text in 'Exit status: 0' 'Example:' '-h, --help'; do
        says 0 out "$text" "$hourglass" $command --help
    done
done
for program in "$hourglass" "$@"; do
    says 0 out "$(basename "$program") " "$program" --version
    says 0 out 'hourglass' "$program" -h
done
for program in "$@"; do
    more=(--kafka 127.0.0.1:9092)
    [[ $program != *settler ]] || more+=(--database postgresql://u@h/n)
    says 0 out 'configuration is good' "$program" --check-config "${more[@]}"
    says 78 err '--admin-address: expected an address' \
        "$program" --check-config "${more[@]}" --admin-address no.such.host.invalid
    says 78 err '--admin-port-file: No such file or directory' \
        "$program" --check-config "${more[@]}" --admin-port-file /no/such/folder/port
    says 78 err '--kafka: expected HOST:PORT' "$program" --check-config "${more[@]}" --kafka no.such.host.invalid:1
    says 64 err 'expected debug, info, warning or error' "$program" "${more[@]}" --log-level=loud
    case $program in
    *collector)
        says 78 err '--until: expected a time' "$program" --check-config "${more[@]}" --until nonsense
        says 78 err '--token-file: No such file' "$program" --check-config "${more[@]}" --token-file /nope
        says 69 err '/no/such/folder/port: No such file' "$program" "${more[@]}" --admin-port-file /no/such/folder/port
        ;;
    *settler)
        says 78 err '--database: expected postgresql://' "$program" --check-config "${more[@]}" --database nonsense
        says 78 err '--partitions: expected group, all' "$program" --check-config "${more[@]}" --partitions some
        ;;
    esac
done
exit $failed
