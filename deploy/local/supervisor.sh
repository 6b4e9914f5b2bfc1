#!/bin/bash
# The process that processes.sh starts: it becomes the command, or keeps it running.
#
#   supervisor.sh once|keep|bound|job PID_FILE COMMAND...
#
# Kept is a command that is started again after each end, until this process is told to end. It is not started again after
# an exit status that another start cannot change (64 usage, 78 configuration); as a job, only after a signal killed it.
set -u
mode=$1 pid_file=$2
shift 2

# Nothing of the caller's stays open; 255 is this script.
for fd in /proc/self/fd/*; do
  fd=${fd##*/}
  ((fd <= 2 || fd == 255)) || exec {fd}>&-
done

# A reader sees a whole number, or the file that was there before.
write_pid() { # pid, file
  echo "$1" >"$2.new" && mv -f -- "$2.new" "$2"
}

if [[ $mode == once ]]; then
  write_pid $$ "$pid_file"
  exec "$@"
fi

child='' told=false

tell() {
  told=true
  [[ -z $child ]] || kill "$child" 2>/dev/null
}
trap tell TERM INT HUP

# It ends with its keeper.
run_once() {
  setpriv --pdeathsig TERM -- "$@" <&0 &
  child=$!
  ! $told || kill "$child" 2>/dev/null
  write_pid "$child" "$pid_file"
  wait "$child"
  status=$?
  while kill -0 "$child" 2>/dev/null; do # a signal to us ended the wait
    wait "$child"
    status=$?
  done
  child=''
}

is_final() { # status
  case $mode in
    job) (($1 <= 128)) ;;
    *) (($1 == 64 || $1 == 78)) ;;
  esac
}

pause() { # seconds
  sleep "$1" &
  child=$!
  ! $told || kill "$child" 2>/dev/null
  wait "$child"
  child=''
}

write_pid $$ "${pid_file%.pid}.keeper"
while run_once "$@"; ! $told && ! is_final "$status"; do
  # One that fails by itself does so again: not at once.
  if ((status > 128)); then pause 0.1; else pause 1; fi
done
exit "$status"
