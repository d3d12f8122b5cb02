# shellcheck shell=bash
# Requests by curl, and what their answers say. Secrets reach curl by its stdin: its arguments can be
# read by every process of the machine. Sourced by runner-select.sh.

# ask METHOD URL BEARER CURL_OPTION...: sets status, to 000 where no whole answer came. The answer
# is in the files body and headers. curl runs in the background, since bash runs a trap only when
# the command in its foreground has ended.
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

# A header of the last answer: curl writes down those of every try.
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

# Says in a sentence why the last request was no success.
refusal() {
  local words
  words=$(jq -r 'objects | [(.title | strings), (.detail | strings)] | join(": ")' "$directory/body" 2>/dev/null | plain) || words=''
  if [ "$status" = 000 ]; then
    # curl complains about every try. The last complaint says why it gave up.
    echo "The queue cannot be reached: $(awk '/^curl: / { last = $0 } END { print last }' "$directory/trouble" | plain)."
  elif [ -n "$words" ]; then
    echo "The queue refused: $words ($(jq -r '.code | strings' "$directory/body" 2>/dev/null | plain))."
  else
    words=$(header x-queue-reason | tr -cd 'a-z_' | cut -c1-40)
    echo "The queue answered $status${words:+ ($words)}."
  fi
}

is_bearer() {
  [[ $1 =~ ^[A-Za-z0-9._~+/=-]+$ ]]
}

nap() {
  sleep "$1" >/dev/null 2>&1 &
  wait $! || true
}
