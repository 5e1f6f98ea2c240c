# Part of ./dev: puts in place what dependencies.lock names, by group. Nothing here writes outside
# the cache, except apt, which says first what it will install. Read with `source`.
#
# Invariants: a folder $WEIR_DEPS belongs to one content of the lock; NAME.done in it is written
# last, so a group is either whole or done again; every file that is used was compared with its hash.

# The lines of one kind in some groups, without the first two words: locked pip build test
locked() {
  local kind=$1 group
  shift
  for group in "$@"; do
    awk -v kind="$kind" -v group="$group" '$1 == kind && $2 == group { $1 = $2 = ""; print substr($0, 3) }' "$LOCK"
  done
}

is_ubuntu() { [[ $(. /etc/os-release 2>/dev/null && echo "${ID-} ${ID_LIKE-}") == ubuntu* ]]; }

# Whether a command or a file below /usr is there, on systems that dpkg does not describe.
probe_found() {
  command -v "$1" >/dev/null || compgen -G "/usr/$1" >/dev/null || compgen -G "/usr/local/$1" >/dev/null
}

# The system packages of some groups that are not installed, by the names of this system.
missing_packages() {
  local debian ubuntu probe name
  local -A installed=()
  if command -v dpkg-query >/dev/null; then
    while read -r name; do installed[$name]=1; done < <(
      dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | awk '$1 == "ii" { print $2 }')
  fi
  while read -r debian ubuntu probe; do
    name=$debian
    if [[ $ubuntu != = ]] && is_ubuntu; then name=$ubuntu; fi
    if command -v dpkg-query >/dev/null; then
      [[ -n ${installed[$name]-} ]] || echo "$name"
    else
      probe_found "$probe" || echo "$name"
    fi
  done < <(locked apt "$@")
}

install_packages() {
  local missing sudo=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ! command -v apt-get >/dev/null; then
    die "this system has no apt-get, and these packages are missing: ${missing[*]}" \
      "Install them (the names are Debian's), then run ./dev again."
  fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "these packages are missing, and neither root nor sudo is at hand: ${missing[*]}" \
      "Let an administrator run: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing with ${sudo[*]}${sudo:+ }apt-get: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 "${missing[@]}" >"$CACHE/apt.log" 2>&1 || {
    tail -n 20 "$CACHE/apt.log" >&2
    die "apt-get could not install them all; its words are above and in $CACHE/apt.log"
  }
}

install_python_packages() {
  local group=$1 requirements=$WEIR_DEPS/pip-$1.txt
  locked pip "$group" | sed -E 's/ (sha256:)/ --hash=\1/g' >"$requirements"
  [[ -s $requirements ]] || return 0
  local python=/usr/bin/python3
  [[ -x $python ]] || python=python3
  [[ -x $WEIR_DEPS/venv/bin/pip ]] || "$python" -m venv "$WEIR_DEPS/venv"
  say "fetching Python packages: $(sed -E 's/==.*//' "$requirements" | paste -sd ' ')"
  "$WEIR_DEPS/venv/bin/pip" install --quiet --disable-pip-version-check --cache-dir "$CACHE/pip" \
    --only-binary :all: --no-deps --require-hashes -r "$requirements"
}

# The hash of a file in the lock's writing.
hash_of() {
  local kind=$1 file=$2
  case $kind in
    sha256) echo "sha256:$(sha256sum "$file" | cut -d ' ' -f 1)" ;;
    sha512) echo "sha512:$("$WEIR_DEPS/venv/bin/python" -c 'import base64, hashlib, sys
print(base64.b64encode(hashlib.sha512(open(sys.argv[1], "rb").read()).digest()).decode())' "$file")" ;;
  esac
}

# kept FILE HASH COMMAND...: FILE of the cache, fetched by COMMAND into the folder ./ if it is not
# there with this hash. The command leaves one file.
kept() {
  local file=$CACHE/downloads/$1 want=$2 folder fetched got
  shift 2
  [[ -f $file && $(hash_of "${want%%:*}" "$file") == "$want" ]] && return 0
  say "fetching ${file##*/}"
  folder=$(mktemp -d "$CACHE/downloads/part.XXXXXX")
  (cd "$folder" && "$@") >"$CACHE/fetch.log" 2>&1 || {
    tail -n 20 "$CACHE/fetch.log" >&2
    rm -rf "$folder"
    die "could not fetch ${file##*/}; the words of the command are above"
  }
  fetched=$(find "$folder" -type f)
  [[ -f $fetched ]] || die "fetching ${file##*/} left no single file: $fetched"
  got=$(hash_of "${want%%:*}" "$fetched")
  [[ $got != "$want" ]] || mv "$fetched" "$file"
  rm -rf "$folder"
  [[ $got == "$want" ]] ||
    die "${file##*/} is not the file that dependencies.lock names" "wanted $want, got $got"
}

