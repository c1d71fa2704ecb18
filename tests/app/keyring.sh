#!/bin/sh
# Runs a test with a keyring of its own, open and empty, on a session bus of its own, in a display of its own.
for program in dbus-run-session gnome-keyring-daemon; do
  command -v "$program" > /dev/null || { echo "1..0 # SKIP no $program"; exit 0; }
done
if [ "$1" != --inside ]; then
  home=$(mktemp -d) || exit 1
  trap 'rm -rf "$home"' EXIT
  trap 'exit 1' HUP INT TERM
  mkdir -m 700 "$home/run" "$home/data"
  HOME="$home" XDG_RUNTIME_DIR="$home/run" XDG_DATA_HOME="$home/data" dbus-run-session -- "$0" --inside "$@"
  exit
fi
shift
echo secret | gnome-keyring-daemon --unlock --components=secrets --daemonize > /dev/null
"$(dirname "$0")/display.sh" "$@"
