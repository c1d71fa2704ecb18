#!/bin/sh
# Runs a test in a display of its own, with a private home in which everything stays that it writes; below the program
# and arguments of $REFRACT_TEST_WRAPPER, if that is set.
home=$(mktemp -d) || exit 1
trap 'rm -rf "$home"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$home/tmp" || exit 1
export HOME="$home" TMPDIR="$home/tmp" XDG_DATA_HOME="$home/data" XDG_STATE_HOME="$home/state" XDG_CACHE_HOME="$home/cache" \
  XDG_CONFIG_HOME="$home/config"
command -v xvfb-run > /dev/null || { echo '1..0 # SKIP no xvfb-run'; exit 0; }
xvfb-run -a -s "-screen 0 ${REFRACT_TEST_SCREEN:-1280x900}x24 -noreset" ${REFRACT_TEST_WRAPPER:-} "$@"
