#!/usr/bin/env bash
# Holds docs/options.md to what the programs print of themselves (--help=markdown). check_options.sh PROGRAM...
# With --write first, writes the page instead.
set -u
page=$(dirname "${BASH_SOURCE[0]}")/../docs/options.md
# shellcheck disable=SC2016 # the backticks are Markdown's
print() {
    printf '# Options\n\n%s\n%s\n\n' 'Printed by the programs themselves (`--help=markdown`); a test compares.' \
        'A flag is stronger than the environment, that than the YAML file of `--config`, whose keys are the names.'
    for program in "$@"; do "$program" --help=markdown || exit; done
}
if [ "$1" = --write ]; then
    shift
    print "$@" >"$page"
else
    diff -u "$page" <(print "$@") || { echo 'not ok - docs/options.md is not what the programs print'; exit 1; }
fi
