#!/usr/bin/env bash
# A machine that has nothing: makes a minimal Debian 12 root, copies the work tree into it, and runs
# ./dev VERB there, for each verb given (setup and build without any).
#
#   tests/fresh/fresh_root.sh FOLDER [VERB...]      FOLDER is made if it is not there, and kept
#
# Needs root and mmdebstrap. How packages are reached (sources, proxies, certificates, the settings of
# pip and npm) is taken from this machine; all mounts end with the script.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
FRESH=${1:?usage: fresh_root.sh FOLDER [VERB...]}
shift
LIMIT=${FRESH_LIMIT:-3000} # seconds

say() { echo "fresh: $*" >&2; }

make_root() {
  local sources=/etc/apt/sources.list.d/debian.sources
  [[ -f $sources ]] || sources=/etc/apt/sources.list
  say "making a minimal root in $FRESH"
  mmdebstrap --quiet --variant=minbase --include=git,ca-certificates \
    --aptopt="$(apt-config dump Acquire | grep -E '::(Check|http|https|Proxy)' || true)" \
    bookworm "$FRESH" "$sources"
}

# The settings of this machine by which its packages are reached.
copy_settings() {
  local file
  for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/npmrc "$HOME/.npmrc" "$HOME/.config/pip/pip.conf" \
    /etc/ssl/certs/ca-certificates.crt; do
    [[ -f $file ]] || continue
    mkdir -p "$FRESH$(dirname "$file")"
    cp --dereference "$file" "$FRESH$file"
  done
  apt-config dump Acquire | grep -E '::(Check|http|https|Proxy)' >"$FRESH/etc/apt/apt.conf.d/90settings" || true
}

copy_work_tree() {
  mkdir -p "$FRESH/root/weir"
  (cd "$ROOT" && git ls-files -z --cached --others --exclude-standard | xargs -0 -r ls -d 2>/dev/null |
    tar -cf - --files-from -) | tar -xf - -C "$FRESH/root/weir"
}

# Runs inside its own mount name space.
run_verbs() {
  local verb settings=()
  while read -r verb; do settings+=("$verb"); done < <(env | grep -v PIP_FIND_LINKS | grep -E '^(PIP_|SSL_CERT|NODE_EXTRA|REQUESTS_CA|npm_config_|[a-zA-Z]*_proxy=)')
  mount --bind "$FRESH" "$FRESH"
  mount -t proc proc "$FRESH/proc"
  mount --rbind /dev "$FRESH/dev"
  mount -t tmpfs tmpfs "$FRESH/tmp"
  for verb in "$@"; do
    local start=$SECONDS
    say "./dev $verb"
    timeout "$LIMIT" chroot "$FRESH" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
      "${settings[@]}" bash -c "cd /root/weir && ./dev $verb" </dev/null
    say "./dev $verb took $((SECONDS - start)) s"
  done
}

if [[ ${FRESH_INSIDE:-} ]]; then
  run_verbs "$@"
  exit
fi
((EUID == 0)) || { say "needs root"; exit 1; }
command -v mmdebstrap >/dev/null || { say "needs mmdebstrap"; exit 1; }
FRESH=$(realpath -m "$FRESH")
[[ -d $FRESH/etc ]] || make_root
copy_settings
copy_work_tree
(($#)) || set -- setup build
FRESH_INSIDE=1 unshare --mount --propagation private bash "${BASH_SOURCE[0]}" "$FRESH" "$@"
