#!/usr/bin/env bash
# The demo of ./dev demo: runs this project in a folder of its own and shows what came of it.
# Usage: run.sh WEIR [FOLDER [ROWS]]   the program, where to work (default: a new folder), how many
# events (default: as weir.yaml says)
set -euo pipefail
weir=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=${2:-$(mktemp -d "${TMPDIR:-/tmp}/weir-demo.XXXXXX")}
mkdir -p "$work"
cp -r "$here/weir.yaml" "$here/models" "$work/"
cd "$work"

say() { printf '\n%s\n' "$*"; }
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then say() { printf '\n\033[1m%s\033[0m\n' "$*"; }; fi

say "1. weir gen producer       (shop events, some of them dirty)"
"$weir" gen producer ${3:+--rows "$3"} 2>&1
say "2. weir run                (check every record, commit the good, keep the bad, build the model)"
"$weir" run 2>&1
say "3. weir query              (the aggregate; the equality, recounted from the tables)"
"$weir" query "select * from gold.events_by_type" -o table
"$weir" query "select (select count(*) from bronze.shop_events) as accepted,
  (select count(*) from dead_letters.shop_events) as rejected,
  (select count(*) from bronze.shop_events) + (select count(*) from dead_letters.shop_events) as read" -o table
"$weir" verify 2>&1
say "Next, in $work:"
cat <<'NEXT'
  weir dlq stats                      why records were refused
  weir dlq ls shop_events --limit 5   and which ones
  weir run                            again: nothing is read twice
NEXT
