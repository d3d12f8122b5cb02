#!/usr/bin/env bash
# What the steps of action.yml run: runner-select.sh prepare | take | clean-up. It never fails the job that calls it: prepare names the GitHub-hosted
# runner as the outcome before anything else, take replaces that once a runner is reserved, and every other end says why in one sentence.
#
# The steps share a directory that only its owner can read, named after the unique id:
#   ticket     is there as long as a place in line may be ours; whoever removes it has settled what becomes of the place
#   verifier   proves that whoever enqueues with the artifact is the one who made it (RFC 7636)
#   proof.txt  becomes the artifact
#   started    when the wait began, in seconds since 1970
#
# Text from elsewhere reaches the log and the summary through plain() only. Secrets go to curl through its stdin: not into its arguments, where every
# process of the machine can read them.
set -euo pipefail
export LC_ALL=C
umask 077

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
      take
      ;;
    clean-up)
      # Where it runs after a cancellation, it is signalled as soon as it begins.
      trap '' INT TERM
      resume
      clean_up
      ;;
    *) echo "runner-select.sh prepare | take | clean-up" ;;
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
  if ! enqueue_with_id_token; then
    write_proof
    output artifact_path "$directory/proof.txt"
    output needs_artifact true
  fi
  output goes_on true
}

# What an earlier step left for this one; without it there is nothing to do.
resume() {
  unique_id=${UNIQUE_ID:-}
  [[ $unique_id =~ ^[A-Za-z0-9-]+$ ]] || exit 0
  directory=$(directory_of "$unique_id")
  [ -d "$directory" ] || exit 0
}

take() {
  [ -f "$directory/ticket" ] || enqueue_with_artifact
  local deadline=$((SECONDS + MAX_WAIT)) asked_at unanswered_since='' pause left
  local most_unanswered=${RUNNER_SELECT_UNANSWERED_SECONDS:-60}
  # The first time to hear how it stands; from then on the queue holds the request until a runner is there, for so many seconds at most.
  local hold=0
  said=''
  while true; do
    asked_at=$SECONDS
    ask_for_runner "$hold"
    case $status in
      200) use_answer ;;
      000)
        unanswered_since=${unanswered_since:-$asked_at}
        if [ $((SECONDS - unanswered_since)) -ge "$most_unanswered" ]; then
          local why
          why=$(refusal)
          give_place_up || true
          fall_back "$why"
        fi
        pause=1
        ;;
      408 | 429 | 5??)
        unanswered_since=''
        tell_position
        pause=$(retry_after)
        # In line, and heard how it stands or was held: there is nothing to wait for out here.
        if [ -n "$(header x-queue-position)" ] && { [ "$hold" = 0 ] || [ $((SECONDS - asked_at)) -ge 2 ]; }; then pause=0; fi
        ;;
      *)
        rm -f "$directory/ticket"
        fall_back "$(refusal)"
        ;;
    esac
    left=$((deadline - SECONDS))
    [ "$left" -gt 0 ] || break
    nap $((pause < left ? pause : left))
    left=$((deadline - SECONDS))
    hold=$((left < 25 ? left : 25))
    [ "$hold" -gt 0 ] || break
  done

  if ! give_place_up; then
    ask_for_runner 0
    [ "$status" != 200 ] || use_answer
  fi
  fall_back "No runner was free for this job within max-wait ($MAX_WAIT s)."
}

clean_up() {
  give_place_up || true
  delete_artifact --max-time 10 --retry 2 --retry-delay 1 --retry-max-time 20
  rm -rf "$directory"
}

# --- taking a place

enqueue_with_id_token() {
  local request_url=${ACTIONS_ID_TOKEN_REQUEST_URL:-} request_token=${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-} separator='&' id_token
  [ -n "$request_url" ] && [ -n "$request_token" ] || return 1
  case $request_url in *\?*) ;; *) separator='?' ;; esac
  ask GET "$request_url${separator}audience=$(jq -rn --arg url "$queue_url" '$url | @uri')" "$request_token" \
    --connect-timeout 5 --max-time 10 --retry 2 --retry-delay 1 --retry-max-time 20
  id_token=$(jq -r '.value | strings' "$directory/body" 2>/dev/null) || id_token=''
  : >"$directory/body"
  if [ "$status" != 200 ] || ! is_bearer "$id_token"; then
    say "GitHub gave no id token (it answered $status): an artifact shall prove who is asking."
    return 1
  fi
  mask "$id_token"
  local path=/profile/$PROFILE/enqueue
  [ "$SELF_HOSTED_COUNT" = 1 ] || path=$path/$SELF_HOSTED_COUNT
  enqueue "$path" "$id_token" "&max_wait=$MAX_WAIT"
  case $status in
    200) keep_ticket ;;
    401 | 403)
      say "$(refusal) An artifact shall prove who is asking."
      return 1
      ;;
    *) fall_back "$(refusal)" ;;
  esac
}

