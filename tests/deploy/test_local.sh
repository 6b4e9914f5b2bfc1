#!/bin/bash
# Proves deploy/local's promises with real servers, in run folders of its own. Takes about a minute and a half.
# Prints a line a fact, `ok - ...` or `not ok - ...`, then `N passed, N failed`. Exit status 1 if one failed.
# Needs what deploy/local/install installs.
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
LOCAL_COMMANDS=$HERE/../../deploy/local
WORK=$(mktemp -d)
chmod 0755 -- "$WORK" # user postgres may enter it; a folder that it may not enter has facts of its own
export HOURGLASS_RUN=$WORK/run
PROBE=$WORK/probe
passed=0
failed=0
strangers=()

# shellcheck source=deploy/local/lib.sh
source "$LOCAL_COMMANDS/lib.sh"

clean_up() {
  local folder
  [[ ${#strangers[@]} -eq 0 ]] || kill "${strangers[@]}" 2>/dev/null || true
  for folder in "$HOURGLASS_RUN" "$WORK/private/run"; do
    HOURGLASS_RUN=$folder "$LOCAL_COMMANDS/reset" || true
  done
  rm -rf -- "$WORK"
}
trap clean_up EXIT

# A fact holds if the command succeeds within three minutes; what it says is shown if not.
fact() { # name, command...
  local name=$1
  shift
  if ("$@") >"$WORK/said" 2>&1; then
    printf 'ok - %s\n' "$name"
    passed=$((passed + 1))
  else
    printf 'not ok - %s\n' "$name"
    sed 's/^/#   /' "$WORK/said"
    failed=$((failed + 1))
  fi
}

run() { timeout 180 "$LOCAL_COMMANDS/$1" "${@:2}"; } # command, arguments...

exits() { # status, command...
  local status=0
  "${@:2}" || status=$?
  [[ $status == "$1" ]] || { echo "exit status $status, not $1"; return 1; }
}

equal() { [[ $1 == "$2" ]] || { printf 'expected: %s\ngot:      %s\n' "$2" "$1"; return 1; }; } # got, expected

within_ms() { # milliseconds, command...
  local begin took
  begin=$(now_ms)
  "${@:2}" || return 1
  took=$(($(now_ms) - begin))
  echo "took $took ms"
  ((took < $1))
}

env_of() { run status --env | sed -n "s/^$1=//p"; } # name
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$(env_of HOURGLASS_DATABASE)" -c "$1"; }
probe() { timeout 60 "$PROBE" "$(env_of HOURGLASS_KAFKA)" "$@"; }

stranger() { # prints the pid of a process that has nothing to do with us
  sleep 1000 >/dev/null 2>&1 &
  echo $!
}

processes_with() { # start of an argument; prints each process that has such a one
  local process words word
  for process in /proc/[0-9]*; do
    mapfile -d '' -t words 2>/dev/null <"$process/cmdline" || continue
    for word in "${words[@]}"; do
      [[ $word == "$1"* ]] && printf '%s: %s\n' "${process##*/}" "${words[*]}" && break
    done
  done
}

# ---- Facts, each a function whose name says no more than the text beside its call

each_command_helps() {
  local command help
  for command in install up status down reset; do
    help=$(run "$command" --help) && [[ $help == "Usage: deploy/local/$command"* ]] || return 1
    exits 2 run "$command" --no-such-option || return 1
  done
}

nothing_before_the_first_start() {
  exits 3 run status || return 1
  equal "$(run status --env)" \
    $'HOURGLASS_URL=\nHOURGLASS_KAFKA=\nHOURGLASS_DATABASE=\nHOURGLASS_SETTLER_DATABASE=' || return 1
  run down && run reset && [[ ! -e $HOURGLASS_RUN ]]
}

up_is_silent_on_stdout() { equal "$(run up)" ''; } # and lets the pipe end

listeners_are_on_loopback() {
  local name address count=0
  for name in kafka controller postgres; do
    while read -r address; do
      count=$((count + 1))
      [[ $address =~ ^(0000000000000000FFFF0000)?0100007F:|^0{24}01000000: ]] || { echo "$name: $address"; return 1; }
    done < <(awk -v port="$(printf ':%04X' "$(port_of "$name")")" \
      '$4 == "0A" && index($2, port) { print $2 }' /proc/net/tcp /proc/net/tcp6)
  done
  equal "$count" 3
}

owner_uses_the_database() {
  equal "$(sql 'SELECT current_user || current_database()')" hourglasshourglass || return 1
  equal "$(sql "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user")" f ||
    return 1
  sql 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)'
}

as_settler() { psql -XqAt "$(env_of HOURGLASS_SETTLER_DATABASE)" -c "$1" 2>&1; }

settlers_role_has_nothing_of_its_own() {
  equal "$(as_settler 'SELECT current_user')" hourglass_settler || return 1
  [[ $(as_settler 'CREATE TEMP TABLE t ()') == *'permission denied to create temporary tables'* ]] || return 1
  [[ $(as_settler 'CREATE SCHEMA s') == *'permission denied'* ]] || return 1
  [[ $(as_settler 'SET ROLE hourglass') == *'permission denied'* ]]
}

wrong_password_is_refused() {
  local url
  url=$(env_of HOURGLASS_DATABASE)
  exits 2 psql -Xq "${url/hourglass:/hourglass:x}" -c 'SELECT 1'
}

commits_are_flushed() { equal "$(sql 'SHOW fsync')$(sql 'SHOW synchronous_commit')" onon; }

topics_are_made_on_purpose() {
  exits 1 probe put nobody-made-it 1 1 || return 1
  probe make kept && probe put kept 100 500
}

large_messages_pass() { probe make large && probe put large 8000000 1 && exits 1 probe put large 8388608 1; }

live_url_is_shown() {
  echo http://127.0.0.1:8080 >"$HOURGLASS_RUN/live.url"
  equal "$(env_of HOURGLASS_URL)" http://127.0.0.1:8080
}

kept_is() { # rows, messages
  equal "$(sql 'SELECT count(*) FROM kept')" "$1" || return 1
  equal "$(probe end kept)" "$2" && equal "$(probe read kept)" "$2"
}

down_then_up() {
  local before
  before=$(run status --env)
  run down && exits 3 run status && equal "$(kafka_pid; pg_pid)" '' || return 1
  equal "$(run status --env)" "$before" || return 1
  run up && run status && equal "$(run status --env)" "$before" && kept_is 1 500
}

two_ups_at_once() {
  local first second
  run down
  run up &
  first=$!
  run up &
  second=$!
  wait "$first" && wait "$second" && run status || return 1
  equal "$(processes_with "$KAFKA_HOME/server.properties" | wc -l)" 1 || return 1
  equal "$(processes_with "$PG_HOME/data" | wc -l)" 1
}

kafka_killed_then_up() {
  kafka_stop kill && exits 3 run status && run up && run status && kept_is 1 500
}

postgres_killed_then_up() {
  sql 'INSERT INTO kept VALUES (2)' && pg_stop kill && exits 3 run status && run up && kept_is 2 500
}

both_killed_under_load_then_up() {
  local load
  (while sql 'INSERT INTO kept VALUES (3)' && probe put kept 100 1; do :; done) >/dev/null 2>&1 &
  load=$!
  wait_until 20 more_than_500 || return 1
  kafka_stop kill
  pg_stop kill
  wait "$load" || true
  run up && run status && (($(sql 'SELECT count(*) FROM kept') > 2 && $(probe read kept) > 500))
}

more_than_500() { (($(probe end kept) > 500)); }

functions_stop_and_start() {
  kafka_stop term && not kafka_is_alive && kafka_start && kafka_is_ready || return 1
  pg_stop term && not pg_is_alive && pg_start && pg_is_ready || return 1
  kafka_start && pg_start && run status
}

stale_pids_are_seen_through() {
  local pid=$1
  kafka_stop kill
  pg_stop kill
  echo "$pid" >"$KAFKA_PID"
  echo "$pid" >"$PG_PID"
  sed -i "1s/.*/$pid/" "$PG_HOME/data/postmaster.pid"
  exits 3 run status && run down && kill -0 "$pid" && run up && run status && kill -0 "$pid"
}

taken_port_is_given_up() {
  local before taken pid
  run down
  taken=$(port_of postgres)
  python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(100)' "$taken" >/dev/null 2>&1 &
  pid=$!
  before=$(port_of kafka)
  wait_until 20 port_answers "$taken"
  run up && run status && [[ $(port_of postgres) != "$taken" ]] && equal "$(port_of kafka)" "$before"
  local status=$?
  kill "$pid"
  return $status
}

foreign_folder_is_left_alone() {
  mkdir -p -- "$WORK/foreign" && echo precious >"$WORK/foreign/file" || return 1
  HOURGLASS_RUN=$WORK/foreign exits 1 run reset || return 1
  HOURGLASS_RUN=$WORK/foreign exits 1 run up || return 1
  equal "$(ls -A "$WORK/foreign")" file
}

up_during_reset() {
  local first second
  run reset &
  first=$!
  run up &
  second=$!
  wait "$first" && wait "$second" || return 1
  run up && run status && probe make after-reset
}

reset_deletes_all() { run reset && [[ ! -e $HOURGLASS_RUN ]] && not kafka_is_alive && not pg_is_alive; }

up_after_half_a_start() {
  local i
  # Killed at eight moments of its first start; what it leaves is no obstacle.
  for i in 1 2 3 4 5 6 7 8; do
    timeout -s KILL "0.$((i * 12 % 100))" "$LOCAL_COMMANDS/up" || true
  done
  timeout -s KILL 1.5 "$LOCAL_COMMANDS/up" || true
  run up && run status && probe make half && run reset
}

unreachable_folder_works() {
  install -d -m 0700 -- "$WORK/private"
  export HOURGLASS_RUN=$WORK/private/run
  local far
  run up && run status && sql 'CREATE TABLE t ()' || return 1
  far=$(realpath -- "$HOURGLASS_RUN/postgres")
  [[ -d $far ]] && run reset && [[ ! -e $far && ! -e $HOURGLASS_RUN ]]
}

wrong_jars_are_named() {
  local said jars=$WORK/cache/hourglass/kafka-$KAFKA_VERSION
  mkdir -p -- "${jars%/*}" && cp -r -- "$KAFKA_JARS" "$jars" || return 1
  rm -- "$jars/snakeyaml-2.5.jar"
  printf x >>"$jars/re2j-1.8.jar"
  touch -- "$jars/stranger.jar"
  said=$(XDG_CACHE_HOME=$WORK/cache exits 1 run up 2>&1) || return 1
  echo "$said"
  grep -q '^snakeyaml-2.5.jar: ' <<<"$said" && grep -q '^re2j-1.8.jar: ' <<<"$said" && grep -q '^stranger.jar: ' <<<"$said"
}

nothing_is_left_over() { equal "$(processes_with "$WORK")" ''; }

gcc -O1 -Wall -Wextra "$HERE/probe.c" -o "$PROBE" -lrdkafka

fact 'each command explains itself, and refuses what it does not know' each_command_helps
fact 'before the first start: status 3, addresses empty, down and reset have nothing to do' nothing_before_the_first_start
fact 'install has nothing to do and says so in less than a second' within_ms 1000 run install
fact 'up starts both, prints nothing on standard output, and keeps no pipe of the caller' up_is_silent_on_stdout
fact 'status shows both' run status
fact 'up takes less than half a second when both run' within_ms 500 run up
fact 'every listener is on loopback' listeners_are_on_loopback
fact 'role hourglass owns database hourglass and can make no roles' owner_uses_the_database
fact 'role hourglass_settler makes no schema and no temporary table' settlers_role_has_nothing_of_its_own
fact 'a wrong password is refused' wrong_password_is_refused
fact 'commits are flushed to disk' commits_are_flushed
fact 'a topic that nobody made is refused, one that was made takes messages' topics_are_made_on_purpose
fact 'messages of 4 MB pass, larger ones are refused' large_messages_pass
fact 'status --env shows the live collector' live_url_is_shown
fact 'down, then up: the same addresses, messages and rows' down_then_up
fact 'two ups at once start one Kafka and one PostgreSQL' two_ups_at_once
fact 'kill -9 of Kafka, then up: the same messages' kafka_killed_then_up
fact 'kill -9 of PostgreSQL, then up: what was committed is there' postgres_killed_then_up
fact 'kill -9 of both at work, then up: both go on' both_killed_under_load_then_up
fact 'kafka_stop, kafka_start, pg_stop, pg_start do so, and twice does no harm' functions_stop_and_start
strangers+=("$(stranger)")
fact 'a stale pid file that names a stranger: seen through, and the stranger lives' stale_pids_are_seen_through "${strangers[0]}"
fact 'a port that was taken while down is given up for another' taken_port_is_given_up
fact 'up and reset refuse a folder that is not ours' foreign_folder_is_left_alone
fact 'up during reset: starts anew, whole' up_during_reset
fact 'reset stops both and deletes the run folder' reset_deletes_all
fact 'up, killed again and again in its first start, comes up the next time' up_after_half_a_start
((EUID != 0)) || fact 'a run folder that user postgres cannot enter works, and reset deletes its data' unreachable_folder_works
fact 'jars that are missing, different or strange are refused and named' wrong_jars_are_named
fact 'no process is left over' nothing_is_left_over

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
