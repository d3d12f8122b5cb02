// MONITORS: `[name=]url`, or `name=pull` for one that fetches its takes, separated by commas or
// spaces. Each monitor once: under two names its runners would count twice.
import { z } from "zod";
import { splitList } from "./plain-text.ts";
import { isHeaderSafe, isHttp } from "./value-kinds.ts";

export interface MonitorAddress {
  readonly name: string;
  /** Without a slash at its end; null: it fetches its takes. */
  readonly url: string | null;
}

export const monitorList = z.string().transform((text, context): MonitorAddress[] => {
  const entries = splitList(text, /[\s,]+/).map(parseEntry);
  entries.forEach((entry, at) => {
    if (entry.kind === "wrong") context.addIssue(`has an entry (number ${at + 1}) that ${entry.why}`);
  });
  if (entries.length === 0) context.addIssue("names no monitor");
  const monitors = entries.flatMap((entry) => (entry.kind === "monitor" ? [entry.monitor] : []));
  const twice = pairsAlike(entries);
  for (const [first, second] of twice)
    context.addIssue(`names one monitor twice (entries ${first} and ${second}): one address, one name`);
  if (twice.length === 0 && new Set(monitors.map(({ name }) => name)).size < monitors.length)
    context.addIssue("names two monitors alike: give each a name of its own, name=url");
  return monitors;
});

/** `name:token`, comma-separated, several of one name while its token is changed. */
export const monitorTokens = z.string().transform((text, context) =>
  splitList(text).map((part, at) => {
    const [, monitor = "", token = ""] = /^([A-Za-z0-9._-]{1,64}):(.+)$/.exec(part) ?? [];
    if (monitor === "" || !isHeaderSafe(token))
      context.addIssue(`has an entry (number ${at + 1}) that is not name:token`);
    return { monitor, token };
  }),
);

type Entry =
  | { readonly kind: "monitor"; readonly monitor: MonitorAddress }
  | { readonly kind: "wrong"; readonly why: string };

function parseEntry(part: string): Entry {
  const [, given, address = ""] = /^(?:([A-Za-z0-9._-]{1,64})=)?(.+)$/.exec(part) ?? [];
  if (given !== undefined && address === "pull") {
    return isReserved(given) ? nameTaken : { kind: "monitor", monitor: { name: given, url: null } };
  }
  const url = URL.parse(address);
  if (url === null || !isHttp(url) || url.username + url.password + url.search + url.hash !== "")
    return { kind: "wrong", why: "is not [name=]http(s)://host[:port][/path] or name=pull" };
  const name = given ?? url.host.replaceAll(":", "-").replace(/[^A-Za-z0-9._-]/g, "");
  if (isReserved(name)) return nameTaken;
  // The parser has lowered the host's case and left out the scheme's own port.
  const path = url.pathname.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  return { kind: "monitor", monitor: { name, url: url.origin + path } };
}

const nameTaken = {
  kind: "wrong",
  why: "has a name that JavaScript or a path knows otherwise: choose another",
} as const;

/** What every object has without being given it, and the segments that a URL's path loses. */
function isReserved(name: string): boolean {
  return name in {} || name === "prototype" || name === "." || name === "..";
}

/** Of those with one address, the first with each later one, by their numbers in the list. */
function pairsAlike(entries: readonly Entry[]): [number, number][] {
  const seen = new Map<string, number>();
  return entries.flatMap((entry, at): [number, number][] => {
    if (entry.kind === "wrong" || entry.monitor.url === null) return [];
    // A name may end in a dot, and is the same with and without.
    const address = entry.monitor.url.replace(/^(https?:\/\/[^/]*?)\.(?=[:/]|$)/, "$1");
    const first = seen.get(address);
    if (first === undefined) seen.set(address, at + 1);
    return first === undefined ? [] : [[first, at + 1]];
  });
}