enqueue_with_artifact() {
  [ "${ARTIFACT_OUTCOME:-}" = success ] || fall_back 'The artifact that proves who is asking could not be uploaded.'
  local tries=0
  # An upload may take GitHub some seconds to show; the queue remembers for 3 s that there was nothing.
  while enqueue /enqueue '' "&max_wait=$MAX_WAIT&code_verifier=$(cat "$directory/verifier")" && [ "$tries" -lt 2 ] && is_refused_as artifact_missing; do
    tries=$((tries + 1))
    say 'GitHub does not show the artifact yet: asking again.'
    nap "${RUNNER_SELECT_ARTIFACT_SECONDS:-4}"
  done
  [ "$status" = 200 ] || fall_back "$(refusal)"
  keep_ticket
}

# enqueue PATH BEARER [MORE_PARAMETERS]
enqueue() {
  ask POST "$queue_url$1?unique_id=$unique_id&qualified_repo=$GITHUB_REPOSITORY&run_id=$GITHUB_RUN_ID${3:-}" "$2" \
    --connect-timeout 5 --max-time 30 --retry 30 --retry-delay 1 --retry-max-time 30 --retry-connrefused
}

keep_ticket() {
  local ticket
  ticket=$(cat "$directory/body")
  : >"$directory/body"
  # Masking something short would blot out half the log, and make GitHub withhold outputs that contain it.
  if [ "${#ticket}" -lt 64 ] || ! is_bearer "$ticket"; then fall_back 'The queue took the job, but what it returned is no ticket.'; fi
  mask "$ticket"
  printf '%s' "$ticket" >"$directory/ticket"
}

write_proof() {
  local verifier challenge
  verifier=$(random_bytes 32)
  mask "$verifier"
  printf '%s' "$verifier" >"$directory/verifier"
  challenge=$(openssl dgst -sha256 -binary <"$directory/verifier" | openssl base64 -A | tr '+/' '-_' | tr -d '=') || challenge=''
  [ "${#challenge}" = 43 ] || fall_back 'openssl, which proves who is asking, is missing or fails here.'
  printf '%s\n' "unique_id=$unique_id" "self_hosted_image_name=$PROFILE" "self_hosted_runner_count=$SELF_HOSTED_COUNT" \
    "qualified_repo=$GITHUB_REPOSITORY" "run_id=$GITHUB_RUN_ID" "code_challenge=$challenge" >"$directory/proof.txt"
}

# --- waiting

# ask_for_runner SECONDS_TO_BE_HELD
ask_for_runner() {
  ask POST "$queue_url/take/$unique_id?wait=$1" "$(cat "$directory/ticket")" --connect-timeout 5 --max-time 30
}

