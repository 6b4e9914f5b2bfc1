# What the commands in this folder, and tests that stop and start servers, share. Source it from bash; call `run_open`
# first, then kafka_start, kafka_stop, pg_start, pg_stop (kafka.sh, postgres.sh). How a process is started, found again
# and stopped is in processes.sh, the same for all; Hourglass's own three programs are in programs.sh.
#
# Everything that runs lives in one run folder, $HOURGLASS_RUN or .run at the top of the repository:
#   .hourglass-run            says that the folder is ours: only such a one is used or deleted
#   lock                      held by whichever command changes what runs
#   ports                     picked at the first start, kept
#   kafka/, kafka.pid, .log   the broker's settings and data; what it said since its start (before it: .log.1)
#   postgres/, ....pid, .log  the same of PostgreSQL; a symbolic link where user postgres cannot reach the run folder
#   postgres.passfile         the passwords of the roles, as libpq reads them (mode 600); nobody else is told them
#   live/                     the live processes: NAME.pid, .keeper, .port (of the admin interface), .log
#   runs/NAME/                the same of a run of a file, and what it read
# shellcheck shell=bash

LOCAL=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
REPOSITORY=$(cd -- "$LOCAL/../.." && pwd -P)
RUN=$(realpath -m -- "${HOURGLASS_RUN:-$REPOSITORY/.run}")
RUN_MARK=$RUN/.hourglass-run

say() { printf '%s\n' "$*" >&2; }

GIVE_UP_STATUS=1

give_up() {
  say "${0##*/}: $*"
  exit "$GIVE_UP_STATUS"
}

# What was typed is wrong: status 2.
refuse() {
  GIVE_UP_STATUS=2
  give_up "$*"
}

