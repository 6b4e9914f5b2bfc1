# What the commands in this folder, and tests that stop and start servers, share. Source it from bash; call `run_open`
# first, then kafka_start, kafka_stop, pg_start, pg_stop (kafka.sh, postgres.sh).
#
# Everything that runs lives in one run folder, $HOURGLASS_RUN or .run at the top of the repository:
#   .hourglass-run            says that the folder is ours: only such a one is used or deleted
#   lock                      held by whichever command changes what runs
#   ports                     picked at the first start, kept
#   kafka/, kafka.pid, .log   the broker's settings and data; what it said since its start (before it: .log.1)
#   postgres/, ....pid, .log  the same of PostgreSQL; a symbolic link where user postgres cannot reach the run folder
#   postgres.passwords        "role password" a line
#   live.url                  where the live collector listens, if one does (written by whoever starts it)
# shellcheck shell=bash

LOCAL=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
REPOSITORY=$(cd -- "$LOCAL/../.." && pwd -P)
RUN=$(realpath -m -- "${HOURGLASS_RUN:-$REPOSITORY/.run}")
RUN_MARK=$RUN/.hourglass-run

say() { printf '%s\n' "$*" >&2; }

give_up() {
  say "${0##*/}: $*"
  exit 1
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
  say "${0##*/}: unknown argument: $1"
  say "$text"
  exit 2
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

# Where meson built the programs that run here.
build_folder() {
  local folder=${HOURGLASS_BUILD:-$REPOSITORY/build}
  [[ -f $folder/build.ninja ]] || give_up "nothing is built in $folder: meson setup build && ninja -C build"
  realpath -- "$folder"
}

run_is_ours() { [[ -f $RUN_MARK ]]; }

run_open() {
  # Commas and colons separate folders for Kafka and Java; quotes and backslashes mean something in settings files.
  [[ $RUN =~ ^/[A-Za-z0-9/._\ @+=~-]+$ ]] || give_up "cannot use $RUN as run folder: give HOURGLASS_RUN a plainer path"
  run_is_ours && return 0
  if [[ -e $RUN && (! -d $RUN || -n $(ls -A -- "$RUN")) ]]; then
    give_up "$RUN is in use for something else: set HOURGLASS_RUN to a folder that is empty or not there yet"
  fi
  install -d -m 0755 -- "$RUN"
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

# ---- Processes and files

# Runs a command in the background, cut off from the caller: its session, its directory, its open files (a caller that
# reads our output through a pipe must see its end). The pid stands in the file before the command begins.
launch() { # pid file, log file, command...
  local pid_file=$1 log=$2
  shift 2
  [[ ! -f $log ]] || mv -f -- "$log" "$log.1"
  rm -f -- "$pid_file"
  (
    cd /
    umask 077
    # shellcheck disable=SC2016 # expanded by the inner shell
    exec setsid bash -c '
      for fd in /proc/$$/fd/*; do
        fd=${fd##*/}
        ((fd > 2)) && exec {fd}>&-
      done
      echo $$ >"$1"
      shift
      exec "$@"' launch "$pid_file" "$@" </dev/null >"$log" 2>&1
  ) &
  disown
  wait_until 10 test -s "$pid_file" || give_up "cannot start $1"
}

# Prints the pid that stands in the file if that process was started with the argument. A pid file outlives kill -9 and
# a reboot, and a pid is reused: without the argument it is somebody else.
launched_pid() { # pid file, argument
  local pid arguments word
  read -r pid 2>/dev/null <"$1" && [[ $pid =~ ^[0-9]+$ ]] || return 1
  mapfile -d '' -t arguments 2>/dev/null <"/proc/$pid/cmdline" || return 1
  for word in "${arguments[@]}"; do
    [[ $word != "$2" ]] || { printf '%s\n' "$pid"; return 0; }
  done
  return 1
}

signal_and_wait() { # name, signal, seconds, is-alive command, pid
  local name=$1 signal=$2 seconds=$3 is_alive=$4 pid=$5
  kill -s "$signal" "$pid" 2>/dev/null || true
  wait_until "$seconds" not "$is_alive" && return 0
  say "$name (pid $pid) still ran $seconds s after SIG$signal: killing it"
  kill -s KILL "$pid" 2>/dev/null || true
  wait_until 30 not "$is_alive" || give_up "$name (pid $pid) outlives SIGKILL"
}

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

# shellcheck source=deploy/local/kafka.sh
source "$LOCAL/kafka.sh"
# shellcheck source=deploy/local/postgres.sh
source "$LOCAL/postgres.sh"
