# PostgreSQL for the run folder. Sourced by lib.sh. Debian's own cluster (port 5432) is never touched.
# shellcheck shell=bash

PG_HOME=$RUN/postgres
PG_PID=$RUN/postgres.pid
PG_LOG=$RUN/postgres.log
PG_PASSFILE=$RUN/postgres.passfile # HOST:PORT:DATABASE:ROLE:PASSWORD a line
PG_FAR=/var/lib/postgresql # for data that cannot be in the run folder

# PostgreSQL refuses to run as root, so root becomes Debian's user for it. (setpriv leaves no process behind.)
PG_AS=()
((EUID != 0)) || PG_AS=(setpriv --reuid postgres --regid postgres --init-groups --)

pg_bin() {
  local version folder
  if version=$(cat "$PG_HOME/data/PG_VERSION" 2>/dev/null); then
    folder=/usr/lib/postgresql/$version/bin
  else
    folder=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV | head -n 1)
  fi
  [[ -x $folder/postgres ]] || give_up "no PostgreSQL server in $folder: run deploy/local/install first"
  printf '%s\n' "$folder"
}

# With no symbolic link left: user postgres may be unable to follow it.
pg_data() { realpath -m -- "$PG_HOME/data"; }

pg_pid() { launched_pid "$PG_PID" "$(pg_data)"; }

pg_is_alive() { pg_pid >/dev/null; }

# PostgreSQL's own file says so: line 1 is its pid, line 8 its state.
pg_is_ready() {
  local pid lines=()
  pid=$(pg_pid) || return 1
  mapfile -t lines 2>/dev/null <"$PG_HOME/data/postmaster.pid" || return 1
  [[ ${lines[0]:-} == "$pid" && ${lines[7]:-} == ready* ]] && port_answers "$(port_of postgres)"
}

pg_is_ready_or_dead() { pg_is_ready || ! pg_is_alive; }

# Processes of our cluster that outlived their parent: they leave by themselves, but not at once.
pg_orphans() {
  local process
  find /proc -maxdepth 2 -name cwd -lname "$(pg_data)" -printf '%h\n' 2>/dev/null | while read -r process; do
    [[ $(cat "$process/comm" 2>/dev/null) != postgres ]] || printf '%s\n' "${process##*/}"
  done
}

pg_has_no_orphans() { [[ -z $(pg_orphans) ]]; }

pg_clear_orphans() {
  wait_until 5 pg_has_no_orphans && return 0
  say "PostgreSQL's processes $(pg_orphans | xargs) outlived their parent by 5 s: killing them"
  pg_orphans | xargs -r kill -s KILL 2>/dev/null || true
  wait_until 10 pg_has_no_orphans || give_up "PostgreSQL's processes $(pg_orphans | xargs) outlive SIGKILL"
}

# The passwords are in one file that only its owner may read. They are in no argument (ps shows those to
# everybody), in no variable and in no output: an address names the file.
pg_password() { awk -F : -v role="$1" '$4 == role { print $5 }' "$PG_PASSFILE" 2>/dev/null; } # role

pg_make_passfile() {
  local role
  [[ -s $PG_PASSFILE ]] && return 0
  [[ ! -d $PG_HOME/data ]] || give_up "$PG_PASSFILE is not there any more, its passwords are lost: run deploy/local/reset"
  for role in postgres hourglass hourglass_settler; do
    printf '127.0.0.1:*:*:%s:%s\n' "$role" "$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"
  done | install -m 0600 -- /dev/stdin "$PG_PASSFILE.new"
  mv -- "$PG_PASSFILE.new" "$PG_PASSFILE"
}

