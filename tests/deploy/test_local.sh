#!/bin/bash
# Proves deploy/local's promises with real servers, in run folders of its own. Takes about four minutes.
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
  for folder in "$HOURGLASS_RUN" "$WORK/private/run" "$WORK/with a space/run" "$WORK/user/run"; do
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
  local command help said
  for command in install up status down reset live run runs demo; do
    for help in --help -h; do
      help=$(run "$command" "$help") && [[ $help == "Usage: deploy/local/$command"* ]] || return 1
    done
    said=$(exits 2 run "$command" --no-such-option 2>&1) || { echo "$command: $said"; return 1; }
    [[ $said == *--no-such-option* ]] || { echo "$command: $said"; return 1; }
  done
  exits 2 run live stop now && exits 2 run status --env now && exits 2 run runs drop && exits 2 run run --until
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
  PGPASSWORD=wrong exits 2 psql -Xq "$(env_of HOURGLASS_DATABASE)" -c 'SELECT 1'
}

commits_are_flushed() { equal "$(sql 'SHOW fsync')$(sql 'SHOW synchronous_commit')" onon; }

topics_are_made_on_purpose() {
  exits 1 probe put nobody-made-it 1 1 || return 1
  probe make kept && probe put kept 100 500
}

large_messages_pass() { probe make large && probe put large 8000000 1 && exits 1 probe put large 8388608 1; }

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
  wait_until 20 one_process_with "$PG_HOME/data"
}

# A backend that was just started has the server's own command line for a moment.
one_process_with() { [[ $(processes_with "$1" | wc -l) == 1 ]]; }

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

