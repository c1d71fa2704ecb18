#!/bin/sh
# Runs a test in a display of its own, with a private home.
home=$(mktemp -d) || exit 1
trap 'rm -rf "$home"' EXIT
export HOME="$home" XDG_DATA_HOME="$home/data" XDG_STATE_HOME="$home/state" XDG_CACHE_HOME="$home/cache" \
  XDG_CONFIG_HOME="$home/config"
command -v xvfb-run > /dev/null || { echo '1..0 # SKIP no xvfb-run'; exit 0; }
xvfb-run -a -s '-screen 0 1280x900x24 -noreset' "$@"
