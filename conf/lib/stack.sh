# A private Callroom: Postgres, coturn, Janus with the plugin, and nginx, all in one folder that can be thrown away.
# This is the one way in which the project starts its servers: conf/quickstart and the tests (by conf/stack) use it.
# Sourced after progress.sh; $project is the checkout. Servers listen on loopback, Postgres on a socket in the folder.
#
#   stack_new_dir PARENT             makes a folder that the servers' account can enter, and prints it
#   stack_create DIR NAME=VALUE...   chooses ports and writes the configurations
#   stack_load DIR                   for another process: reads what stack_create decided from DIR/stack.env
#   stack_taken_ports NAME...        which of the chosen ports somebody else has, and who
#   and, in services.sh: stack_start, stack_stop, stack_destroy
#
# As root, the servers run as the account of Debian's Postgres (which refuses to run as root).

declare -gA STACK=()

# name, default. Everything that a caller may set, beside plugin.<category>.<key> for the plugin's own configuration.
stack_defaults() {
  local dir=$1 module_dir
  module_dir=$(dirname "$(find /usr/lib -path '*/janus/plugins' -type d | head -n 1)")
  STACK=(
    [dir]=$dir
    [server_name]=callroom-$(random_word 6)
    [admin_secret]=$(random_word 24)
    [web_address]=127.0.0.1 [web_port]=free
    [janus_address]=127.0.0.1 [janus_port]=free [ws_port]=free [admin_port]=free
    [turn_address]=127.0.0.1 [turn_port]=free [relay_address]=$(machine_address) [turn_secret]=$(random_word 24)
    [janus_modules]=$module_dir   # where Debian keeps Janus's plugins and transports
    [janus_plugins]=              # further plugins to load, by name: "videoroom videocall"
    [janus_netns]=                # network namespace that Janus runs in
    [janus_debug_level]=4
    [janus_sanitizer]=            # address or thread: what the plugin was built with
    [session_timeout]=60          # s
    [reclaim_timeout]=15          # s
    [token_secret]=               # turns the core's signed tokens on
    [event_backend]=              # URL that Janus's event handler posts events to
    [media_options]=              # further lines for janus.jcfg's media section
    [plugin]=$project/build/release/libjanus_callroom.so
    [web]=$project/admin-web/dist # none: nginx serves no pages
    [database]=yes                # no: the plugin is given no database
    [fsync]=on
    [plugin.general.data_dir]=$dir/data
    [plugin.general.events]=true
    [plugin.database.writer]="postgresql://callroom_writer@/callroom?host=$dir/run"
    [plugin.database.reader]="postgresql://callroom_reader@/callroom?host=$dir/run"
    [plugin.database.admin_user]=admin
    [plugin.ice.servers]=local-udp,local-tcp
  )
}

random_word() { openssl rand -hex "$1"; }

# The address that Janus's media uses, and coturn's relays with it; loopback where the machine has no other.
machine_address() {
  local address
  address=$(ip -4 -o addr show scope global up | awk '{sub("/.*", "", $4); print $4; exit}')
  printf '%s\n' "${address:-127.0.0.1}"
}

# --- folder and account ----------------------------------------------------------------------------------------------

# In front of a command: runs it without root's rights.
drop_rights=()
if ((EUID == 0)); then drop_rights=(setpriv --reuid=postgres --regid=postgres --init-groups --); fi