taken_port_is_replaced() {
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

# ---- The programs: live processes, runs of files

CATALOG=$HERE/../../docs/catalog.yaml
EVENTS=$WORK/events.ndjson
LAUNCHED_AT='{"specversion":"1.0","id":"1","source":"/t","type":"container.launched","subject":"c","time":"2026-11-01T10:00:00Z","data":{"account":"acme","sku":"gpu.a100"}}'
STOPPED_AT='{"specversion":"1.0","id":"2","source":"/t","type":"container.stopped","subject":"c","time":"2026-11-01T11:00:00Z","data":{"account":"acme"}}'
printf '%s\n%s\n' "$LAUNCHED_AT" "$STOPPED_AT" >"$EVENTS"

run_file() { run run --catalog "$CATALOG" --until 2026-11-01T12:00:00Z "$EVENTS"; }

# Whoever is told of a signal to all of a terminal's processes, as ^C is; a test's own background would ignore it.
in_a_session() { exec setsid env --default-signal=INT "$@"; }

no_process() { equal "$(processes_with "$HOURGLASS_RUN/"; processes_with "--dir=$HOURGLASS_RUN")" ''; }

no_process_soon() { wait_until 20 no_process >/dev/null || no_process; }

events_are_taken() {
  equal "$(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/cloudevents-batch+json' -d '[]' \
    "$(env_of HOURGLASS_URL)")" 200
}

live_as_the_first_command() {
  local name
  equal "$(run live)" '' && run status && events_are_taken || return 1
  run status >"$WORK/status"
  for name in Kafka PostgreSQL collector aggregator settler; do
    grep -qE "^$name +ready +[0-9]+ +127.0.0.1:[0-9]+" "$WORK/status" || return 1
  done
  run up && run status
}

live_settles_as_the_settlers_role() {
  equal "$(sql 'SELECT DISTINCT usename FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()')" hourglass_settler
}

killed_live_processes_are_started_again() {
  local name before url
  url=$(env_of HOURGLASS_URL)
  for name in collector aggregator settler; do
    before=$(kept_pid "$LIVE/$name.pid") && kill -s KILL "$before" || return 1
    wait_until 30 another_pid "$name" "$before" || return 1
  done
  wait_until 60 live_is_ready && equal "$(env_of HOURGLASS_URL)" "$url" && events_are_taken
}

another_pid() { local now; now=$(kept_pid "$LIVE/$1.pid") && [[ $now != "$2" ]]; } # name, pid

two_lives_at_once() {
  local first second name
  run live stop
  run live &
  first=$!
  run live &
  second=$!
  wait "$first" && wait "$second" && run status || return 1
  for name in collector aggregator settler; do
    equal "$(processes_with "$LIVE/$name.port" | grep -vc supervisor.sh)" 1 || return 1
  done
}

stale_pids_of_live_are_seen_through() {
  local pid=$1 name
  kept_signal KILL "$LIVE/settler.pid"
  for name in settler.pid settler.keeper; do
    echo "$pid" >"$LIVE/$name"
  done
  exits 3 run status && run live && run status && kill -0 "$pid"
}

live_killed_then_up() {
  local part
  for part in 3 6 9 12; do
    run down
    timeout -s KILL "$((part / 10)).$((part % 10))" "$LOCAL_COMMANDS/live" || true
  done
  run up && run live && run status
}

status_says_what_is_down() {
  kept_signal KILL "$LIVE/aggregator.pid"
  exits 3 run status >"$WORK/status" || return 1
  grep -qE '^aggregator +down' "$WORK/status" && run live && run status
}

down_stops_all() {
  run live && run down && no_process && exits 3 run status
}

live_then_reset() {
  run live && run reset && no_process && [[ ! -e $HOURGLASS_RUN ]]
}

taken_port_of_the_collector() {
  local taken pid status=0
  run live stop
  taken=$(port_of collector)
  python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(100)' "$taken" >/dev/null 2>&1 &
  pid=$!
  wait_until 20 port_answers "$taken"
  run live && events_are_taken && [[ $(env_of HOURGLASS_URL) != *":$taken/"* ]] || status=1
  kill "$pid"
  return $status
}

run_names_its_schema() {
  local said
  HOURGLASS_RUN_NAME=named run_file >"$WORK/lines" 2>"$WORK/errors" || return 1
  said=$("$(program hourglass)" rate --catalog "$CATALOG" --until 2026-11-01T12:00:00Z "$EVENTS")
  equal "$(cat "$WORK/lines")" "$said" && grep -q 'schema run_named$' "$WORK/errors" || return 1
  equal "$(sql 'SELECT count(*) FROM run_named.lines')" 1
}

runs_are_listed_and_dropped() {
  local list
  HOURGLASS_RUN_NAME=other run_file 2>&1 || return 1
  list=$(run runs list)
  grep -qE '^named +run_named +1 ' <<<"$list" && grep -qE '^other .* 5$' <<<"$list" || { echo "$list"; return 1; }
  exits 2 run runs drop nobody && run runs drop named || return 1
  list=$(run runs list)
  [[ $list != *named* && $list == *other* ]] || { echo "$list"; return 1; }
  equal "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'run_named'")" 0 || return 1
  [[ ! -e $HOURGLASS_RUN/runs/named ]] && run runs drop --all && equal "$(run runs list | wc -l)" 1 || return 1
  wait_until 30 no_topics_of_runs
}

no_topics_of_runs() { ! compgen -G "$KAFKA_HOME/data/other.*-0" >/dev/null; }

run_reads_standard_input() {
  equal "$(run run --catalog "$CATALOG" --until 2026-11-01T12:00:00Z - <"$EVENTS" 2>/dev/null | wc -l)" 1
}

# meson and ninja that bring what is built already.
run_builds_if_nothing_is_built() {
  local built=$BUILD
  mkdir -p "$WORK/bin"
  # shellcheck disable=SC2016 # expanded by those scripts
  printf '#!/bin/bash\nmkdir -p "${@: -2:1}"; touch "${@: -2:1}/build.ninja"\n' >"$WORK/bin/meson"
  # shellcheck disable=SC2016
  printf '#!/bin/bash\nmkdir -p "$2"; cp -r %q/{cli,collectors,aggregator,settler} "$2"\n' "$built" >"$WORK/bin/ninja"
  chmod +x "$WORK/bin/meson" "$WORK/bin/ninja"
  PATH=$WORK/bin:$PATH HOURGLASS_BUILD=$WORK/built run_file 2>"$WORK/errors" || { cat "$WORK/errors"; return 1; }
  grep -q "^Building in $WORK/built" "$WORK/errors"
}

