// Whether a request's target names a way through folders. Browsers, and this server before it hands
// on a URL, fold `/a/../b` into `/b`; a proxy in front may not, and then rules that it has for
// paths are gone around. So such a path is nobody's.

/** A segment that is `.` or `..`, with or without percent-encoding, anywhere before the query. */
const dotSegment = /^[^?#]*\/(?:\.|%2e){1,2}(?:[/?#]|$)/i;

/** @param target as it stood in the request line */
export function hasDotSegments(target: string): boolean {
  // Nearly every target is done with here: this is asked for each poll.
  if (!target.includes("/.") && !target.includes("/%2")) return false;
  return dotSegment.test(target);
}
