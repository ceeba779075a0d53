# How the project's scripts talk to a person. Sourced; needs bash 4.3.
#   say TEXT              one line
#   fail TEXT ...         each on a line of standard error, then exit 1
#   step TEXT COMMAND...  runs COMMAND quietly, shows how long it has been at it, and what it wrote only when it fails

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

step() {
  local what=$1 log started=$SECONDS status=0 pid
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/callroom-step.XXXXXX")
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  show_waiting "$what" "$log" "$pid"
  wait "$pid" || status=$?
  if ((status == 0)); then
    if [[ -t 1 ]]; then printf '\r\033[K'; fi
    printf '  %s: done in %d s\n' "$what" $((SECONDS - started))
  else
    if [[ -t 1 ]]; then printf '\r\033[K'; fi
    printf '  %s: FAILED after %d s\n' "$what" $((SECONDS - started))
    sed 's/^/    | /' "$log" | tail -n "${STEP_LOG_LINES:-60}" >&2
  fi
  rm -f "$log"
  return "$status"
}

# On a terminal a line that moves; elsewhere one line every half minute, so that a log shows what takes long.
show_waiting() {
  local what=$1 log=$2 pid=$3 began=$SECONDS next=$((SECONDS + 30)) last
  while kill -0 "$pid" 2>/dev/null; do
    if [[ -t 1 ]]; then
      last=$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1 | tr -cd '[:print:]' | cut -c 1-60)
      printf '\r\033[K  %s … %d s  %s' "$what" $((SECONDS - began)) "$last"
    elif ((SECONDS >= next)); then
      next=$((next + 30))
      printf '  %s … %d s\n' "$what" $((SECONDS - began))
    fi
    sleep 0.2
  done
}