# A run that is under way for some seconds: returns once its processes are up.
long_run() { # name
  [[ -s $WORK/day.ndjson ]] || "$LOCAL_COMMANDS/day.py" --resources 300 >"$WORK/day.ndjson"
  mkfifo "$WORK/hook.$1"
  printf '#!/bin/bash\necho up >"%s"\n' "$WORK/hook.$1" >"$WORK/hook"
  chmod +x "$WORK/hook"
  HOURGLASS_RUN_NAME=$1 HOURGLASS_RUN_HOOK=$WORK/hook in_a_session "$LOCAL_COMMANDS/run" \
    --catalog "$LOCAL_COMMANDS/catalog.yaml" "$WORK/day.ndjson" >"$WORK/out.$1" 2>"$WORK/err.$1" &
  RUNNING=$!
  timeout 60 cat "$WORK/hook.$1" >/dev/null
}

no_process_of_run() { equal "$(processes_with "$HOURGLASS_RUN/runs/$1/")" ''; } # name

interrupted_run_leaves_nothing() {
  local status=0
  long_run cut || return 1
  kill -s INT -- "-$RUNNING"
  wait "$RUNNING" || status=$?
  equal "$status" 130 && no_process_of_run cut || return 1
  equal "$(grep -v 'schema run_cut' "$WORK/err.cut")" 'run: interrupted'
}

# The collector is launched, slowly, and has no pid file yet.
run_interrupted_while_it_launches() {
  local status=0
  mkdir -p "$WORK/slow"
  # shellcheck disable=SC2016 # expanded by the script
  printf '#!/bin/bash\n[[ " $* " != *" job "* ]] || { touch "%s"; sleep 3; }\nexec /usr/bin/setpriv "$@"\n' \
    "$WORK/launching" >"$WORK/slow/setpriv"
  chmod +x "$WORK/slow/setpriv"
  HOURGLASS_RUN_NAME=slow PATH=$WORK/slow:$PATH in_a_session "$LOCAL_COMMANDS/run" --catalog "$CATALOG" "$EVENTS" \
    >/dev/null 2>"$WORK/err.slow" &
  RUNNING=$!
  wait_until 60 test -e "$WORK/launching" || return 1
  kill -s INT -- "-$RUNNING"
  wait "$RUNNING" || status=$?
  equal "$status" 130 && no_process_of_run slow
}

# While the servers are asked and nothing of its own runs yet, what it calls says its words into a file.
run_interrupted_early_says_so() {
  local status=0
  HOURGLASS_RUN_NAME=early in_a_session "$LOCAL_COMMANDS/run" --catalog "$CATALOG" "$EVENTS" >/dev/null 2>"$WORK/err.early" &
  RUNNING=$!
  wait_until 60 test -e "$HOURGLASS_RUN/runs/early/schema.log" || return 1
  kill -s INT -- "-$RUNNING"
  wait "$RUNNING" || status=$?
  equal "$status" 130 && equal "$(grep -v 'schema run_early' "$WORK/err.early")" 'run: interrupted' || return 1
  sql 'CREATE SCHEMA IF NOT EXISTS run_early' >/dev/null # as it is left before its tables
  equal "$(run runs list 2>&1 | grep -c -e ERROR -e '^early ')" 1
}

killed_run_leaves_nothing() {
  long_run killed || return 1
  kill -s KILL "$RUNNING"
  wait_until 30 no_process_of_run killed >/dev/null || no_process_of_run killed
}

