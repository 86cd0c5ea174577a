#!/usr/bin/env bash
# Runs the comparison for action.yml. What a caller gives comes by the environment and becomes an argument of the program or
# nothing: it is never text of a script. The exit code is an output, so that later steps can look at the reports first.
set -euo pipefail

fail() {
  echo "schemacheck: $1" >&2
  echo "exit-code=2" >>"${GITHUB_OUTPUT:?}"
  exit 2
}

reports=$(mktemp -d "${RUNNER_TEMP:?}/schemacheck.XXXXXX")
arguments=(diff)

# flag NAME VALUE: an empty value is none. With "=", a value that begins with - is still one.
flag() {
  if [ -n "$2" ]; then arguments+=("--$1=$2"); fi
}

# lines BEFORE TEXT: each line of the text that is not empty is an argument, with BEFORE before it.
lines() {
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    if [ -n "$line" ]; then arguments+=("$1$line"); fi
  done <<<"$2"
}

flag config "${INPUT_CONFIG:-}"
flag fail-on "${INPUT_FAIL_ON:-}"
flag alpha "${INPUT_ALPHA:-}"
flag data "${INPUT_DATA:-}"
flag save-data "${INPUT_SAVE_DATA:-}"
flag baseline "${INPUT_BASELINE:-}"
flag format "${INPUT_FORMAT:-github}"
lines --operations= "${INPUT_OPERATIONS:-}"
flag report "json=$reports/report.json"
# Straight into the summary of the step, which has more room than a comment.
if [ "${INPUT_SUMMARY:-true}" = true ]; then flag report "markdown=${GITHUB_STEP_SUMMARY:?}"; fi
if [ -n "${INPUT_SARIF:-}" ]; then flag report "sarif=$INPUT_SARIF"; fi
lines "" "${INPUT_ARGS:-}"

# A merge queue names what it merges into in the event only.
if [ -z "${GITHUB_BASE_REF:-}" ] && [ -n "${MERGE_GROUP_BASE:-}" ]; then
  export GITHUB_BASE_REF=${MERGE_GROUP_BASE#refs/heads/}
fi

# Without the new schema the configuration names it, and without the old one git has it, wherever it was when the pull request
# left its base, unless a Dgraph is asked for it.
old=${INPUT_OLD:-} new=${INPUT_NEW:-}
if [ -n "$old" ] && [ -z "$new" ]; then fail "the input old needs the input new"; fi
if [ -n "$new" ]; then
  arguments+=(--)
  if [ -n "$old" ]; then arguments+=("$old"); fi
  arguments+=("$new")
fi

code=0
"${PROGRAM:?}" "${arguments[@]}" || code=$?

# count NAME is a number of the report's summary. Quotes within strings are escaped, so that no text looks like it.
count() {
  tr -d '\n' <"$reports/report.json" | sed -n 's/.*"summary": *{\([^}]*\)}.*/\1/p' | sed -n "s/.*\"$1\": *\([0-9][0-9]*\).*/\1/p"
}

{
  echo "exit-code=$code"
  if [ -f "$reports/report.json" ]; then
    echo "report=$reports/report.json"
    for severity in error warning info; do echo "$severity=$(count "$severity")"; done
  fi
} >>"${GITHUB_OUTPUT:?}"