# stack_new_dir PARENT: a fresh folder in PARENT or, where the account cannot get there or the path is too long for a
# socket (107 bytes), in /var/tmp.
stack_new_dir() {
  local parent=$1
  mkdir -p "$parent"
  if ((${#parent} > 60)) || ! "${drop_rights[@]}" test -x "$parent"; then parent=/var/tmp; fi
  mktemp -d "$parent/callroom.XXXXXX"
}

stack_create() {
  local dir setting key web_port_wanted
  dir=$(cd "$1" && pwd)
  shift
  stack_defaults "$dir"
  for setting in "$@"; do
    key=${setting%%=*}
    if [[ -z ${STACK[$key]+set} && $key != plugin.*.* ]]; then fail "no such setting of the stack: $key"; fi
    STACK[$key]=${setting#*=}
  done
  # None of them is listened on yet, so each has to be told of the others.
  for key in web_port janus_port ws_port admin_port turn_port; do
    if [[ ${STACK[$key]} == free ]]; then STACK[$key]=$(free_port "${STACK[@]}"); fi
  done
  stack_turn_settings
  mkdir -p "$dir"/{config,plugins,transports,events,loggers,log,run,data,web}
  stack_write_configs
  stack_copy_files
  chmod 700 "$dir"
  stack_save
  if ((EUID == 0)); then chown -R postgres:postgres "$dir"; fi
}

# The TURN server of this stack, told to the plugin as two servers unless the caller said which ones.
stack_turn_settings() {
  local transport id
  if [[ ${STACK[plugin.ice.servers]} != local-udp,local-tcp ]]; then return 0; fi
  for transport in udp tcp; do
    id=turn-local-$transport
    STACK[plugin.$id.url]="turn:${STACK[turn_address]}:${STACK[turn_port]}?transport=$transport"
    STACK[plugin.$id.secret]=${STACK[turn_secret]}
  done
}

stack_save() {
  local key
  for key in "${!STACK[@]}"; do printf '%s=%s\n' "$key" "${STACK[$key]}"; done | sort >"${STACK[dir]}/stack.env"
  chmod 600 "${STACK[dir]}/stack.env"
}

stack_load() {
  local key value
  STACK=()
  while IFS='=' read -r key value; do STACK[$key]=$value; done <"$1/stack.env"
}

# --- ports -----------------------------------------------------------------------------------------------------------

# free_port PORT...: one that nobody listens on and that is none of these, below the range from which the kernel gives
# out its own.
free_port() {
  local port
  while true; do
    port=$((20000 + (RANDOM << 15 | RANDOM) % 12000))
    if [[ " $* " != *" $port "* && -z $(ss -Hlntu "sport = :$port") ]]; then
      echo "$port"
      return 0
    fi
  done
}

# stack_taken_ports NAME...: a line for each of the named ports that somebody listens on already, saying who.
stack_taken_ports() {
  local name port owner
  for name in "$@"; do
    port=${STACK[$name]}
    if [[ -n $(ss -Hlntu "sport = :$port") ]]; then
      owner=$(ss -Hlntup "sport = :$port" | grep -o 'users:.*' | head -n 1 | sed 's/^users:((//; s/)).*//; s/"//g; s/,fd=.*//; s/,pid=/, process /')
      printf 'port %s (%s) is taken%s\n' "$port" "${name%_port}" "${owner:+ by $owner}"
    fi
  done
}

# --- configurations --------------------------------------------------------------------------------------------------

stack_write_configs() {
  local dir=${STACK[dir]} template name
  STACK[signed_tokens_line]=${STACK[token_secret]:+"	token_auth = true
	token_auth_secret = \"${STACK[token_secret]}\""}
  for template in "$project"/conf/templates/*; do
    name=${template##*/}
    stack_fill "$template" >"$dir/config/$name"
  done
  unset 'STACK[signed_tokens_line]'
  if [[ -n ${STACK[event_backend]} ]]; then
    printf 'events: {\n\tbroadcast = true\n}\n' >>"$dir/config/janus.jcfg"
  else
    rm "$dir/config/janus.eventhandler.sampleevh.jcfg"
  fi
  stack_plugin_config >"$dir/config/janus.plugin.callroom.jcfg"
  chmod 600 "$dir"/config/*
}

# @name@ becomes the setting of that name.
stack_fill() {
  local text name
  text=$(<"$1")
  for name in $(grep -o '@[a-z_]*@' "$1" | sort -u | tr -d @); do
    if [[ -z ${STACK[$name]+set} ]]; then continue; fi # in a comment
    text=${text//"@$name@"/"${STACK[$name]}"}
  done
  printf '%s\n' "$text"
}

# plugin.<category>.<key> settings as a .jcfg; values that begin with a bracket are libconfig's and go in as they are.
stack_plugin_config() {
  local key category=""
  while IFS= read -r key; do
    local rest=${key#plugin.} value=${STACK[$key]}
    if [[ ${STACK[database]} != yes && $key == plugin.database.* ]]; then continue; fi
    if [[ ${rest%%.*} != "$category" ]]; then
      if [[ -n $category ]]; then printf '}\n'; fi
      category=${rest%%.*}
      printf '%s: {\n' "$category"
    fi
    case $value in
      [\{\[\(]*) printf '\t%s = %s\n' "${rest#*.}" "$value" ;;
      *) printf '\t%s = "%s"\n' "${rest#*.}" "${value//\"/\\\"}" ;;
    esac
  done < <(printf '%s\n' "${!STACK[@]}" | grep '^plugin\..*\.' | LC_ALL=C sort)
  if [[ -n $category ]]; then printf '}\n'; fi
}

# What the servers read, copied to where their account can read it.
stack_copy_files() {
  local dir=${STACK[dir]} name
  for name in http websockets; do ln -s "${STACK[janus_modules]}/transports/libjanus_$name.so" "$dir/transports/"; done
  for name in ${STACK[janus_plugins]}; do ln -s "${STACK[janus_modules]}/plugins/libjanus_$name.so" "$dir/plugins/"; done
  if [[ -n ${STACK[event_backend]} ]]; then ln -s "${STACK[janus_modules]}/events/libjanus_sampleevh.so" "$dir/events/"; fi
  if [[ ${STACK[plugin]} != none ]]; then cp "${STACK[plugin]}" "$dir/plugins/libjanus_callroom.so"; fi
  if [[ ${STACK[web]} != none ]]; then cp -r "${STACK[web]}/." "$dir/web/"; fi
  cp "$project/conf/lib/lsan-suppressions" "$dir/config/"
}