down_stops_a_run() {
  local status=0
  long_run downed || return 1
  run status | grep -E '^downed/aggregator +(not )?ready' || return 1
  run down
  wait "$RUNNING" || status=$?
  equal "$status" 75 && no_process && run up
}

signal_prints_progress() {
  long_run asked || return 1
  kill -s USR1 "$RUNNING"
  wait_until 20 grep -q '^run: .*, [0-9]* s$' "$WORK/err.asked" || return 1
  kill -s INT -- "-$RUNNING"
  wait "$RUNNING"
  ! grep -q $'[\r\e]' "$WORK/err.asked" "$WORK/out.asked"
}

on_a_terminal() { # environment and command; what is shown goes to $WORK/shown
  script -qec "$(printf '%q ' env "$@")" /dev/null >"$WORK/shown" </dev/null
}

progress_never_goes_backwards() {
  on_a_terminal TERM=xterm "$LOCAL_COMMANDS/run" --catalog "$LOCAL_COMMANDS/catalog.yaml" "$WORK/day.ndjson" || return 1
  grep -q $'\r' "$WORK/shown" || return 1
  tr '\r' '\n' <"$WORK/shown" | grep -oE '[0-9]+ %' | cut -d ' ' -f 1 >"$WORK/percents"
  echo "percents: $(xargs <"$WORK/percents")"
  [[ -s $WORK/percents ]] && sort -n -c "$WORK/percents"
}

plain_where_asked_for() {
  local plain
  for plain in NO_COLOR=1 TERM=dumb; do
    on_a_terminal TERM=xterm "$plain" "$LOCAL_COMMANDS/run" --catalog "$CATALOG" "$EVENTS" || return 1
    ! tr -d '\n' <"$WORK/shown" | sed 's/\r*$//' | grep -q $'\e' || return 1
    ! grep -qE $'\r[^\r\n]' "$WORK/shown" || return 1
  done
}

demo_interrupted() { # once it says this
  local demo status=0 before
  run down
  in_a_session "$LOCAL_COMMANDS/demo" >"$WORK/demo.out" 2>"$WORK/demo.err" &
  demo=$!
  wait_until 120 grep -q "$1" "$WORK/demo.out" "$WORK/demo.err" || return 1
  kill -s INT -- "-$demo"
  wait "$demo" || status=$?
  equal "$status" 130 && no_process || return 1
  ! grep -q Traceback "$WORK/demo.out" "$WORK/demo.err" || return 1
  equal "$(grep -c interrupted "$WORK/demo.err")" 1 && equal "$(tail -n 1 "$WORK/demo.err")" 'demo: interrupted'
}

interrupted_demo_leaves_nothing() {
  demo_interrupted '^2\. ' && demo_interrupted '^3\. ' && demo_interrupted 'schema run_demo'
}

interrupted_up_leaves_nothing() {
  local up status=0
  run down
  in_a_session "$LOCAL_COMMANDS/up" 2>"$WORK/up.err" &
  up=$!
  wait_until 30 kafka_is_alive
  kill -s INT -- "-$up"
  wait "$up" || status=$?
  equal "$status" 130 && no_process_soon && equal "$(tail -n 1 "$WORK/up.err")" 'up: interrupted'
}

# Each process's arguments, each log, and what the commands print.
passwords_are_nowhere() {
  local said
  cut -d : -f 5 "$PG_PASSFILE" >"$WORK/words"
  equal "$(grep -c . "$WORK/words")" 3 && equal "$(stat -c %a "$PG_PASSFILE")" 600 || return 1
  printf '#!/bin/bash\ncat /proc/[0-9]*/cmdline >"%s" 2>/dev/null\n' "$WORK/cmdlines" >"$WORK/hook"
  chmod +x "$WORK/hook"
  run live && HOURGLASS_RUN_HOOK=$WORK/hook run_file >"$WORK/output" 2>&1 || return 1
  wait_until 10 grep -qa 'hourglass-settler' "$WORK/cmdlines" || return 1
  cat /proc/[0-9]*/cmdline >>"$WORK/cmdlines" 2>/dev/null
  { run status; run status --env; run runs list; run live; } >>"$WORK/output" 2>&1
  said=$(grep -rlaF -f "$WORK/words" "$WORK/cmdlines" "$WORK/output" "$HOURGLASS_RUN" --include='*.log*' \
    --include=cmdlines --include=output)
  equal "$said" ''
}

