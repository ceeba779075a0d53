# The Debian packages that the project needs, by purpose, and how they are installed. Sourced after progress.sh.

# To run Callroom: Janus, its database, the web server, the TURN server, and GIO's TLS for the TURN checks.
packages_run=(janus postgresql-15 postgresql-client-15 nginx-light coturn glib-networking openssl curl iproute2 procps)

# To build the plugin, and the web pages (a current Node comes from admin-web's own lock file).
packages_build=(g++ cmake ninja-build pkg-config ccache janus-dev libglib2.0-dev libjansson-dev libpq-dev nodejs npm)

# To make a call without a person.
packages_browser=(chromium)

# To test: unit tests, fuzzers, the checks of form, and the network emulator's namespaces.
packages_test=(binutils libcmocka-dev clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev llvm-14 nftables git valgrind)

package_present() {
  case $1 in
    nodejs) command -v node >/dev/null && return 0 ;; # may have come from elsewhere, in a newer version
    npm) command -v npm >/dev/null && return 0 ;;
  esac
  [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]
}

# install_packages PACKAGE...: those that are missing. What is installed here is not started and not enabled: the
# project runs servers of its own, and a Janus or nginx started by its package would hold their ports.
install_packages() {
  local package missing=()
  for package in "$@"; do
    package_present "$package" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return 0; fi
  if ((EUID != 0)); then
    fail "These Debian packages are missing, and installing them takes root:" "  apt-get install ${missing[*]}"
  fi
  step "Reading Debian's package lists" apt-get update -q
  step "Installing ${#missing[@]} Debian packages and what they need" install_quietly "${missing[@]}" ||
    fail "Installing failed: ${missing[*]}"
}

install_quietly() {
  local policy=/usr/sbin/policy-rc.d own_policy=no status=0 services=() service
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    own_policy=yes
  fi
  for service in janus coturn nginx postgresql; do
    [[ -e /lib/systemd/system/$service.service ]] || services+=("$service")
  done
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io "$@" || status=$?
  for service in "${services[@]}"; do
    if command -v systemctl >/dev/null && [[ -e /lib/systemd/system/$service.service ]]; then
      systemctl disable --quiet "$service" || true
    fi
  done
  if [[ $own_policy == yes ]]; then rm -f "$policy"; fi
  return "$status"
}