# The answer to a take, however it reads, is the end.
use_answer() {
  local ids seconds runners=runner
  if jq -es 'length == 1 and .[0] == null' "$directory/body" >/dev/null 2>&1; then
    rm -f "$directory/ticket"
    fall_back 'The queue tried to reserve a runner, and failed for good.'
  fi
  if ! ids=$(jq -ers --argjson count "$SELF_HOSTED_COUNT" '
      if length == 1 then .[0] else error("documents") end | if type == "object" then [.] else . end
      | if type == "array" and length >= $count and all(type == "object") then . else error("runners") end
      | map(.id | tostring) | join(", ")' "$directory/body" 2>/dev/null); then
    give_place_up || true
    fall_back "The queue's answer cannot be read as $SELF_HOSTED_COUNT reserved runner(s)."
  fi
  rm -f "$directory/ticket"
  output_runners "reserved-for:$unique_id" "$SELF_HOSTED_COUNT" "self-hosted-image:$PROFILE" true
  ids=$(printf '%s' "$ids" | plain)
  seconds=$(waited)
  [ "$SELF_HOSTED_COUNT" = 1 ] || runners=runners
  notice "Self-hosted $runners $ids of profile $PROFILE, after $seconds s."
  summarise "\`$PROFILE\`: self-hosted $runners \`$ids\`, after $seconds s."
  exit 0
}

# delete_artifact CURL_OPTION...
delete_artifact() {
  [[ ${ARTIFACT_ID:-} =~ ^[0-9]+$ ]] || return 0
  ask DELETE "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/actions/artifacts/$ARTIFACT_ID" "${GITHUB_TOKEN:-}" \
    -H 'Accept: application/vnd.github+json' -H 'X-GitHub-Api-Version: 2022-11-28' "$@"
  [ "$status" = 204 ] || say "The artifact could not be deleted (GitHub answered $status): it expires in a day."
}

# Says how it stands, when that has changed.
tell_position() {
  local position reason words estimate
  position=$(header x-queue-position | tr -cd '0-9' | cut -c1-6)
  reason=$(header x-queue-reason | tr -cd 'a-z_' | cut -c1-40)
  estimate=$(header x-queue-estimate | tr -cd '0-9-' | cut -c1-20)
  words="Waiting${position:+ at position $position}: ${reason:-the queue answered $status}"
  [[ ! $estimate =~ ^[0-9]+-[0-9]+$ ]] || words+=", about $estimate s"
  [ "$words" = "$said" ] || say "$words"
  said=$words
}

# Whole seconds from 1 to 15, whatever the header says.
retry_after() {
  local seconds
  seconds=$(header retry-after)
  [[ $seconds =~ ^[1-9][0-9]{0,3}$ ]] || seconds=1
  echo $((seconds < 15 ? seconds : 15))
}

# Fails where it is too late: the runner is reserved. Otherwise the place is gone, or will be soon, since nobody asks for it any more.
give_place_up() {
  [ -f "$directory/ticket" ] || return 0
  ask DELETE "$queue_url/jobs/$unique_id" "$(cat "$directory/ticket")" --connect-timeout 3 --max-time 5
  case $status in
    200) rm -f "$directory/ticket" ;;
    409) ! is_refused_as job_taken || return 1 ;;
    *) say "The place in line could not be given up (the queue answered $status): it lapses by itself." ;;
  esac
}

# --- HTTP

# ask METHOD URL BEARER CURL_OPTION...: sets status, 000 where no whole answer came; the answer is in body and headers. In the background, since bash
# runs a trap only when what runs in the foreground has ended.
ask() {
  local method=$1 url=$2 bearer=$3 config
  shift 3
  for file in body headers status trouble; do : >"$directory/$file"; done
  config="url = \"$url\""
  if [ -n "$bearer" ]; then
    is_bearer "$bearer" || bearer=unusable
    config+=$'\n'"header = \"Authorization: Bearer $bearer\""
  fi
  curl -sS -g -X "$method" --max-filesize 1048576 -o "$directory/body" -D "$directory/headers" -w '%{http_code}' \
    "$@" --config - <<<"$config" >"$directory/status" 2>"$directory/trouble" &
  status=000
  if wait $!; then status=$(cat "$directory/status"); fi
}

# A header of the last answer; curl writes down those of every attempt.
header() {
  tr -d '\r' <"$directory/headers" | awk -v name="$1" '
    /^HTTP\// { value = "" }
    { at = index($0, ":"); if (tolower(substr($0, 1, at - 1)) == name) { value = substr($0, at + 1); gsub(/^ +| +$/, "", value) } }
    END { print value }'
}

# Whether the queue refused with this code.
is_refused_as() {
  [ "$(jq -r '.code | strings' "$directory/body" 2>/dev/null)" = "$1" ]
}

# The last answer, which was no success, in a sentence.
refusal() {
  local words
  words=$(jq -r 'objects | [(.title | strings), (.detail | strings)] | join(": ")' "$directory/body" 2>/dev/null | plain) || words=''
  if [ "$status" = 000 ]; then
    echo "The queue cannot be reached: $(plain <"$directory/trouble")."
  elif [ -n "$words" ]; then
    echo "The queue refused: $words ($(jq -r '.code | strings' "$directory/body" 2>/dev/null | plain))."
  else
    words=$(header x-queue-reason | tr -cd 'a-z_' | cut -c1-40)
    echo "The queue answered $status${words:+ ($words)}."
  fi
}

