#!/usr/bin/env bash
# Holds `hourglass rate` to CONTRACT §5 on several catalogs. check_rate_catalogs.sh HOURGLASS
set -u
hourglass=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failed=0

catalog() { # FILE PRICE [POLICY]
    printf 'currency: USD\n%s\nproducts:\n  node: {settle: hourly, %s skus: {n: {payg: {price: "%s", per: hour}}}}\n' \
        "${3:-grace: 1h}" "${4:-}" "$2" >"$1"
}

# Three whole hours of one node, from 09:00 on.
event() { # ID TYPE TIME
    printf '{"specversion":"1.0","id":"%s","source":"s","type":"%s","subject":"r","time":"2026-11-01T%s:00:00Z",' \
        "$1" "$2" "$3"
    printf '"data":{"account":"a","sku":"n"}}\n'
}
{ event 1 node.launched 09; event 2 node.stopped 12; } >events.ndjson
catalog one.yaml 1
catalog two.yaml 2
catalog three@home.yaml 3
catalog four@ 4
catalog scaled.yaml 2 'charge_scale: 4'
catalog billed.yaml 2 'bill_scale: 4'
catalog lively.yaml 2 'grace: 1h' 'liveness: 60,'
sed 's/USD/EUR/' two.yaml >euros.yaml
echo 'currency: USD' >broken.yaml

gives() { # WHAT AMOUNTS ARGUMENTS...
    local what=$1 want=$2 got
    shift 2
    got=$("$hourglass" rate "$@" events.ndjson 2>err | sed -n 's/.*"amount":"\([^"]*\)".*/\1/p' | paste -sd' ')
    [ "$got" = "$want" ] && return
    echo "not ok - $what: '$got', not '$want'"
    head -3 err
    failed=1
}

refused() { # WHAT BEGINNING-OF-THE-MESSAGE ARGUMENTS...
    local what=$1 want=$2 out status first
    shift 2
    out=$("$hourglass" rate "$@" events.ndjson 2>err)
    status=$?
    first=$(head -n 1 err)
    [[ $status = 2 && -z $out && $first = "$want"* ]] && return
    echo "not ok - $what: status $status, '$out', '$first', not '$want'"
    failed=1
}

gives 'one holds since ever' '1.000000 1.000000 1.000000' --catalog one.yaml
gives 'each holds from its hour' '1.000000 2.000000 3.000000' --catalog one.yaml \
    --catalog two.yaml@2026-11-01T10:00:00Z --catalog=three@home.yaml@2026-11-01T12:00:00+01:00
gives 'their order does not matter' '1.000000 2.000000 3.000000' \
    --catalog three@home.yaml@2026-11-01t11:00:00z --catalog one.yaml --catalog two.yaml@2026-11-01T10:00:00Z
gives 'of one hour the later holds' '1.000000 3.000000 3.000000' --catalog one.yaml \
    --catalog two.yaml@2026-11-01T10:00:00Z --catalog three@home.yaml@2026-11-01T10:00:00Z
gives 'an @ without a time behind it is of the name' '3.000000 3.000000 3.000000' --catalog three@home.yaml
gives 'an @ at the end is of the name' '4.000000 4.000000 4.000000' --catalog four@
refused 'no hour in two' 'hourglass rate: --catalog: ' --catalog one.yaml --catalog two.yaml
refused 'an hour in the only one' 'hourglass rate: --catalog: ' --catalog one.yaml@2026-11-01T10:00:00Z
refused 'half an hour' 'hourglass rate: --catalog: ' --catalog one.yaml --catalog two.yaml@2026-11-01T10:30:00Z
refused 'a second and a bit' 'hourglass rate: --catalog: ' --catalog one.yaml \
    --catalog two.yaml@2026-11-01T10:00:00.000001Z
refused 'no file' 'hourglass rate: --catalog: ' --catalog one.yaml --catalog @2026-11-01T10:00:00Z
refused 'no catalog' 'hourglass rate: expected --catalog' --format csv
refused 'another currency' 'euros.yaml: currency: expected USD' --catalog one.yaml \
    --catalog euros.yaml@2026-11-01T10:00:00Z
refused 'another charge_scale' 'scaled.yaml: charge_scale: expected 6' --catalog one.yaml \
    --catalog scaled.yaml@2026-11-01T10:00:00Z
refused 'another bill_scale' 'billed.yaml: bill_scale: expected 2' --catalog one.yaml \
    --catalog billed.yaml@2026-11-01T10:00:00Z
refused 'another liveness' 'lively.yaml: liveness of node: expected 0' --catalog one.yaml \
    --catalog lively.yaml@2026-11-01T10:00:00Z
refused 'the first is the one without an hour' 'two.yaml: charge_scale: expected 4' \
    --catalog two.yaml@2026-11-01T10:00:00Z --catalog scaled.yaml
refused 'a fault in a later one' 'broken.yaml:1:1: expected ' --catalog one.yaml \
    --catalog broken.yaml@2026-11-01T10:00:00Z
refused 'a later one that is not there' 'hourglass: absent.yaml: ' --catalog one.yaml \
    --catalog absent.yaml@2026-11-01T10:00:00Z
exit $failed
