# Part of ./dev: runs the sets of tests and leaves their results below build/results, where tally.py
# counts them. Read with `source`.
#
# Invariants: a test that failed stops no other test; only what cannot be built stops the run; the
# last line is the count, and the exit code agrees with it.

RESULTS=$ROOT/build/results

start_results() {
  rm -rf "$RESULTS"
  mkdir -p "$RESULTS"
}

tally() { python "$ROOT/cmake/dev/tally.py" "$RESULTS" || exit 1; }

# step NAME COMMAND...: a check that counts as one test.
step() {
  local name=$1 start=$SECONDS verdict=passed
  shift
  say "$name"
  # A new shell, since `set -e` does not hold inside a condition.
  (set -e; trap - ERR; "$@") >"$RESULTS/$name.log" 2>&1 &
  wait $! || verdict=failed
  [[ $verdict == passed ]] || cat "$RESULTS/$name.log" >&2
  echo "$verdict $name" >>"$RESULTS/steps.txt"
  say "$name: $verdict in $((SECONDS - start)) s"
}

# What the sanitizers need to see our own code and only that (no effect on other presets).
sanitizer_environment() {
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  export TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=$ROOT/cmake/tsan.supp:second_deadlock_stack=1
  # Arrow's own pools hide errors at their edges.
  export ARROW_DEFAULT_MEMORY_POOL=system
}

# run_ctest PRESET RUN SECONDS CTEST-ARGUMENTS...
run_ctest() {
  local preset=$1 run=$2 limit=$3
  shift 3
  rm -rf "$ROOT/build/$preset/gtest"
  timeout --kill-after 10 "$limit" ctest --test-dir "$ROOT/build/$preset" --parallel "$JOBS" --output-on-failure \
    --output-junit "$RESULTS/$run.ctest.xml" "$@" >"$RESULTS/$run.ctest.log" 2>&1 ||
    sed -n '/^[0-9: ]*.*\*\*\*/p; /FAILED\|Failure$\|ERROR: \|WARNING: Thread/p' "$RESULTS/$run.ctest.log" | head -n 200 >&2
  [[ -f $RESULTS/$run.ctest.xml ]] || echo "failed ctest-$run-ended-early" >>"$RESULTS/steps.txt"
  if [[ -d $ROOT/build/$preset/gtest ]]; then cp -r "$ROOT/build/$preset/gtest" "$RESULTS/$run.gtest"; fi
}

