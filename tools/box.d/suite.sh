# shellcheck shell=bash disable=SC2034,SC2154
# The whole test suite. Sourced by tools/box.

suite() {
  exec 2>&1
  local passed=0 failed=0 reconfigure=1 interrupted='' old_root mlx
  if [[ $# -gt 0 ]]; then
    prepare closed gui
    [[ ! -d $cache/engines/mlx ]] || ! ( install_engine mlx ) || pass_mlx
    step 'Ordinary build' test gcc -Dwerror=true -- "$@"
    closing
  fi
  # What waits for the network goes on beside the rest.
  make_root old &
  old_root=$!
  prepare closed gui
  ( install_engine mlx ) &
  mlx=$!
  build test gcc -Dwerror=true || : # the step counts it
  if wait "$mlx"; then pass_mlx; else say 'the tests of MLX will be skipped: it is not installed and pip cannot get it'; fi
  step 'Ordinary build' test gcc -Dwerror=true --
  step 'Address and undefined behaviour sanitizers' asan gcc -Db_sanitize=address,undefined -Db_lundef=false -- \
    --no-suite long
  step 'Fuzz targets' fuzz clang -Dgui=false -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -- \
    --setup fuzz --suite fuzz --num-processes 2
  format_step
  if wait "$old_root"; then
    prepare closed old
    step 'Oldest supported system (Debian 12)' old gcc -Dgui=false -Dwerror=true -- --suite core
  else
    failed=$((failed + 1))
  fi
  closing
}

# Has the tests of MLX find it; else they skip themselves.
pass_mlx() {
  reach "$cache/engines"
  inside+=(--setenv REFRACT_TEST_MLX_PYTHON "$cache/engines/mlx/bin/python" --setenv REFRACT_TEST_HF_MODEL "$(model_folder)")
}

# step TITLE BUILD COMPILER MESON-OPTION... -- TEST-OPTION...: builds, runs the tests, and counts. What does not
# build, and a run without any test, count as one failure.
step() {
  local title=$1 name=$2 compiler=$3 options=() status=0 good bad skipped started=$SECONDS
  shift 3
  while [[ $1 != -- ]]; do options+=("$1"); shift; done
  shift
  heading "$title"
  if ! build "$name" "$compiler" "${options[@]}"; then
    stop_if_interrupted
    failed=$((failed + 1))
    return
  fi
  rm -f "$top/_build/$name/meson-logs"/testlog*.json
  enter meson test -C "$top/_build/$name" --no-rebuild --print-errorlogs "$@" < /dev/null || status=$?
  stop_if_interrupted
  good=$(results "$name" 'OK|EXPECTEDFAIL')
  bad=$(results "$name" 'FAIL|TIMEOUT|ERROR|INTERRUPT|UNEXPECTEDPASS')
  skipped=$(results "$name" 'SKIP')
  if [[ $((good + bad + skipped)) = 0 ]] || [[ $status != 0 && $bad = 0 ]]; then bad=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
  say "$title: $good passed, $bad failed, $skipped skipped in $((SECONDS - started)) s"
}

# How many tests of the last run of _build/$1 ended in one of the ways $2; the log has a line for each.
results() {
  cat "$top/_build/$1/meson-logs"/testlog*.json 2> /dev/null | grep -cE "\"result\": \"($2)\"" || :
}

# Counts as one test; names the files that clang-format would change.
format_step() {
  local status=0
  heading Format
  enter sh -c 'find src tests tools -name "*.[ch]" -exec clang-format --dry-run --Werror {} + 2>&1 |
    sed -n "s/:[0-9].*error: code should be.*//p" | sort -u | { ! grep .; }' < /dev/null || status=$?
  stop_if_interrupted
  if [[ $status = 0 ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    say 'not in format: tools/box run clang-format -i FILE...'
  fi
}

heading() { printf '\n=== %s (after %d:%02d min)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }

stop_if_interrupted() {
  [[ -z $interrupted ]] || { say 'interrupted'; exit 130; }
}

closing() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [[ $failed = 0 ]] || exit 1
  exit 0
}
