# How every process of the run folder is started, found again and stopped. Sourced by lib.sh.
#
# A process has a pid file, NAME.pid. A pid file outlives kill -9 and a reboot, and pids are used again: a process is the
# one that was started only if an argument of it names a file of this run folder as well. One that is kept has a keeper,
# which starts it again (supervisor.sh); the keeper's pid is in NAME.keeper.
# shellcheck shell=bash

# Starts a process in the background; the pid file is written once this returns. Modes:
#   once    no keeper. Cut off from the caller: its session, its folder, its open files (a caller that reads our output
#           through a pipe must see its end)
#   keep    the same, and kept until kept_stop
#   bound   kept until kept_stop or the caller's end, however that comes
#   job     bound, and kept only when a signal killed it; in the caller's folder, with its output and errors. The keeper,
#           $LAUNCHED, ends with its exit status
launch() { # mode, pid file, log file, command...
  local mode=$1 pid_file=$2 log=$3 bound=()
  shift 3
  [[ $mode != bound && $mode != job ]] || bound=(setpriv --pdeathsig TERM --)
  rm -f -- "$pid_file"
  if [[ $mode == job ]]; then
    "${bound[@]}" setsid bash "$LOCAL/supervisor.sh" "$mode" "$pid_file" "$@" &
  else
    [[ ! -f $log ]] || mv -f -- "$log" "$log.1"
    (
      cd /
      umask 077
      exec "${bound[@]}" setsid bash "$LOCAL/supervisor.sh" "$mode" "$pid_file" "$@" </dev/null >"$log" 2>&1
    ) &
  fi
  LAUNCHED=$! # the keeper, for the caller to wait for
  LAUNCHING=$LAUNCHED
  export LAUNCHED
  ((${#bound[@]})) || disown
  wait_until 10 test -s "$pid_file" || give_up "cannot start $1"
  LAUNCHING=''
}

# Ends what is just being launched: it has no pid file yet by which it would be found.
LAUNCHING=''
launch_undo() {
  [[ -n $LAUNCHING ]] && kill "$LAUNCHING" 2>/dev/null || return 0
  wait "$LAUNCHING" 2>/dev/null || true # one that was cut off from us is no child any more
  wait_until 10 not kill -0 "$LAUNCHING" 2>/dev/null || true
}

# Prints the pid in the file if that process was started with the argument.
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

# ---- Kept processes, each named by its pid file. Each is started with --admin-port-file NAME.port.

kept_port_file() { printf '%s\n' "${1%.pid}.port"; }

kept_pid() { launched_pid "$1" "$(kept_port_file "$1")"; }

keeper_pid() { launched_pid "${1%.pid}.keeper" "$1"; }

# It runs, or is about to be started again.
kept_is_alive() { kept_pid "$1" >/dev/null || keeper_pid "$1" >/dev/null; }

kept_port() { cat -- "$(kept_port_file "$1")" 2>/dev/null; }

# Prints what its admin interface answers; fails unless that is a success.
kept_ask() { # pid file, path
  local port
  port=$(kept_port "$1") && [[ -n $port ]] && kept_pid "$1" >/dev/null &&
    curl -sf --max-time 2 "http://127.0.0.1:$port$2" 2>/dev/null
}

kept_is_ready() { kept_ask "$1" /readyz >/dev/null; }

kept_signal() { # signal, pid file
  local pid
  for pid in $(keeper_pid "$2") $(kept_pid "$2"); do
    kill -s "$1" "$pid" 2>/dev/null || true
  done
}

# Stops them, the keepers first so that nothing is started again, and all at once. Those that run on after 10 s are killed.
kept_stop() { # pid files...
  local file
  for file in "$@"; do
    kept_signal TERM "$file"
  done
  for file in "$@"; do
    if ! wait_until 10 not kept_is_alive "$file"; then
      say "${file%.pid} still ran 10 s after SIGTERM: killing it"
      kept_signal KILL "$file"
      wait_until 30 not kept_is_alive "$file" || give_up "${file%.pid} outlives SIGKILL"
    fi
    rm -f -- "$file" "${file%.pid}.keeper" "$(kept_port_file "$file")"
  done
}

# Prints the pid files of all kept processes, those of files' runs included.
kept_files() {
  local file
  for file in "$RUN"/live/*.pid "$RUN"/runs/*/*.pid; do
    [[ ! -f $file ]] || printf '%s\n' "$file"
  done
}

kept_stop_all() {
  local files
  mapfile -t files < <(kept_files)
  kept_stop "${files[@]}"
}
