# Kafka for the run folder. Sourced by lib.sh.
# shellcheck shell=bash

KAFKA_VERSION=4.3.1
KAFKA_SUMS=$LOCAL/kafka-jars.sha256
KAFKA_JARS=${XDG_CACHE_HOME:-${HOME:?}/.cache}/hourglass/kafka-$KAFKA_VERSION # shared by all clones of a user
KAFKA_HOME=$RUN/kafka
KAFKA_PID=$RUN/kafka.pid
KAFKA_LOG=$RUN/kafka.log

# Compares a folder of jars with kafka-jars.sha256. Names each jar that is missing, different or not in the list.
kafka_jars_check() { # folder
  local folder=$1 problems
  [[ -d $folder ]] || return 1
  problems=$(
    cd -- "$folder" || exit 1
    LC_ALL=C sha256sum --check --quiet -- "$KAFKA_SUMS" 2>/dev/null || true
    comm -13 <(awk '{ print $2 }' "$KAFKA_SUMS" | LC_ALL=C sort) \
      <(find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort) | awk '{ print $0 ": NOT IN THE LIST" }'
  )
  [[ -z $problems ]] && return 0
  say "$problems"
  return 1
}

# Exactly the listed jars: what else may lie in the folder is never loaded.
kafka_classpath() { awk -v folder="$KAFKA_JARS" '{ printf "%s%s/%s", (NR > 1 ? ":" : ""), folder, $2 }' "$KAFKA_SUMS"; }

kafka_pid() { launched_pid "$KAFKA_PID" "$KAFKA_HOME/server.properties"; }

kafka_is_alive() { kafka_pid >/dev/null; }

# The broker has said that it is registered and takes requests, and its port is open.
kafka_is_ready() {
  kafka_is_alive && grep -Fq -m1 'Kafka Server started' "$KAFKA_LOG" && port_answers "$(port_of kafka)"
}

kafka_is_ready_or_dead() { kafka_is_ready || ! kafka_is_alive; }

kafka_check_installed() {
  command -v java >/dev/null || give_up "no java here: run deploy/local/install first"
  kafka_jars_check "$KAFKA_JARS" ||
    give_up "$KAFKA_JARS does not hold Kafka $KAFKA_VERSION: run deploy/local/install first"
}

kafka_settings() { # data folder
  fill_in "$LOCAL/kafka.properties" "$KAFKA_HOME/server.properties" "DATA=$1" \
    "KAFKA_PORT=$(port_of kafka)" "CONTROLLER_PORT=$(port_of controller)"
}

# Made under another name first: a data folder that was begun and not finished is never started.
kafka_format() {
  local id
  [[ -d $KAFKA_HOME/data ]] && return 0
  rm -rf -- "$KAFKA_HOME/data.new"
  kafka_settings "$KAFKA_HOME/data.new"
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')
  java -Xmx128m -XX:TieredStopAtLevel=1 -cp "$(kafka_classpath)" kafka.tools.StorageTool format -t "$id" \
    -c "$KAFKA_HOME/server.properties" >"$KAFKA_HOME/format.log" 2>&1 ||
    { show_end_of_log "$KAFKA_HOME/format.log"; give_up "cannot make Kafka's data folder"; }
  mv -- "$KAFKA_HOME/data.new" "$KAFKA_HOME/data"
}

kafka_launch() {
  kafka_is_alive && return 0
  kafka_check_installed
  mkdir -p -- "$KAFKA_HOME"
  port_reserve kafka
  port_reserve controller
  kafka_format
  kafka_settings "$KAFKA_HOME/data"
  launch once "$KAFKA_PID" "$KAFKA_LOG" \
    java -Xms256m -Xmx512m -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
    -Dorg.slf4j.simpleLogger.showDateTime=true "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS" \
    -cp "$(kafka_classpath)" kafka.Kafka "$KAFKA_HOME/server.properties"
}

kafka_wait() {
  wait_until 120 kafka_is_ready_or_dead || true
  kafka_is_ready && return 0
  show_end_of_log "$KAFKA_LOG"
  give_up "Kafka did not get ready"
}

# Starts the broker unless it runs, and returns once it takes requests.
kafka_start() {
  kafka_launch
  kafka_wait
}

# Stops the broker if it runs. term: in good order; kill: SIGKILL, at any instruction.
kafka_stop() { # term | kill
  local pid signal=TERM
  [[ ${1:-term} == kill ]] && signal=KILL
  pid=$(kafka_pid) || return 0
  signal_and_wait Kafka "$signal" 30 kafka_is_alive "$pid"
}
