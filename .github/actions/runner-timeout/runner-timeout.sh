#!/usr/bin/env bash
# Waits two minutes, then cancels the run and exits 1 if a job of it whose name contains "[<unique id>]" is still queued. Cancels nothing on a guess:
# where GitHub does not say how the jobs stand, it warns and exits 0.
set -euo pipefail
export LC_ALL=C
umask 077

main() {
  run_url=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID
  directory=$(mktemp -d "${RUNNER_TEMP:-/tmp}/runner-timeout-XXXXXX")
  trap leave EXIT
  trap 'exit 130' INT TERM
  [ -n "$UNIQUE_ID" ] || warn_and_leave 'unique-id is empty.'

  local seconds=${RUNNER_TIMEOUT_WAIT_SECONDS:-120}
  echo "Waiting for $seconds seconds."
  # In the background, since bash runs a trap only when what runs in the foreground has ended.
  sleep "$seconds" >/dev/null 2>&1 &
  wait $!

  case $(find_jobs) in
    queued) cancel_run ;;
    started) echo 'The job has its runner.' ;;
    absent) warn_and_leave "No job of this run is named after the unique id: add [<unique-id>] to the name of the job that uses the runner." ;;
    *) warn_and_leave 'GitHub does not say how the jobs of this run stand.' ;;
  esac
}

# Prints `queued` if any of ours is, `started` if none is, `absent` if there is none of ours, and nothing if GitHub does not say.
find_jobs() {
  local page found=absent answer
  for ((page = 1; page <= 50; page++)); do
    ask GET "$run_url/jobs?per_page=100&page=$page"
    [ "$status" = 200 ] || return 0
    # All of a page is read before any of it is believed. -s: jq 1.6 takes an empty body for success.
    answer=$(jq -rs --arg mark "[$UNIQUE_ID]" '
      def text: if type == "string" then . else error("no text") end;
      (if length == 1 then .[0].jobs else error("no document") end | map({name: .name | text, status: .status | text})) as $jobs
      | ($jobs | map(select(.name | contains($mark)).status)) as $ours
      | (if $ours | index("queued") then "queued" elif $ours != [] then "started" else "absent" end)
        + if $jobs | length == 100 then " more" else "" end' "$directory/body" 2>/dev/null) || return 0
    case $answer in
      queued*) echo queued && return 0 ;;
      started*) found=started ;;
    esac
    [ "${answer#* }" = more ] || break
  done
  echo "$found"
}

cancel_run() {
  echo 'The job still waits for the self-hosted runner that was reserved for it.'
  echo 'Hint: may this repository use the runner group? (organisation settings, Actions, Runner groups)'
  echo "Hint: is the monitor on the runner's host alive, and the runner online?"
  ask POST "$run_url/cancel"
  case $status in
    202) echo '::error title=runner-timeout::The reserved runner did not start its job: the run is cancelled.' ;;
    *) echo "::error title=runner-timeout::The reserved runner did not start its job, and GitHub refused to cancel the run ($status)." ;;
  esac
  exit 1
}

warn_and_leave() {
  echo "::warning title=runner-timeout::$1 Nothing was cancelled."
  exit 0
}

leave() {
  local job
  for job in $(jobs -p); do kill "$job" 2>/dev/null || true; done
  rm -rf "$directory"
}

# ask METHOD URL: sets status, 000 where no whole answer came. The token goes through stdin, out of sight of the process list.
ask() {
  status=000
  [[ $GITHUB_TOKEN =~ ^[A-Za-z0-9._~+/=-]+$ ]] || return 0
  status=$(curl -sS -X "$1" --connect-timeout 5 --max-time 30 --retry 4 --retry-delay 2 --retry-max-time 60 --retry-connrefused \
    -H 'Accept: application/vnd.github+json' -H 'X-GitHub-Api-Version: 2022-11-28' -o "$directory/body" -w '%{http_code}' \
    --config - "$2" <<<"header = \"Authorization: Bearer $GITHUB_TOKEN\"" 2>/dev/null) || status=000
}

main
