# shellcheck shell=bash
# In line: asking until there is a runner, or giving the place up. Sourced by runner-select.sh.

# Does not return: it ends with the runner or with a fallback.
wait_for_runner() {
  local deadline=$((SECONDS + MAX_WAIT)) asked_at unanswered_since='' pause left
  local most_unanswered=${RUNNER_SELECT_UNANSWERED_SECONDS:-60}
  # The first request hears how it stands. The queue holds all later ones for up to this long.
  local hold=0
  said='' explained=''
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
        # In line, and either told how it stands or held: the queue does the waiting.
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

# ask_for_runner SECONDS_TO_BE_HELD
ask_for_runner() {
  ask POST "$queue_url/take/$unique_id?wait=$1" "$(cat "$directory/ticket")" --connect-timeout 5 --max-time 30
}

# The place is kept by GitHub's word that the job is queued which names the label: nobody asks here
# any more, and nobody gives it up.
leave_it_waiting() {
  rm -f "$directory/ticket"
  output_runners "reserved-for:$unique_id" "$SELF_HOSTED_COUNT" "self-hosted-image:$PROFILE" true
  notice "In line for profile $PROFILE. The job that names reserved-for:$unique_id starts when its turn comes."
  summarise "\`$PROFILE\`: in line, and nobody waits here for \`reserved-for:$unique_id\`."
  exit 0
}

# An answer ends the wait, whatever it says.
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

# Says how it stands, where that has changed.
tell_position() {
  local position reason words estimate message
  position=$(header x-queue-position | tr -cd '0-9' | cut -c1-6)
  reason=$(header x-queue-reason | tr -cd 'a-z_' | cut -c1-40)
  estimate=$(header x-queue-estimate | tr -cd '0-9-' | cut -c1-20)
  words="Waiting${position:+ at position $position}: ${reason:-the queue answered $status}"
  [[ ! $estimate =~ ^[0-9]+-[0-9]+$ ]] || words+=", about $estimate s"
  message=$(header x-queue-message | plain)
  [ "$words" = "$said" ] || say "$words"
  [ -z "$message" ] || [ "$message" = "$explained" ] || say "$message"
  said=$words
  explained=$message
}

# Whole seconds from 1 to 15, whatever the header says.
retry_after() {
  local seconds
  seconds=$(header retry-after)
  [[ $seconds =~ ^[1-9][0-9]{0,3}$ ]] || seconds=1
  echo $((seconds < 15 ? seconds : 15))
}

# Fails where it is too late: the runner is reserved. Otherwise the place is gone, or soon will be,
# since nobody asks for it any more.
give_place_up() {
  [ -f "$directory/ticket" ] || return 0
  ask DELETE "$queue_url/jobs/$unique_id" "$(cat "$directory/ticket")" --connect-timeout 3 --max-time 5
  case $status in
    200) rm -f "$directory/ticket" ;;
    409) ! is_refused_as job_taken || return 1 ;;
    *) say "The place in line could not be given up (the queue answered $status): it lapses by itself." ;;
  esac
}

waited() {
  local now started
  now=$(date +%s)
  started=$(cat "$directory/started" 2>/dev/null) || started=$now
  echo $((now - started))
}
