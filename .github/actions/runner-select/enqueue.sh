# shellcheck shell=bash
# Taking a place in line: by GitHub's id token, else by an artifact. Sourced by runner-select.sh.

# Fails where an artifact is needed instead.
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
  enqueue "$path" "$id_token" "$(terms)"
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
  # GitHub may need some seconds to show an upload, and the queue remembers for 3 s that there was
  # nothing.
  while enqueue /enqueue '' "$(terms)&code_verifier=$(cat "$directory/verifier")" && [ "$tries" -lt 2 ] && is_refused_as artifact_missing; do
    tries=$((tries + 1))
    say 'GitHub does not show the artifact yet: asking again.'
    nap "${RUNNER_SELECT_ARTIFACT_SECONDS:-4}"
  done
  [ "$status" = 200 ] || fall_back "$(refusal)"
  keep_ticket
}

# How long the job stays in line, and who says that it is still there.
terms() {
  printf '&max_wait=%s' "$MAX_WAIT"
  [ "$WAIT" != detached ] || printf '&presence=github&run_attempt=%s' "${GITHUB_RUN_ATTEMPT:-1}"
}

# enqueue PATH BEARER [MORE_PARAMETERS]. Tries for half a minute, once a second or when the queue
# says so; the time ends it, not the number of tries. A repeated enqueue gets the same ticket, so a
# lost connection is tried again like a refused one.
enqueue() {
  local seconds=${RUNNER_SELECT_ENQUEUE_SECONDS:-30}
  ask POST "$queue_url$1?unique_id=$unique_id&qualified_repo=$GITHUB_REPOSITORY&run_id=$GITHUB_RUN_ID${3:-}" "$2" \
    --connect-timeout 5 --max-time 30 --retry 99 --retry-delay 1 --retry-max-time "$seconds" --retry-connrefused --retry-all-errors
}

keep_ticket() {
  local ticket
  ticket=$(cat "$directory/body")
  : >"$directory/body"
  # To mask a short text would blot out half the log, and make GitHub withhold outputs with it.
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

# delete_artifact CURL_OPTION...
delete_artifact() {
  [[ ${ARTIFACT_ID:-} =~ ^[0-9]+$ ]] || return 0
  ask DELETE "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/actions/artifacts/$ARTIFACT_ID" "${GITHUB_TOKEN:-}" \
    -H 'Accept: application/vnd.github+json' -H 'X-GitHub-Api-Version: 2022-11-28' "$@"
  [ "$status" = 204 ] || say "The artifact could not be deleted (GitHub answered $status): it expires in a day."
}
