#!/usr/bin/env bash
# The steps of action.yml: runner-select.sh prepare | take | clean-up. No step fails its job. First
# of all, `prepare` names the GitHub-hosted runner as the outcome; `take` replaces that once a runner
# is reserved. Every other end says in one sentence why there is none.
#
# The steps share a directory that only its owner can read, named after the unique id:
#   ticket     exists as long as a place in line may be ours. Whoever removes it has decided what
#              becomes of the place
#   verifier   a secret: it proves that this run made the artifact (RFC 7636)
#   proof.txt  what the artifact holds
#   started    when the wait began, in seconds since 1970
#
# The other files here hold functions only: inputs.sh checks what the workflow asked for, enqueue.sh
# gets a ticket, waiting.sh asks for the runner, http.sh calls curl, words.sh writes to the log.
set -euo pipefail
export LC_ALL=C
umask 077

here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=inputs.sh
. "$here/inputs.sh"
# shellcheck source-path=SCRIPTDIR source=enqueue.sh
. "$here/enqueue.sh"
# shellcheck source-path=SCRIPTDIR source=waiting.sh
. "$here/waiting.sh"
# shellcheck source-path=SCRIPTDIR source=http.sh
. "$here/http.sh"
# shellcheck source-path=SCRIPTDIR source=words.sh
. "$here/words.sh"

main() {
  queue_url=${QUEUE_URL:-}
  while [ "$queue_url" != "${queue_url%/}" ]; do queue_url=${queue_url%/}; done
  directory=''
  trap broke_off EXIT
  case ${1:-} in
    prepare)
      trap cancelled INT TERM
      prepare
      ;;
    take)
      trap cancelled INT TERM
      resume
      [ -f "$directory/ticket" ] || enqueue_with_artifact
      [ "$WAIT" != detached ] || leave_it_waiting
      wait_for_runner
      ;;
    clean-up)
      # In a cancelled workflow this step is signalled as soon as it begins. It has to finish.
      trap '' INT TERM
      resume
      clean_up
      ;;
    *) echo 'runner-select.sh prepare | take | clean-up' ;;
  esac
}

prepare() {
  unique_id=$(new_unique_id)
  output unique_id "$unique_id"
  output_runners "$HOSTED_LABEL" "$(count_or_one "$HOSTED_COUNT")" "$HOSTED_LABEL" false
  [ -z "$NO_SELF_HOSTED_RUNNERS" ] || fall_back 'Self-hosted runners are switched off: NO_SELF_HOSTED_RUNNERS is set.'
  [ "$FORCE_HOSTED" != true ] || fall_back 'A GitHub-hosted runner was asked for: force-github-hosted-runner is set.'
  check_inputs

  directory=$(directory_of "$unique_id")
  mkdir -p "$directory"
  date +%s >"$directory/started"
  if enqueue_with_id_token; then
    [ "$WAIT" != detached ] || leave_it_waiting
  else
    write_proof
    output artifact_path "$directory/proof.txt"
    output needs_artifact true
  fi
  output goes_on true
}

# Finds what an earlier step left. Where it left nothing, this step has nothing to do.
resume() {
  unique_id=${UNIQUE_ID:-}
  [[ $unique_id =~ ^[A-Za-z0-9-]+$ ]] || exit 0
  directory=$(directory_of "$unique_id")
  [ -d "$directory" ] || exit 0
}

clean_up() {
  give_place_up || true
  delete_artifact --max-time 10 --retry 2 --retry-delay 1 --retry-max-time 20
  rm -rf "$directory"
}

# The outputs name the GitHub-hosted runner already.
fall_back() {
  tell_fallback "$1"
  exit 0
}

# GitHub sends SIGINT, and 7.5 s later SIGTERM; bash may lose the first while a short command runs
# in its foreground. What has not ended 10 s after the first is killed, so this must be brief. It
# cleans up as well, since GitHub may never come to the last step (actions/runner#2638).
cancelled() {
  trap '' INT TERM
  local job
  for job in $(jobs -p); do kill "$job" 2>/dev/null || true; done
  if [ -n "$directory" ]; then
    give_place_up || true
    delete_artifact --max-time 3
  fi
  tell_fallback 'The workflow was cancelled, and its place in line given up.'
  [ -z "$directory" ] || rm -rf "$directory"
  exit 0
}

# A bug or a full disk is no reason to fail the job.
broke_off() {
  local code=$?
  trap - EXIT
  [ "$code" = 0 ] || notice "runner-select broke off with status $code; its outputs stand as they are."
  exit 0
}

main "$@"