npm_file() { echo "$(tr '@/' '--' <<<"${1#@}").tgz"; }

fetch_npm_packages() {
  local name hash
  while read -r name hash; do
    kept "$(npm_file "$name")" "$hash" env PATH="$WEIR_DEPS/venv/bin:$PATH" \
      npm_config_cache="$CACHE/npm" npm_config_update_notifier=false npm pack --silent "$name"
  done < <(locked npm "$1")
}

fetch_source_distributions() {
  local name hash
  while read -r name hash; do
    echo "$name --hash=$hash" >"$WEIR_DEPS/sdist.txt"
    kept "${name/==/-}.tar.gz" "$hash" env SKBUILD_CMAKE_VERSION=">=3.0" "$WEIR_DEPS/venv/bin/pip" download --disable-pip-version-check \
      --cache-dir "$CACHE/pip" --no-deps --no-binary "${name%%==*}" --no-build-isolation \
      --require-hashes -r "$WEIR_DEPS/sdist.txt" --dest .
  done < <(locked sdist "$1")
}

# unpack FILE FOLDER MEMBER...: members of an archive, without their folders.
unpack() {
  local archive=$CACHE/downloads/$1 folder=$2 member
  shift 2
  mkdir -p "$folder"
  for member in "$@"; do
    tar -xzf "$archive" -C "$folder" --strip-components "$(tr -cd / <<<"$member" | wc -c)" "$member"
  done
}

# arrow/ duckdb/ sqlite/ as cmake/dependencies.cmake reads them.
lay_out_libraries() {
  local pyarrow library duckdb
  pyarrow=$(echo "$WEIR_DEPS"/venv/lib/python3*/site-packages/pyarrow)
  mkdir -p "$WEIR_DEPS/arrow/lib"
  ln -sfn "$pyarrow/include" "$WEIR_DEPS/arrow/include"
  for library in "$pyarrow"/lib{arrow,parquet}*.so.*; do
    [[ ${library##*/} == *python* ]] || ln -sfn "$library" "$WEIR_DEPS/arrow/lib/"
  done
  duckdb=$(locked npm build | grep -o '@duckdb/[^ ]*')
  unpack "$(npm_file "$duckdb")" "$WEIR_DEPS/duckdb" package/libduckdb.so
  unpack "$(npm_file "$(locked npm build | grep -o 'better-sqlite3@[^ ]*')")" "$WEIR_DEPS/sqlite" \
    package/deps/sqlite3/sqlite3.c package/deps/sqlite3/sqlite3.h package/deps/sqlite3/sqlite3ext.h
  duckdb=$(locked sdist build | cut -d ' ' -f 1)
  duckdb=${duckdb/==/-}
  unpack "$duckdb.tar.gz" "$WEIR_DEPS/duckdb" "$duckdb/external/duckdb/src/include/duckdb.h"
}

lay_out_test_data() {
  local vega
  vega=$(locked npm test | cut -d ' ' -f 1)
  mkdir -p "$WEIR_DEPS/vega-datasets"
  tar -xzf "$CACHE/downloads/$(npm_file "$vega")" -C "$WEIR_DEPS/vega-datasets" --strip-components 2 package/data
}

set_up_group() {
  local group=$1
  [[ -e $WEIR_DEPS/$group.done ]] && return 0
  mkdir -p "$CACHE/downloads" "$WEIR_DEPS"
  exec 9>"$CACHE/setup.lock"
  flock 9
  if [[ ! -e $WEIR_DEPS/$group.done ]]; then
    install_python_packages "$group"
    fetch_npm_packages "$group"
    fetch_source_distributions "$group"
    case $group in
      build) lay_out_libraries ;;
      test) lay_out_test_data ;;
    esac
    touch "$WEIR_DEPS/$group.done"
    say "$group is in place"
  fi
  exec 9>&-
}

# set_up GROUP...: the groups and all that they need. A second call finds nothing to do.
set_up() {
  local group
  [[ $(uname -m) == x86_64 ]] || die "Weir is built on x86-64 so far, and this machine is $(uname -m)"
  mkdir -p "$CACHE"
  install_packages build "$@"
  for group in build "$@"; do set_up_group "$group"; done
}
