#!/bin/sh
# Runs a test that drives the program from outside: with a session bus (and so an accessibility bus), a display and a
# home of its own. The bus starts what has a service file in $REFRACT_TEST_SERVICES/dbus-1/services.
for program in dbus-run-session xvfb-run xdotool; do
  command -v "$program" > /dev/null || { echo "no $program"; exit 77; }
done
unset GTK_A11Y REFRACT_TEST_WRAPPER # what the bus starts is looked at from outside, too
services=$(mktemp -d) || exit 1
trap 'rm -rf "$services"' EXIT
trap 'exit 1' HUP INT TERM
REFRACT_TEST_SERVICES="$services" XDG_DATA_HOME="$services" dbus-run-session -- "$(dirname "$0")/display.sh" "$@"
