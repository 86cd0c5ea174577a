#!/usr/bin/env bash
# Gets the program for action.yml: builds it from the action's own source, or with INPUT_VERSION downloads a release and
# holds it against the release's list of checksums. Inputs come by the environment and are never text of a script.
set -euo pipefail

bin=${RUNNER_TEMP:?}/schemacheck-bin
mkdir -p "$bin"
program=schemacheck
if [ "${RUNNER_OS:-}" = Windows ]; then program=schemacheck.exe; fi

if [ -z "${INPUT_VERSION:-}" ]; then
  # The archive of an action has no git history in it, so that the ref is what is known of the version.
  ldflags="-s -w"
  if [[ ${ACTION_REF:-} =~ ^[A-Za-z0-9._/-]+$ ]]; then ldflags="$ldflags -X main.version=$ACTION_REF"; fi
  CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off go build -C "${ACTION_PATH:?}" -trimpath -buildvcs=false \
    -ldflags "$ldflags" -o "$bin/$program" ./cmd/schemacheck
else
  if ! [[ $INPUT_VERSION =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
    echo "schemacheck: the input version is no release such as v1.2.3: leave it out to build from the action's source" >&2
    exit 2
  fi
  case "${RUNNER_OS:-}" in
    Linux) os=linux kind=tar.gz ;;
    macOS) os=darwin kind=tar.gz ;;
    Windows) os=windows kind=zip ;;
    *) echo "schemacheck: there is no release for ${RUNNER_OS:-this system}: leave the input version out" >&2; exit 2 ;;
  esac
  case "${RUNNER_ARCH:-}" in
    X64) arch=amd64 ;;
    ARM64) arch=arm64 ;;
    *) echo "schemacheck: there is no release for ${RUNNER_ARCH:-this processor}: leave the input version out" >&2; exit 2 ;;
  esac
  from=https://github.com/schemacheck/schemacheck/releases/download/$INPUT_VERSION
  archive=schemacheck_${INPUT_VERSION#v}_${os}_${arch}.$kind
  for file in "$archive" checksums.txt; do
    curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 --retry 3 --output "$bin/$file" "$from/$file"
  done
  # The line of this one archive, which has to be there.
  if ! awk -v name="$archive" '$2 == name { print; found = 1 } END { exit !found }' "$bin/checksums.txt" >"$bin/checksum.txt"; then
    echo "schemacheck: checksums.txt of $INPUT_VERSION does not name $archive" >&2
    exit 3
  fi
  check=(sha256sum --check --status)
  if ! command -v sha256sum >/dev/null; then check=(shasum --algorithm 256 --check --status); fi
  if ! (cd "$bin" && "${check[@]}" checksum.txt); then
    echo "schemacheck: $archive is not what checksums.txt of $INPUT_VERSION says" >&2
    exit 3
  fi
  if [ "$kind" = zip ]; then
    unzip -q -o "$bin/$archive" "$program" -d "$bin"
  else
    tar -xzf "$bin/$archive" -C "$bin" "$program"
  fi
fi

"$bin/$program" version
echo "program=$bin/$program" >>"${GITHUB_OUTPUT:?}"
echo "$bin" >>"${GITHUB_PATH:?}"