# Whether colours, bold and lines that are written over make sense on that descriptor.
is_terminal() { [[ -t $1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; }

# An interrupted command runs the command in UNDO, says one line and ends as the signal would have ended it.
UNDO=:
interrupted() { # number of the signal
  trap '' INT TERM HUP
  launch_undo
  $UNDO || true
  trap - EXIT
  (($1 == 15)) || say "${0##*/}: interrupted"
  exit $((128 + $1))
}
undo_on_interrupt() { # command
  UNDO=$1
  trap 'interrupted 2' INT
  trap 'interrupted 15' TERM
  trap 'interrupted 1' HUP
}

# A command without arguments of its own: --help prints the text, anything else is a mistake.
no_arguments() { # text, arguments...
  local text=$1
  shift
  [[ $# -eq 0 ]] && return 0
  if [[ $1 == --help || $1 == -h ]]; then
    printf '%s\n' "$text"
    exit 0
  fi
  say "$text"
  refuse "unknown argument: $1"
}

now_ms() { printf '%s\n' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }

seconds_since() { # milliseconds
  local ms=$(($(now_ms) - $1))
  printf '%d.%d s\n' $((ms / 1000)) $((ms % 1000 / 100))
}

# Calls a command every 50 ms until it succeeds; fails after that many seconds.
wait_until() { # seconds, command...
  local end=$(($(now_ms) + $1 * 1000))
  shift
  until "$@"; do
    (($(now_ms) < end)) || return 1
    sleep 0.05
  done
}

not() { ! "$@"; }

# ---- The run folder

run_folder() { printf '%s\n' "$RUN"; }

run_is_ours() { [[ -f $RUN_MARK ]]; }

run_open() {
  # Commas and colons separate folders for Kafka and Java; quotes and backslashes mean something in settings files.
  [[ $RUN =~ ^/[A-Za-z0-9/._\ @+=~-]+$ ]] || give_up "cannot use $RUN as run folder: give HOURGLASS_RUN a plainer path"
  run_is_ours && return 0
  if [[ -e $RUN && (! -d $RUN || -n $(ls -A -- "$RUN")) ]]; then
    give_up "$RUN is in use for something else: set HOURGLASS_RUN to a folder that is empty or not there yet"
  fi
  install -d -m 0755 -- "$RUN" 2>/dev/null && [[ -w $RUN ]] ||
    give_up "cannot write $RUN: set HOURGLASS_RUN to a folder of yours"
  printf 'Run folder of Hourglass: deploy/local/reset deletes it.\n' >"$RUN_MARK"
}

# Waits for its turn among commands that change what runs; held until the process ends. A lock that was deleted while
# we waited for it (by reset) protects nothing, so it is asked for again.
run_lock() {
  local i
  for i in 1 2 3 4 5; do
    run_open
    exec 9>"$RUN/lock"
    flock -w 180 9 || give_up "another command has held $RUN/lock for three minutes"
    [[ /proc/self/fd/9 -ef $RUN/lock ]] && run_is_ours && return 0
  done
  give_up "$RUN was deleted $i times while waiting for it"
}

run_unlock() { exec 9>&-; }

# ---- Ports

# Somebody listens on it. Fields of /proc/net/tcp are number, local address, remote address, state.
port_is_taken() { # port
  local hex tables=(/proc/net/tcp)
  hex=$(printf ':%04X' "$1")
  [[ ! -r /proc/net/tcp6 ]] || tables+=(/proc/net/tcp6)
  awk -v port="$hex" '$4 == "0A" && index($2, port) { found = 1 } END { exit !found }' "${tables[@]}"
}

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # port

port_of() { # name; prints nothing before the first start
  local name port
  [[ -f $RUN/ports ]] || return 0
  while read -r name port; do
    [[ $name != "$1" ]] || printf '%s\n' "$port"
  done <"$RUN/ports"
}

# Below the range that the kernel takes for outgoing connections, so that ours is free again after a stop.
port_pick() { # name
  local port i
  for ((i = 0; i < 1000; i++)); do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    port_is_taken "$port" && continue
    { [[ ! -f $RUN/ports ]] || awk -v name="$1" '$1 != name' "$RUN/ports"; } >"$RUN/ports.new"
    printf '%s %s\n' "$1" "$port" >>"$RUN/ports.new"
    mv -- "$RUN/ports.new" "$RUN/ports"
    return 0
  done
  give_up "found no free port from 20000 to 31999"
}

# To be called when the server of that port does not run: keeps the port, unless somebody else took it meanwhile.
port_reserve() { # name
  local port
  port=$(port_of "$1")
  [[ -n $port ]] && ! port_is_taken "$port" && return 0
  port_pick "$1"
  [[ -z $port ]] || say "$1: port $port was taken by another process, now $(port_of "$1")"
}

# ---- Files

# Copies a settings file of this folder, each @NAME@ replaced by its value.
fill_in() { # from, to, NAME=value...
  local text pair from=$1 to=$2
  text=$(<"$from")
  shift 2
  for pair in "$@"; do
    text=${text//"@${pair%%=*}@"/"${pair#*=}"}
  done
  printf '%s\n' "$text" >"$to"
  chmod 0644 -- "$to"
}

show_end_of_log() { # file
  say "--- the end of $1:"
  tail -n 20 -- "$1" >&2 || true
}

# shellcheck source=deploy/local/processes.sh
source "$LOCAL/processes.sh"
# shellcheck source=deploy/local/kafka.sh
source "$LOCAL/kafka.sh"
# shellcheck source=deploy/local/postgres.sh
source "$LOCAL/postgres.sh"
# shellcheck source=deploy/local/programs.sh
source "$LOCAL/programs.sh"

# ---- Both servers

servers_are_ready() { kafka_is_ready && pg_is_ready; }

# Starts both unless they run. The caller holds the lock.
servers_start() {
  kafka_launch
  pg_launch # while Kafka gets ready
  pg_wait
  kafka_wait
}

servers_stop() {
  pg_stop term
  kafka_stop term
}

# Starts what does not run, and undoes that if it is interrupted.
servers_want() {
  local begin stop_kafka=: stop_postgres=:
  servers_are_ready && return 0
  run_lock
  kafka_is_alive || stop_kafka=kafka_stop
  pg_is_alive || stop_postgres=pg_stop
  servers_undo() {
    "$stop_kafka" term
    "$stop_postgres" term
  }
  undo_on_interrupt servers_undo
  begin=$(now_ms)
  servers_start
  undo_on_interrupt :
  run_unlock
  say "Kafka on 127.0.0.1:$(port_of kafka), PostgreSQL on 127.0.0.1:$(port_of postgres), after $(seconds_since "$begin")"
}
