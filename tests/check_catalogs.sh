#!/usr/bin/env bash
# Holds `hourglass catalog check` to a folder of good and bad catalogs. check_catalogs.sh FOLDER HOURGLASS
set -u
hourglass=$(realpath "$2")
cd "$1" || exit 1
failed=0
while IFS=: read -r file line; do
    out=$("$hourglass" catalog check "$file" 2>err.$$)
    status=$?
    first=$(head -n 1 err.$$)
    [[ $status = 2 && -z $out && $first =~ ^"$file:$line:"[0-9]+": expected " ]] && continue
    echo "not ok - $file: status $status, '$out', '$first'"
    failed=1
done <expected
rm -f err.$$
"$hourglass" catalog check good/* >/dev/null || { echo "not ok - a good one is refused"; failed=1; }
exit $failed