# Of what run_open allows in a path, these characters mean something else in an address.
url_escaped() { # path
  local path=${1//%/%25}
  path=${path// /%20}
  path=${path//+/%2B}
  path=${path//@/%40}
  printf '%s\n' "${path//=/%3D}"
}

pg_url() { # role, database; prints nothing before the first start
  [[ -f $PG_PASSFILE ]] || return 0
  printf 'postgresql://%s@127.0.0.1:%s/%s?passfile=%s\n' "$1" "$(port_of postgres)" "$2" "$(url_escaped "$PG_PASSFILE")"
}

# Makes the folder of PostgreSQL's user: in the run folder, or beside Debian's clusters if that user may not enter it
# (a clone in /root, say).
pg_make_home() {
  local far
  [[ -d $PG_HOME ]] && return 0
  rm -f -- "$PG_HOME"
  if ((EUID != 0)); then
    install -d -m 0700 -- "$PG_HOME"
  elif "${PG_AS[@]}" test -x "$RUN"; then
    install -d -m 0700 -o postgres -g postgres -- "$PG_HOME"
  else
    far=$("${PG_AS[@]}" mktemp -d "$PG_FAR/hourglass.XXXXXXXX") ||
      give_up "user postgres may write to neither $RUN nor $PG_FAR"
    ln -s -- "$far" "$PG_HOME"
  fi
}

# The owner makes schemas, and what lies in them; no roles, no databases. hourglass_settler can do in a schema what
# grant_settler there gave it. Nobody but the owner makes temporary tables: they come before others of their name.
pg_sql_of_owner() {
  printf "CREATE ROLE hourglass LOGIN PASSWORD '%s';\n" "$(pg_password hourglass)"
  printf "CREATE ROLE hourglass_settler LOGIN PASSWORD '%s';\n" "$(pg_password hourglass_settler)"
  printf 'CREATE DATABASE hourglass OWNER hourglass;\n'
  printf 'REVOKE TEMPORARY ON DATABASE hourglass FROM PUBLIC;\n'
}

pg_initdb() { # bin, data folder
  local password=${2%/*}/password
  cd / || return 1
  # shellcheck disable=SC2016 # expanded by the inner shell
  pg_password postgres | "${PG_AS[@]}" sh -c 'umask 077; cat >"$1"' sh "$password" || return 1
  "${PG_AS[@]}" "$1/initdb" -D "$2" -U postgres -A scram-sha-256 --pwfile="$password" \
    -E UTF8 --locale=C.UTF-8 --data-checksums || return 1
  rm -f -- "$password"
  pg_sql_of_owner | "${PG_AS[@]}" "$1/postgres" --single -D "$2" -c exit_on_error=on postgres
}

# Made under another name first, database and owner included: a cluster begun and not finished is never started.
pg_init() {
  local bin new log=$RUN/postgres.init.log
  new=$(pg_data).new
  pg_make_passfile
  [[ -d $PG_HOME/data ]] && return 0
  bin=$(pg_bin) || exit 1
  rm -rf -- "$new"
  (umask 077 && pg_initdb "$bin" "$new" >"$log" 2>&1) || {
    show_end_of_log "$log"
    give_up "cannot make PostgreSQL's cluster"
  }
  mv -- "$new" "$PG_HOME/data"
}

pg_launch() {
  local bin
  pg_is_alive && return 0
  pg_make_home
  port_reserve postgres
  pg_init
  bin=$(pg_bin) || exit 1
  pg_clear_orphans
  # None of its processes is left, so the file is stale; PostgreSQL would believe it if its pid were in use again.
  rm -f -- "$PG_HOME/data/postmaster.pid"
  fill_in "$LOCAL/postgresql.conf" "$PG_HOME/postgresql.conf" "POSTGRES_PORT=$(port_of postgres)"
  launch once "$PG_PID" "$PG_LOG" "${PG_AS[@]}" \
    "$bin/postgres" -D "$(pg_data)" -c "config_file=$(realpath -- "$PG_HOME/postgresql.conf")"
}

pg_wait() {
  wait_until 120 pg_is_ready_or_dead || true
  pg_is_ready && return 0
  show_end_of_log "$PG_LOG"
  give_up "PostgreSQL did not get ready"
}

# Starts the server unless it runs, and returns once it takes connections.
pg_start() {
  pg_launch
  pg_wait
}

# Stops the server if it runs. term: in good order, open sessions are cut off (SIGINT: at SIGTERM it would wait for
# them); kill: SIGKILL, at any instruction.
pg_stop() { # term | kill
  local pid signal=INT
  [[ ${1:-term} == kill ]] && signal=KILL
  pid=$(pg_pid) || return 0
  signal_and_wait PostgreSQL "$signal" 60 pg_is_alive "$pid"
  pg_clear_orphans
}

# Deletes the data outside the run folder, if it does.
pg_delete_far() {
  local far
  far=$(readlink -- "$PG_HOME") || return 0
  [[ $far != "$PG_FAR"/hourglass.* ]] || rm -rf -- "$far"
}