# A terminal of five rows, a pager that leaves a trace, and ^C behind the tables.
demo_on_a_terminal_opens_no_pager() {
  local status=0
  mkfifo "$WORK/keys"
  PSQL_PAGER="touch '$WORK/paged'; cat" in_a_session script -qec "stty rows 5; exec '$LOCAL_COMMANDS/demo'" /dev/null \
    <"$WORK/keys" >"$WORK/demo.out" 2>&1 &
  RUNNING=$!
  exec 7>"$WORK/keys"
  wait_until 120 grep -q '7\. What was spent' "$WORK/demo.out" || status=1
  printf '\003' >&7
  wait "$RUNNING" || status=$?
  exec 7>&-
  [[ ! -e $WORK/paged ]] || { echo 'a pager was started'; return 1; }
  equal "$status" 130 && grep -q 'demo: interrupted' "$WORK/demo.out"
}

demo_prints_no_password() {
  "$LOCAL_COMMANDS/demo" >"$WORK/output" 2>&1 || { tail "$WORK/output"; return 1; }
  grep -q '^charged: you' "$WORK/output" || return 1
  cut -d : -f 5 "$PG_PASSFILE" >"$WORK/words" && ! grep -qF -f "$WORK/words" "$WORK/output" || return 1
  ! grep -q $'[\r\e]' "$WORK/output"
}

folder_with_a_space() {
  export HOURGLASS_RUN="$WORK/with a space/run"
  local RUN=$HOURGLASS_RUN
  run live && run status && run_file >"$WORK/lines" && equal "$(wc -l <"$WORK/lines")" 1 || return 1
  equal "$(sql 'SELECT 1')" 1 && run status && run reset && no_process
}

# A user without a home in /root, without sudo: a copy of the commands and of the programs, as a clone of theirs has.
ordinary_user() {
  local home=$WORK/user as=(setpriv --reuid 65534 --regid 65534 --clear-groups env -u HOURGLASS_BUILD)
  mkdir -p "$home/deploy" "$home/cache/hourglass"
  cp -r "$LOCAL_COMMANDS" "$home/deploy/local" && cp -r "$KAFKA_JARS" "$home/cache/hourglass" || return 1
  cp -r "$BUILD"/{cli,collectors,aggregator,settler} "$home" && cp "$EVENTS" "$CATALOG" "$home" || return 1
  chown -R 65534:65534 "$home"
  as+=("HOME=$home" "XDG_CACHE_HOME=$home/cache" "HOURGLASS_RUN=$home/run" "HOURGLASS_BUILD=$home")
  timeout 180 "${as[@]}" "$home/deploy/local/live" && timeout 60 "${as[@]}" "$home/deploy/local/status" || return 1
  equal "$(timeout 180 "${as[@]}" "$home/deploy/local/run" --catalog "$home/catalog.yaml" "$home/events.ndjson" | wc -l)" 1 ||
    return 1
  timeout 60 "${as[@]}" "$home/deploy/local/reset" && [[ ! -e $home/run ]]
}

