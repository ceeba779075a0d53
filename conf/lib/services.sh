# Starting and stopping the servers of a stack. Sourced after stack.sh.
#
#   stack_start SERVICE           postgres, coturn, janus or nginx; returns when it answers, fails with the end of its log
#   stack_stop SERVICE [SIGNAL]   TERM by default; returns when its process is gone, after 15 s by force
#   stack_destroy                 stops what runs, in order, and removes the folder
#
# A process is known by its id and the moment it began, in DIR/run/<service>.pid and .began; its command line does not tell,
# since nginx rewrites that while it starts.

stack_services=(postgres coturn janus nginx)

stack_start() {
  local service=$1
  case $service in
    postgres) start_postgres ;;
    coturn) launch coturn turnserver -c "${STACK[dir]}/config/turnserver.conf" ;;
    janus) start_janus ;;
    nginx) launch nginx /usr/sbin/nginx -p "${STACK[dir]}" -e stderr -c "${STACK[dir]}/config/nginx.conf" ;;
    *) fail "no such service: $service" ;;
  esac
  await_answer "$service"
  if [[ $service == postgres ]]; then prepare_database; fi
}

# launch SERVICE COMMAND...: in a session of its own, so that a Ctrl-C reaches only the script, which stops in order.
launch() {
  local service=$1 dir=${STACK[dir]}
  shift
  HOME=$dir setsid "${enter_namespace[@]}" "${drop_rights[@]}" "$@" >>"$dir/log/$service.log" 2>&1 </dev/null &
  echo $! >"$dir/run/$service.pid"
  process_began $! >"$dir/run/$service.began" || true
  # It is this script still, until it has become COMMAND.
  until grep -qsF "$dir" "/proc/$!/cmdline" || process_gone $!; do sleep 0.01; done
}

# In front of the command that launch runs; only Janus ever has one.
enter_namespace=()

await_answer() {
  local service=$1 deadline=$((SECONDS + 60))
  until "answers_$service"; do
    if ! stack_running "$service"; then fail "$service ended while starting:" "$(stack_log_end "$service")"; fi
    if ((SECONDS > deadline)); then fail "$service does not answer after 60 s:" "$(stack_log_end "$service")"; fi
    sleep 0.05
  done
}

stack_log_end() { tail -n "${2:-25}" "${STACK[dir]}/log/$1.log" | sed 's/^/  | /'; }

stack_pid() { cat "${STACK[dir]}/run/$1.pid" 2>/dev/null; }

# Whether the service's process is there, is ours, and is more than a zombie that waits to be reaped.
stack_running() {
  local pid
  pid=$(stack_pid "$1") || return 1
  [[ $(process_began "$pid") == "$(<"${STACK[dir]}/run/$1.began")" ]] && ! process_gone "$pid"
}

