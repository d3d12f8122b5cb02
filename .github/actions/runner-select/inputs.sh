# shellcheck shell=bash
# What the workflow asks for: checked before anybody is asked, so that no input can be a command, an
# option or another URL. Sourced by runner-select.sh.

check_inputs() {
  local name='^[A-Za-z0-9._-]{1,64}$' url='^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?$'
  local loopback='^http://(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?(/.*)?$'
  [[ $queue_url =~ $url ]] || fall_back 'queue-url is not a plain http or https URL.'
  # On the way, anybody could read the tickets and answer in the queue's place.
  [[ $queue_url == https:* || $queue_url =~ $loopback ]] || fall_back 'queue-url is not https: only a queue on this very machine (localhost, 127.0.0.1) may be asked by http.'
  [[ $PROFILE =~ $name && $PROFILE != . && $PROFILE != .. ]] || fall_back 'self-hosted-image-name is not 1 to 64 of A-Z a-z 0-9 . _ -.'
  [[ $SELF_HOSTED_COUNT =~ ^[1-9][0-9]{0,3}$ ]] || fall_back 'self-hosted-runner-count is not a whole number from 1 on.'
  [[ $MAX_WAIT =~ ^(0|[1-9][0-9]{0,5})$ ]] || fall_back 'max-wait is not a whole number of seconds.'
  [[ $WAIT =~ ^(here|detached)$ ]] || fall_back 'wait is neither here nor detached.'
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

# In small letters, for macOS's uuidgen writes capitals: labels are compared without case, but the
# names of jobs, where runner-timeout looks for the id, are not.
new_unique_id() {
  { uuidgen || cat /proc/sys/kernel/random/uuid || random_bytes 16; } 2>/dev/null | tr 'A-F' 'a-f'
}

random_bytes() {
  od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

directory_of() {
  echo "$RUNNER_TEMP/runner-select-$1"
}
