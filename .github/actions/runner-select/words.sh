# shellcheck shell=bash
# What goes into the log, the summary and the outputs. Text from elsewhere gets there only through
# plain(). Sourced by runner-select.sh.

# One line of printable ASCII, without what GitHub reads as a command (`::` at the start of a line,
# `##[` anywhere) and without what would end a code span.
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

# The sentence stands in a code span, so that no markdown of others comes to life in it.
tell_fallback() {
  local wanted label after=''
  wanted=$(printf '%s' "${PROFILE:-}" | plain)
  label=$(printf '%s' "${HOSTED_LABEL:-}" | plain)
  [ -z "$directory" ] || after=", after $(waited) s"
  notice "GitHub-hosted runner: $1"
  summarise "\`$wanted\`: GitHub-hosted runner \`$label\`$after: \`$1\`"
}

# Control characters are dropped: a line break would begin another output.
output() {
  printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr -d '\000-\037\177')" >>"$GITHUB_OUTPUT"
}

# output_runners LABEL COUNT TYPE IS_SELF_HOSTED. The indices count from 1, as servo's runner-select
# counts them: workflows pass them on as "chunk N of COUNT".
output_runners() {
  local indices=1 i
  for ((i = 2; i <= $2; i++)); do indices+=,$i; done
  output selected_runner_label "$1"
  output selected_runner_count "$2"
  output selected_runner_indices "[$indices]"
  output runner_type_label "$3"
  output is_self_hosted "$4"
}