# run_python RUN SECONDS FILE...: files that hold tests by pytest, the others as scripts.
run_python() {
  local run=$1 limit=$2 file with_tests=()
  local -x PYTHONPATH=$ROOT/tests
  shift 2
  for file in "$@"; do
    if grep -qE '^ *def test_|unittest' "$file"; then with_tests+=("$file"); continue; fi
    grep -q __main__ "$file" || continue # neither tests nor a script: a module of the others
    step "$run-$(basename "$file" .py)" timeout "$limit" "$WEIR_DEPS/venv/bin/python" "$file"
  done
  ((${#with_tests[@]})) || return 0
  timeout "$limit" "$WEIR_DEPS/venv/bin/python" -m pytest --quiet -p no:cacheprovider --rootdir "$ROOT" \
    --import-mode importlib --override-ini "python_files=*.py" --junitxml "$RESULTS/$run.pytest.xml" \
    "${with_tests[@]}" >"$RESULTS/$run.pytest.log" 2>&1 || cat "$RESULTS/$run.pytest.log" >&2
  [[ -f $RESULTS/$run.pytest.xml ]] || echo "failed pytest-$run-ended-early" >>"$RESULTS/steps.txt"
}

# run_cases RUN: the scenarios of tests/cases, whose runner ends with "N passed, N failed".
run_cases() {
  local run=$1 verdict=0
  [[ -n $(find "$ROOT/tests/cases" -name '*.test' 2>/dev/null) ]] || return 0
  timeout 1200 "$WEIR_DEPS/venv/bin/python" "$ROOT/tests/run_cases.py" >"$RESULTS/$run.cases.log" 2>&1 || verdict=$?
  ((verdict == 0)) || cat "$RESULTS/$run.cases.log" >&2
  echo "exit code $verdict" >>"$RESULTS/$run.cases.log"
}

# The fast set on one preset. Judges and scripts check files and folders, so release alone runs them.
test_fast() {
  local preset=$1 files
  set_up test
  build_preset "$preset"
  say "fast tests on $preset"
  local start=$SECONDS
  (
    [[ $preset == release ]] || sanitizer_environment
    export WEIR_BIN=$ROOT/build/$preset/weir WEIR_BUILD=$ROOT/build/$preset
    run_ctest "$preset" "$preset" 1800 --label-exclude slow
    run_cases "$preset"
  )
  if [[ $preset == release ]]; then
    export WEIR_BIN=$ROOT/build/release/weir WEIR_BUILD=$ROOT/build/release
    mapfile -t files < <(cd "$ROOT" && {
      find tests -name '*_test.py' -not -path 'tests/slow/*' -not -path 'tests/judge/*'
      find tests/judge -name '*.py' 2>/dev/null || true
    } | sort)
    (cd "$ROOT" && run_python release 600 "${files[@]}")
  fi
  say "fast tests on $preset took $((SECONDS - start)) s"
}

test_slow() {
  local files start
  set_up test slow
  build_preset release
  say "slow tests"
  start=$SECONDS
  export WEIR_BIN=$ROOT/build/release/weir WEIR_BUILD=$ROOT/build/release
  run_ctest release slow 3600 --label-regex slow
  mapfile -t files < <(cd "$ROOT" && find tests/slow -name '*.py' | sort)
  (cd "$ROOT" && run_python slow 3600 "${files[@]}")
  say "slow tests took $((SECONDS - start)) s"
}

# fuzz_one NAME SECONDS: what it finds new goes to the cache, what breaks to build/fuzz/broken.
fuzz_one() {
  local name=$1 program seeds=$ROOT/tests/corpus/$1 grown=$CACHE/corpus/$1 broken=$ROOT/build/fuzz/broken/
  program=$(find "$ROOT/build/fuzz" -type f -name "$name" -perm -u+x | head -n 1)
  [[ -n $program ]] || die "there is no fuzz target $name"
  mkdir -p "$grown" "$broken" "$seeds"
  sanitizer_environment
  (cd "$ROOT" && "$program" "$grown" "$seeds" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$broken$name-")
}

# Both from one build by clang: the scenarios against a weir with AddressSanitizer and UBSan, then
# each fuzz target for a few seconds. (./dev test asan-ubsan runs the unit tests too, by GCC.)
test_sanitized() {
  local name start=$SECONDS
  set_up test fuzz
  build_preset fuzz weir weir_fuzzers
  say "scenarios under the sanitizers"
  (
    sanitizer_environment
    export WEIR_BIN=$ROOT/build/fuzz/weir
    run_cases sanitized
  )
  say "scenarios under the sanitizers took $((SECONDS - start)) s with the build"
  while read -r name; do
    step "fuzz-$name" fuzz_one "$name" "${WEIR_FUZZ_SECONDS:-10}"
  done <"$ROOT/build/fuzz/fuzzers.txt"
}

check_format() { our_sources | xargs -r "$WEIR_DEPS/venv/bin/clang-format" --dry-run --Werror; }

check_shell() {
  local scripts
  mapfile -t scripts < <(cd "$ROOT" && { echo dev; echo .ci/run; find cmake tests bench examples -name '*.sh' 2>/dev/null || true; })
  (cd "$ROOT" && shellcheck --shell bash --severity warning --exclude SC1090,SC1091,SC2034,SC2154 "${scripts[@]}")
}
