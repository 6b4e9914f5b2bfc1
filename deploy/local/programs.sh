# Hourglass's own programs: where they are built, and how each is started. Sourced by lib.sh.
# shellcheck shell=bash

BUILD=${HOURGLASS_BUILD:-$REPOSITORY/build}
BUILD_LOGS=$REPOSITORY/build-logs
LIVE=$RUN/live
LIVE_PROGRAMS=(collector aggregator settler)
LIVE_PARTITIONS=4

# The last lines of what a part of a build said go to standard error if it failed.
build_step() { # name, command...
  local log=$BUILD_LOGS/$1.log
  "${@:2}" >"$log" 2>&1 && return 0
  show_end_of_log "$log"
  return 1
}

# Builds what is not built yet or is older than its source. One at a time: a second waits.
programs_build() {
  command -v meson >/dev/null && command -v ninja >/dev/null || give_up "no meson or ninja here: run deploy/local/install first"
  mkdir -p -- "$BUILD_LOGS" 2>/dev/null && [[ -w $BUILD_LOGS ]] || give_up "cannot write $BUILD_LOGS: build somewhere else and set HOURGLASS_BUILD"
  exec 8>"$BUILD_LOGS/lock"
  flock 8
  [[ -f $BUILD/build.ninja ]] || build_step setup meson setup -Dtests=false "$BUILD" "$REPOSITORY" || give_up 'meson setup failed'
  build_step build ninja -C "$BUILD" || give_up 'the build failed'
  exec 8>&-
}

program() { # name; prints its path
  case $1 in
    hourglass) printf '%s\n' "$BUILD/cli/hourglass" ;;
    collector) printf '%s\n' "$BUILD/collectors/hourglass-collector" ;;
    *) printf '%s\n' "$BUILD/$1/hourglass-$1" ;;
  esac
}

# Builds only if a program is not there: what is there may be under test.
programs_want() {
  local name
  for name in hourglass "${LIVE_PROGRAMS[@]}"; do
    [[ -x $(program "$name") ]] || {
      say "Building in $BUILD"
      programs_build
      break
    }
  done
  BUILD=$(realpath -- "$BUILD")
}

# Starts one, kept, with an admin interface. Its files are in the folder, under its name and what is put behind.
program_launch() { # mode, folder, program, behind the name, arguments...
  local mode=$1 name=$2/$3$4 program
  program=$(program "$3")
  rm -f -- "$name.port"
  launch "$mode" "$name.pid" "$name.log" "$program" --kafka "127.0.0.1:$(port_of kafka)" --admin-port-file "$name.port" \
    "${@:5}"
}

# Makes or updates the schema as its owner, and gives the settler's role what it needs there. In a process of its own: an
# interrupt is then told on standard error, not in the file.
schema_migrate() { # schema, file for what is said
  local url
  url=$(pg_url hourglass hourglass)
  (
    "$(program hourglass)" db migrate --database "$url" --schema "$1" &&
      psql -XqAt -v ON_ERROR_STOP=1 "$url" -c "SET search_path = \"$1\"" -c "SELECT grant_settler('hourglass_settler')"
  ) >"$2" 2>&1
}

settler_arguments() { # schema; sets SETTLER
  SETTLER=(--database "$(pg_url hourglass_settler hourglass)" --schema "$1")
}

# ---- The live processes

live_file() { printf '%s\n' "$LIVE/$1.pid"; } # name

live_url() { # prints nothing unless a collector was started
  [[ ! -f $(live_file collector) ]] || printf 'http://127.0.0.1:%s/v1/events\n' "$(port_of collector)"
}

live_is_ready() {
  local name
  for name in "${LIVE_PROGRAMS[@]}"; do
    kept_is_ready "$(live_file "$name")" || return 1
  done
}

live_has_failed() { # a keeper went
  local name
  for name in "${LIVE_PROGRAMS[@]}"; do
    kept_is_alive "$(live_file "$name")" || return 0
  done
  return 1
}

live_is_ready_or_failed() { live_is_ready || live_has_failed; }

live_launch() { # name, arguments...
  kept_is_alive "$(live_file "$1")" && return 0
  program_launch keep "$LIVE" "$1" '' "${@:2}"
}

# Starts those that do not run. The caller holds the lock, both servers run.
live_start() {
  mkdir -p -- "$LIVE"
  "$(program hourglass)" init --kafka "127.0.0.1:$(port_of kafka)" --partitions "$LIVE_PARTITIONS" --replicas 1 \
    --catalog "$LOCAL/catalog.yaml" || return
  schema_migrate hourglass "$LIVE/schema.log" || { show_end_of_log "$LIVE/schema.log"; return 75; }
  settler_arguments hourglass
  live_launch aggregator --instance live-0
  live_launch settler --instance live-0 "${SETTLER[@]}"
  kept_is_alive "$(live_file collector)" || port_reserve collector
  live_launch collector --http-port "$(port_of collector)"
}

live_wait() {
  local name
  wait_until 60 live_is_ready_or_failed || true
  live_is_ready && return 0
  for name in "${LIVE_PROGRAMS[@]}"; do
    kept_is_ready "$(live_file "$name")" || show_end_of_log "$LIVE/$name.log"
  done
  return 75
}

live_stop() {
  local name files=()
  for name in "${LIVE_PROGRAMS[@]}"; do
    files+=("$(live_file "$name")")
  done
  kept_stop "${files[@]}"
}
