#!/bin/sh
# An example for `runner-queue agent --list`: runners are files. An idle one is $RUNNERS/idle/<id>, one that is reserved
# $RUNNERS/reserved/<unique_id>/<id>, and $RUNNERS/busy/<id> is there while its job runs.
set -eu
cd "$RUNNERS"
idle=$(ls idle | wc -l)
all=$idle
reservations=""
for runner in reserved/*/*; do
  [ -e "$runner" ] || continue
  id=${runner##*/}
  unique_id=$(basename "$(dirname "$runner")")
  busy=false
  if [ -e "busy/$id" ]; then busy=true; fi
  reservations="$reservations${reservations:+,}{\"unique_id\":\"$unique_id\",\"id\":\"$id\",\"busy\":$busy}"
  all=$((all + 1))
done
printf '{"profiles":{"%s":{"idle":%d,"healthy":%d,"target":%d}},"reservations":[%s]}\n' \
  "$PROFILE" "$idle" "$all" "$all" "$reservations"
