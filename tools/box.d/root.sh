# shellcheck shell=bash disable=SC2034,SC2154
# Making and keeping the Debian roots. Sourced by tools/box.

# The roots: `core` has all that library, command line and their tests need; `gui` that, and what the desktop
# application and its tests need; `old` is the oldest system that library and command line support, and has what vLLM needs.
declare -A suites=([core]=testing [gui]=testing [old]=bookworm)
declare -A packages=(
  [core]='
    gcc libc6-dev meson ninja-build pkgconf libglib2.0-dev libjson-glib-dev libsoup-3.0-dev libarchive-dev glib-networking gettext
    python3 python3-venv clang libclang-rt-dev clang-format bubblewrap llama.cpp-tools llama.cpp-tools-extra valgrind libc6-dbg
    procps git curl ca-certificates tzdata'
  [old]='
    gcc libc6-dev meson ninja-build pkg-config libglib2.0-dev libjson-glib-dev libsoup-3.0-dev libarchive-dev glib-networking gettext procps git
    python3 python3-venv tzdata ca-certificates libnuma1')
packages[gui]="${packages[core]}
    libgtk-4-dev libadwaita-1-dev libsecret-1-dev gnome-keyring blueprint-compiler libgtk-4-bin libxml2-utils xvfb xauth xdotool
    dbus-daemon dbus-bin at-spi2-core gir1.2-atspi-2.0 python3-gi fonts-adwaita adwaita-icon-theme gsettings-desktop-schemas imagemagick
    appstream desktop-file-utils cage grim wtype wlr-randr chromium-headless-shell vnu python3-pypdf"

# A user to be, an identity for D-Bus, a font and no animations for GTK, files to bind the host's over, and room
# for the host's folders.
# shellcheck disable=SC2016
setup_root='
  echo "dev:x:1000:1000:Developer:/home/dev:/bin/bash" >> "$1/etc/passwd"
  echo "dev:x:1000:" >> "$1/etc/group"
  echo 0123456789abcdef0123456789abcdef > "$1/etc/machine-id"
  mkdir -p "$1/etc/gtk-4.0"
  printf "[Settings]\ngtk-font-name=Adwaita Sans 11\ngtk-enable-animations=false\n" > "$1/etc/gtk-4.0/settings.ini"
  rm -f "$1/etc/localtime" "$1/etc/resolv.conf"
  cp -L "$1/usr/share/zoneinfo/Etc/UTC" "$1/etc/localtime"
  touch "$1/etc/resolv.conf"
  echo "127.0.0.1 localhost" > "$1/etc/hosts"
  cd "$1" && rm -rf boot home media mnt opt root srv'

# What Debian does not have, for the tests of HTML pages: axe-core (MPL-2.0), out of a Python package that carries it.
# Fetched by the host's pip, which knows its proxies, else from inside. A root without it will do, as that test skips
# itself.
axe_core='axe-playwright-python==0.1.8 --hash=sha256:fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8'
# shellcheck disable=SC2016
fetch_axe_core='
  mkdir "$1/tmp/axe" && echo "'$axe_core'" > "$1/tmp/axe/list"
  download="pip download --quiet --no-deps --require-hashes --disable-pip-version-check"
  if python3 -m $download -r "$1/tmp/axe/list" -d "$1/tmp/axe" ||
    chroot "$1" sh -c "python3 -m venv /tmp/axe/venv && /tmp/axe/venv/bin/$download -r /tmp/axe/list -d /tmp/axe"
  then
    mkdir -p "$1/usr/local/share/axe-core"
    chroot "$1" sh -c "cd /usr/local/share/axe-core && python3 -m zipfile -e /tmp/axe/*.whl /tmp/axe/unpacked &&
      cp /tmp/axe/unpacked/axe_playwright_python/axe.min.js ."
  else
    echo "axe-core could not be fetched; its test will be skipped"
  fi
  rm -rf "$1/tmp/axe"'

# Runs mmdebstrap for root $1 into folder $2. For an ordinary user the root comes out as an archive: unpacked by
# the user, all files are the user's own, and a closed home folder is no obstacle.
debootstrap() {
  local suite=${suites[$1]} options
  options=(
    --variant=apt --include="${packages[$1]//$'\n'/ }" --customize-hook="$setup_root"
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"'
    --dpkgopt=force-unsafe-io --dpkgopt=path-exclude='/usr/share/man/*'
    --dpkgopt=path-exclude='/usr/share/doc/*' --dpkgopt=path-include='/usr/share/doc/*/copyright')
  # Java's installation links manual pages, which are left out.
  # shellcheck disable=SC2016
  [[ $1 != gui ]] ||
    options=(--setup-hook='mkdir -p "$1/usr/share/man/man1"' --customize-hook="$fetch_axe_core" "${options[@]}")
  if [[ $EUID = 0 ]]; then
    mmdebstrap --mode=root "${options[@]}" "$suite" "$2"
  else
    mkdir "$2" && TMPDIR=/var/tmp mmdebstrap --mode=unshare "${options[@]}" "$suite" - | tar -x -C "$2" --exclude='./dev/*'
  fi
}

# Where root $1 is; another list or recipe gives another name.
root_path() {
  local key
  key=$({ echo "${suites[$1]} ${packages[$1]} $setup_root"
    [[ $1 != gui ]] || echo "$fetch_axe_core"
    declare -f debootstrap; } | sha256sum)
  echo "$cache/box-$1-${key:0:12}"
}

# Installs what the host lacks, or says what to install.
host_tools() {
  local missing=() become=() lock
  exec {lock}> "$cache/host.lock"
  flock "$lock"
  command -v mmdebstrap > /dev/null || missing+=(mmdebstrap)
  command -v bwrap > /dev/null || missing+=(bubblewrap)
  [[ $EUID = 0 ]] || command -v newuidmap > /dev/null || missing+=(uidmap)
  [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || missing+=(debian-archive-keyring)
  [[ ${#missing[@]} -gt 0 ]] || { exec {lock}>&-; return 0; }
  [[ $EUID = 0 ]] || become=(sudo -n)
  if ! command -v apt-get > /dev/null || ! "${become[@]}" true 2> /dev/null; then
    die "please install: ${missing[*]} (on Debian and Ubuntu: sudo apt install ${missing[*]})"
  fi
  say "installing ${missing[*]}"
  "${become[@]}" env DEBIAN_FRONTEND=noninteractive sh -c \
    'apt-get update -q; apt-get install -q -y --no-install-recommends "$@"' sh "${missing[@]}" > "$cache/host.log" 2>&1 ||
    { tail -n 15 "$cache/host.log" >&2; die "could not install ${missing[*]} (log: $cache/host.log)"; }
  exec {lock}>&-
}

# Makes root $1 unless it is there: under a lock, and under its name only when complete.
make_root() {
  local root lock started=$SECONDS
  root=$(root_path "$1")
  command -v bwrap > /dev/null && [[ -d $root ]] && return 0
  mkdir -p "$cache" || die "no folder for the roots can be made"
  exec {lock}> "$cache/$1.lock"
  flock -n "$lock" || { say "waiting for the $1 root that is being made"; flock "$lock"; }
  host_tools
  if [[ ! -d $root ]]; then
    say "making the $1 root (Debian ${suites[$1]}), once: a minute or two"
    rm -rf --one-file-system "$root.new"
    ( trap 'rm -rf --one-file-system "$root.new"' EXIT
      debootstrap "$1" "$root.new" < /dev/null > "$root.log" 2>&1 && mv -T "$root.new" "$root" ) {lock}>&- ||
      root_failed "$1" "$root.log"
    remove_old_roots "$1" "$root"
    say "the $1 root is ready ($((SECONDS - started)) s)"
  fi
  exec {lock}>&-
}

root_failed() {
  tail -n 15 "$2" >&2
  [[ $EUID = 0 ]] || grep -qs "^$(id -un):" /etc/subuid || say "an ordinary user needs subordinate ids:" \
    "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
  die "could not make the $1 root (log: $2)"
}

# Removes the roots of kind $1 but for $2, those that somebody is in, and those of the last day: branches may differ.
remove_old_roots() {
  local other lock
  for other in "$cache/box-$1"-*; do
    [[ -d $other && $other != "$2" && -z $(find "$other.use" -mmin -1440 2> /dev/null) ]] || continue
    exec {lock}> "$other.use"
    if flock -n "$lock"; then rm -rf --one-file-system "$other" "$other.log" "$other.use"; fi
    exec {lock}>&-
  done
}
