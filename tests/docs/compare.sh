#!/bin/sh
# Compares a page with what a program prints: compare.sh PAGE PROGRAM...
set -eu
page=$1
shift
if ! "$@" | diff "$page" - >&2; then
    echo "$page is not what $* prints: print it anew" >&2
    exit 1
fi