folder_that_cannot_be_written() {
  local said
  ((EUID == 0)) || return 0
  said=$(HOURGLASS_RUN=$WORK/nobodys/run exits 1 setpriv --reuid 65534 --regid 65534 --clear-groups \
    env "HOME=$WORK" "$WORK/user/deploy/local/up" 2>&1) || { echo "$said"; return 1; }
  [[ $said == *"cannot write $WORK/nobodys/run"* ]] || { echo "$said"; return 1; }
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
fact 'down, then up: the same addresses, messages and rows' down_then_up
fact 'two ups at once start one Kafka and one PostgreSQL' two_ups_at_once
fact 'kill -9 of Kafka, then up: the same messages' kafka_killed_then_up
fact 'kill -9 of PostgreSQL, then up: what was committed is there' postgres_killed_then_up
fact 'kill -9 of both at work, then up: both go on' both_killed_under_load_then_up
fact 'kafka_stop, kafka_start, pg_stop, pg_start do so, and twice does no harm' functions_stop_and_start
strangers+=("$(stranger)")
fact 'a stale pid file that names a stranger: seen through, and the stranger lives' stale_pids_are_seen_through "${strangers[0]}"
fact 'a port that was taken while down is replaced by another' taken_port_is_replaced
fact 'up and reset refuse a folder that is not ours' foreign_folder_is_left_alone
fact 'up during reset: starts anew, whole' up_during_reset
fact 'reset stops both and deletes the run folder' reset_deletes_all
fact 'up, killed again and again in its first start, comes up the next time' up_after_half_a_start
((EUID != 0)) || fact 'a run folder that user postgres cannot enter works, and reset deletes its data' unreachable_folder_works
fact 'jars that are missing, different or strange are refused and named' wrong_jars_are_named

fact 'live as the first command starts all five, status shows them, and up takes the folder' live_as_the_first_command
fact 'live settles as the role hourglass_settler' live_settles_as_the_settlers_role
fact 'a live process that is killed is started again, at the same address' killed_live_processes_are_started_again
fact 'two lives at once start each process once' two_lives_at_once
fact 'status says which live process is down, with status 3; live starts it' status_says_what_is_down
fact 'stale pid files of live processes that name a stranger: seen through' stale_pids_of_live_are_seen_through "${strangers[0]}"
fact 'the port of the collector, taken while it was stopped, is replaced by another' taken_port_of_the_collector
fact 'no password is in an argument of any process, in a log or in output' passwords_are_nowhere
fact 'live, killed again and again in its start, then up and live: all are ready' live_killed_then_up
fact 'down after live leaves no process' down_stops_all
fact 'live, then reset: no process, no folder' live_then_reset
fact 'run starts the servers, prints the lines that rate prints, and names its schema' run_names_its_schema
fact 'runs list and drop: schema, topics and files of earlier runs' runs_are_listed_and_dropped
fact 'run reads standard input' run_reads_standard_input
fact 'run builds if nothing is built' run_builds_if_nothing_is_built
fact 'SIGUSR1 prints the progress of run as a line; off a terminal nothing is written over' signal_prints_progress
fact 'run, interrupted: one line, status 130, no process' interrupted_run_leaves_nothing
fact 'run, interrupted while it launches a process: no process' run_interrupted_while_it_launches
fact 'run, interrupted early: the same line; runs lists what is left without an error' run_interrupted_early_says_so
fact 'run, killed: its processes end with it' killed_run_leaves_nothing
fact 'down stops a run that is under way' down_stops_a_run
fact 'on a terminal the progress of run never goes backwards' progress_never_goes_backwards
fact 'NO_COLOR and TERM=dumb: plain lines on a terminal too' plain_where_asked_for
fact 'up, interrupted: one line, no process' interrupted_up_leaves_nothing
fact 'demo, interrupted anywhere: one line, no traceback, no process' interrupted_demo_leaves_nothing
fact 'demo on a terminal opens no pager, and ends at ^C' demo_on_a_terminal_opens_no_pager
fact 'demo prints no password, and plain lines off a terminal' demo_prints_no_password
fact 'demo, then down: no process' down_stops_all
fact 'reset after demo' reset_deletes_all
fact 'a run folder with a space in its path works' folder_with_a_space
if ((EUID == 0)); then
  fact 'an ordinary user needs no root' ordinary_user
  fact 'a run folder that cannot be made is named' folder_that_cannot_be_written
fi
fact 'no process is left over' nothing_is_left_over

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
