#!/bin/sh
# Runs a test that drives the program from outside: with a session bus (and so an accessibility bus), a display and a
# home of its own.
for program in dbus-run-session xvfb-run xdotool; do
  command -v "$program" > /dev/null || { echo "no $program"; exit 77; }
done
exec dbus-run-session -- "$(dirname "$0")/display.sh" "$@"