nap() {
  sleep "$1" >/dev/null 2>&1 &
  wait $! || true
}

# --- what goes in and out

check_inputs() {
  local name='^[A-Za-z0-9._-]{1,64}$' url='^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?$'
  [[ $queue_url =~ $url ]] || fall_back 'queue-url is not a plain http or https URL.'
  [[ $PROFILE =~ $name && $PROFILE != . && $PROFILE != .. ]] || fall_back 'self-hosted-image-name is not 1 to 64 of A-Z a-z 0-9 . _ -.'
  [[ $SELF_HOSTED_COUNT =~ ^[1-9][0-9]{0,3}$ ]] || fall_back 'self-hosted-runner-count is not a whole number from 1 on.'
  [[ $MAX_WAIT =~ ^(0|[1-9][0-9]{0,5})$ ]] || fall_back 'max-wait is not a whole number of seconds.'
  local tool
  for tool in curl jq; do command -v "$tool" >/dev/null || fall_back "$tool is missing here."; done
}

count_or_one() {
  if [[ $1 =~ ^[1-9][0-9]{0,3}$ ]]; then
    echo "$1"
  else
    echo 1
  fi
}

# uuidgen of macOS writes capitals; labels are compared without case, names are not.
new_unique_id() {
  { uuidgen || cat /proc/sys/kernel/random/uuid || random_bytes 16; } 2>/dev/null | tr 'A-F' 'a-f'
}

random_bytes() {
  od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

directory_of() {
  echo "$RUNNER_TEMP/runner-select-$1"
}

waited() {
  local now started
  now=$(date +%s)
  started=$(cat "$directory/started" 2>/dev/null) || started=$now
  echo $((now - started))
}

is_bearer() {
  [[ $1 =~ ^[A-Za-z0-9._~+/=-]+$ ]]
}

# One line of printable ASCII without what GitHub reads as a workflow command (`::` first in a line, `##[` anywhere) or what ends a code span.
plain() {
  tr -c '\040-\176' ' ' | tr -d '#`' | tr -s ': ' | cut -c1-300 | sed 's/^ //; s/ $//'
}

say() {
  printf '%s\n' "$1"
}

notice() {
  printf '::notice title=runner-select::%s\n' "${1//%/%25}"
}

mask() {
  printf '::add-mask::%s\n' "$1"
}

summarise() {
  [ -z "${GITHUB_STEP_SUMMARY:-}" ] || printf -- '- %s\n' "$1" >>"$GITHUB_STEP_SUMMARY"
}

# A control character would begin a new output.
output() {
  printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr -d '\000-\037\177')" >>"$GITHUB_OUTPUT"
}

# output_runners LABEL COUNT TYPE IS_SELF_HOSTED
output_runners() {
  # from 1, as the deployed action counts: a step says "chunk i of n" by them
  local indices=1 i
  for ((i = 2; i <= $2; i++)); do indices+=,$i; done
  output selected_runner_label "$1"
  output selected_runner_count "$2"
  output selected_runner_indices "[$indices]"
  output runner_type_label "$3"
  output is_self_hosted "$4"
}

# --- ends

fall_back() {
  tell_fallback "$1"
  exit 0
}

# The outputs say GitHub-hosted already. The sentence stands in a code span: no markdown of others comes to life in it.
tell_fallback() {
  local wanted label after=''
  wanted=$(printf '%s' "${PROFILE:-}" | plain)
  label=$(printf '%s' "${HOSTED_LABEL:-}" | plain)
  [ -z "$directory" ] || after=", after $(waited) s"
  notice "GitHub-hosted runner: $1"
  summarise "\`$wanted\`: GitHub-hosted runner \`$label\`$after: \`$1\`"
}

# bash may drop a SIGINT that comes while a short command is in its foreground; GitHub sends SIGTERM 7.5 s later, which it never drops.
# Cleans up as well, for GitHub may not come to the last step of a cancelled action (actions/runner#2638). Brief: what has not ended ten seconds
# after the first signal is killed.
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

# A bug, a full disk, a missing tool: no reason to fail the job.
broke_off() {
  local code=$?
  trap - EXIT
  [ "$code" = 0 ] || notice "runner-select broke off with status $code; its outputs stand as they are."
  exit 0
}

main "$@"
