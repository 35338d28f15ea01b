#!/bin/bash
# Installs what the tests need and this machine lacks, with apt where it may; else says what will be skipped.
# Arguments name further programs to install, by the name of their package. Quiet when nothing is missing.
set -euo pipefail

# packages gives the Debian packages that are missing, one a line.
packages() {
  command -v gcc >/dev/null || echo gcc
  [ -e /usr/include/stdlib.h ] || echo libc6-dev
  [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
  [ -x /usr/lib/dovecot/imap ] || echo dovecot-imapd
  [ -x /usr/lib/dovecot/lmtp ] || echo dovecot-lmtpd
  [ -x /usr/lib/dovecot/submission ] || echo dovecot-submissiond
  if [ -z "${RONDE_DOCKER_HOST:-}" ]; then
    [ -x /usr/sbin/dockerd ] || command -v dockerd >/dev/null || echo docker.io
  fi
  command -v docker >/dev/null || echo docker
  command -v redis-server >/dev/null || echo redis-server
  [ -x /usr/sbin/netdata ] || command -v netdata >/dev/null || echo netdata-core
  dpkg --status busybox-static >/dev/null 2>&1 || echo busybox-static
  [ -x /usr/sbin/sshd ] || echo openssh-server
  command -v ssh >/dev/null || echo openssh-client
  command -v top >/dev/null || echo procps
  [ -x /usr/sbin/rsyslogd ] || command -v rsyslogd >/dev/null || echo rsyslog
  [ -x /usr/sbin/logrotate ] || command -v logrotate >/dev/null || echo logrotate
  [ -x /lib/systemd/systemd-journal-remote ] || echo systemd-journal-remote
  command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ] || echo debootstrap
  command -v borg >/dev/null || echo borgbackup
  command -v borgmatic >/dev/null || echo borgmatic
  command -v restic >/dev/null || echo restic
  [ -x /usr/lib/nagios/plugins/check_load ] || echo monitoring-plugins-basic
  local extra
  for extra in "$@"; do
    command -v "$extra" >/dev/null || echo "$extra"
  done
}

# effect says what a missing package costs.
effect() {
  case $1 in
    gcc | libc6-dev) echo "nothing can be built" ;;
    ca-certificates) echo "Go modules can't be downloaded" ;;
    dovecot-*) echo "tests against a real mail server are skipped" ;;
    docker* | busybox-static) echo "tests against a real Docker engine are skipped" ;;
    openssh-*) echo "tests against a real OpenSSH server are skipped" ;;
    procps) echo "figures are not compared with those of top and ps" ;;
    netdata-core) echo "tests against a real Netdata are skipped" ;;
    redis-server) echo "tests against a real Redis are skipped" ;;
    rsyslog | logrotate) echo "tests against a log that is really written and rotated are skipped" ;;
    systemd-journal-remote) echo "tests against a real journal are skipped" ;;
    debootstrap) echo "tests against a real apt and the test of the image are skipped" ;;
    borg* | restic) echo "tests against real backups are skipped" ;;
    monitoring-plugins-basic) echo "tests against real plugins are skipped" ;;
    *) echo "what needs it fails" ;;
  esac
}

# say_missing lists packages and what each costs.
say_missing() {
  local package
  echo "not installed here:" >&2
  for package in "$@"; do
    printf '  %-16s %s\n' "$package" "$(effect "$package")" >&2
  done
}

# services lists the ones that the packages may bring along and that this machine has.
services() {
  local unit
  for unit in dovecot.socket dovecot.service docker.socket docker.service containerd.service ssh.socket ssh.service \
    netdata.service redis-server.service rsyslog.service syslog.socket logrotate.timer systemd-journal-remote.socket \
    borgmatic.timer; do
    [ ! -e "/lib/systemd/system/$unit" ] || echo "$unit"
  done
}

# install gets packages, and neither starts the services that come along nor leaves them to start at the next boot.
install() {
  local made_policy='' status=0 before unit
  before=$(services)
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    made_policy=yes
  fi
  # The package lists may be old or absent: then fetch them and try once more.
  apt_get install "$@" 2>/dev/null || { apt_get update && apt_get install "$@"; } || status=$?
  [ -z "$made_policy" ] || rm -f /usr/sbin/policy-rc.d
  for unit in $(services); do
    [[ $before == *"$unit"* ]] || systemctl disable --quiet "$unit" 2>/dev/null || true
  done
  return "$status"
}

# apt_get runs apt-get and shows the end of what it said if it fails.
apt_get() {
  local log status=0
  log=$(mktemp)
  DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" \
    >"$log" 2>&1 </dev/null || status=$?
  [ "$status" = 0 ] || tail -n 3 "$log" >&2
  rm -f "$log"
  return "$status"
}

# exact turns the word docker into the package that holds the command: a package of its own in newer Debians.
exact() {
  local package
  for package in "$@"; do
    if [ "$package" != docker ]; then
      echo "$package"
    elif apt-cache show docker-cli >/dev/null 2>&1; then
      echo docker-cli
    else
      echo docker.io
    fi
  done | sort -u
}

mapfile -t missing < <(packages "$@")
[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  say_missing "${missing[@]}"
  echo "to have them, as root: e2e/setup.sh" >&2
  exit 0
fi
mapfile -t wanted < <(exact "${missing[@]}")
echo "installing ${wanted[*]}"
install "${wanted[@]}" || true
mapfile -t missing < <(packages "$@")
[ "${#missing[@]}" = 0 ] || say_missing "${missing[@]}"
