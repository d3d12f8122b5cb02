#!/bin/sh
# An example for `runner-queue agent --reserve`: moves idle runners to the job's folder, and prints those that it got. A
# move cannot be done twice, so two of these at once never reserve the same runner.
set -eu
cd "$RUNNERS"
mkdir -p "reserved/$RUNNER_QUEUE_UNIQUE_ID"
reserved=""
count=0
for runner in idle/*; do
  [ "$count" -lt "$RUNNER_QUEUE_RUNNERS" ] || break
  [ -e "$runner" ] || continue
  id=${runner##*/}
  # A real one would label the runner at GitHub here: reserved-for:$RUNNER_QUEUE_UNIQUE_ID
  mv "$runner" "reserved/$RUNNER_QUEUE_UNIQUE_ID/" 2>/dev/null || continue
  reserved="$reserved${reserved:+,}{\"id\":\"$id\",\"runner\":{}}"
  count=$((count + 1))
done
printf '[%s]\n' "$reserved"
