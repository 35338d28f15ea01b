#!/bin/bash
# Runs each fuzz test of the module for some time: e2e/fuzz.sh [TIME], 5s unless told.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-5s}

# fuzz FOLDER NAME. Go calls it a failure when its time is up in the middle of
# making an input smaller; nothing was found then, and no input was written.
fuzz() {
  local out status=0
  echo "$1 $2"
  out=$(go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 10x "$1" 2>&1) || status=$?
  tail -n 3 <<<"$out"
  [ "$status" = 0 ] && return
  if grep -q 'context deadline exceeded' <<<"$out" && ! grep -q 'Failing input written' <<<"$out"; then
    return
  fi
  printf '%s\n' "$out"
  return 1
}

{ grep -rE '^func Fuzz[A-Za-z0-9_]*\(' --include='*_test.go' . || true; } |
  sed -E 's,^(.*)/[^/]+:func (Fuzz[A-Za-z0-9_]*)\(.*,\1 \2,' | sort |
  while read -r folder name; do fuzz "$folder" "$name"; done