# In clock ticks after the machine's start: field 22 of proc(5)'s stat, counted behind the name in brackets.
process_began() { sed -E 's/.*\) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

process_gone() { ! [[ -e /proc/$1 ]] || grep -qs '^State:.Z' "/proc/$1/status"; }

stack_stop() {
  local service=$1 signal=${2:-TERM} pid deadline=$((SECONDS + 15))
  stack_running "$service" || return 0
  pid=$(stack_pid "$service")
  if [[ $service == postgres && $signal == TERM ]]; then signal=INT; fi # "fast": does not wait for clients to leave
  kill "-$signal" "$pid" 2>/dev/null || true
  while stack_running "$service"; do
    if ((SECONDS > deadline)); then kill -KILL "$pid" 2>/dev/null || true; fi
    sleep 0.05
  done
  rm -f "${STACK[dir]}/run/$service".{pid,began}
}

stack_destroy() {
  local service
  for service in nginx janus coturn postgres; do stack_stop "$service"; done
  rm -rf "${STACK[dir]}"
}

# --- Postgres --------------------------------------------------------------------------------------------------------

postgres_bin() { dirname "$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)"; }

# owner_url: connects as the tables' owner; for migrations and for looking at rows, never for the plugin.
owner_url() { printf 'postgresql://callroom_owner@/callroom?host=%s/run' "${STACK[dir]}"; }

start_postgres() {
  local dir=${STACK[dir]} bin sync=()
  bin=$(postgres_bin)
  if [[ ! -e $dir/pg/PG_VERSION ]]; then
    if [[ ${STACK[fsync]} == off ]]; then sync=(--no-sync); fi
    "${drop_rights[@]}" "$bin/initdb" -D "$dir/pg" -U callroom_owner --auth=trust -E UTF8 --locale=C.UTF-8 "${sync[@]}" \
      >"$dir/log/initdb.log" 2>&1 || fail "initdb failed:" "$(tail -n 20 "$dir/log/initdb.log")"
  fi
  # Trust is enough here: the only way in is the socket, in a folder that nobody else can enter.
  launch postgres "$bin/postgres" -D "$dir/pg" -k "$dir/run" -c listen_addresses= -c "fsync=${STACK[fsync]}" \
    -c max_connections=40 -c timezone=UTC -c log_timezone=UTC
}

answers_postgres() { psql -qtAX -d "postgresql://callroom_owner@/postgres?host=${STACK[dir]}/run" -c 'SELECT 1' >/dev/null 2>&1; }

# Once: the database, its tables, and the administrator whom the panel's requests act for.
prepare_database() {
  local dir=${STACK[dir]}
  if [[ -e $dir/pg/migrated ]]; then return 0; fi
  createdb -h "$dir/run" -U callroom_owner callroom
  "$project/sql/migrate" "$(owner_url)" >"$dir/log/migrate.log" 2>&1 || fail "migrating failed:" "$(cat "$dir/log/migrate.log")"
  psql -qX -d "$(owner_url)" -v ON_ERROR_STOP=1 -v user="${STACK[plugin.database.admin_user]}" \
    <<<"INSERT INTO admin_roles (user_id, note) VALUES (:'user', 'the panel')" >>"$dir/log/migrate.log"
  touch "$dir/pg/migrated"
}

# --- coturn ----------------------------------------------------------------------------------------------------------

answers_coturn() { tcp_answers "${STACK[turn_address]}" "${STACK[turn_port]}"; }

tcp_answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# --- Janus -----------------------------------------------------------------------------------------------------------

start_janus() {
  local dir=${STACK[dir]} environment=()
  enter_namespace=()
  if [[ -n ${STACK[janus_netns]} ]]; then enter_namespace=(nsenter "--net=/run/netns/${STACK[janus_netns]}"); fi
  case ${STACK[janus_sanitizer]} in
    address)
      environment=(env "LD_PRELOAD=$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libubsan.so)"
        "ASAN_OPTIONS=log_path=$dir/log/sanitizer:detect_leaks=1:detect_odr_violation=0"
        "UBSAN_OPTIONS=print_stacktrace=1"
        "LSAN_OPTIONS=suppressions=$dir/config/lsan-suppressions:print_suppressions=0") ;;
    thread)
      environment=(env "LD_PRELOAD=$(g++ -print-file-name=libtsan.so)"
        "TSAN_OPTIONS=log_path=$dir/log/sanitizer:ignore_noninstrumented_modules=1:second_deadlock_stack=1") ;;
  esac
  launch janus "${environment[@]}" janus -F "$dir/config" -C "$dir/config/janus.jcfg"
  enter_namespace=()
}

# It answers, it is ours (a second Janus on taken ports ends, and the first would answer instead), and it has the plugin.
answers_janus() {
  local info
  info=$(curl -sS "http://${STACK[janus_address]}:${STACK[janus_port]}/janus/info" 2>/dev/null) || return 1
  [[ $info == *"\"server-name\""*"\"${STACK[server_name]}\""* ]] || return 1
  if [[ ${STACK[plugin]} != none && $info != *janus.plugin.callroom* ]]; then
    fail "Janus runs, but did not load the plugin:" "$(grep -iE 'callroom|error' "${STACK[dir]}/log/janus.log" | tail -n 25 | sed 's/^/  | /')"
  fi
}

# --- nginx -----------------------------------------------------------------------------------------------------------

# It proxies to the Janus of this stack, or serves its pages where no Janus is running.
answers_nginx() {
  local url=http://${STACK[web_address]}:${STACK[web_port]}
  if stack_running janus; then
    [[ $(curl -sS "$url/janus/info" 2>/dev/null) == *"\"${STACK[server_name]}\""* ]]
  else
    curl -sS -o /dev/null "$url/" 2>/dev/null
  fi
}
