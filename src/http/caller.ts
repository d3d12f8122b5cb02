// Who calls, as far as an address tells: to count what one caller costs, not to trust anybody.

/**
 * The address to count for. Behind a proxy on our own network the last entry of X-Forwarded-For, which that proxy wrote; else the peer
 * itself, whatever it claims. An IPv6 caller is his /64: one customer has that many addresses.
 */
export function identifyCaller(peer: string | undefined, forwardedFor: string | undefined): string {
  const address = normalize(peer ?? "");
  const last = forwardedFor
    ?.split(",")
    .findLast((entry) => entry.trim() !== "")
    ?.trim();
  const counted = last !== undefined && isPrivate(address) ? normalize(last) : address;
  return counted.includes(":") ? prefixOf(counted) : counted.slice(0, 64);
}

/** Without IPv4's IPv6 form, zone, brackets and port. */
function normalize(address: string): string {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? address;
  const [withoutZone = ""] = bare.toLowerCase().split("%");
  return withoutZone.replace(/^::ffff:(?=\d+\.)/, "").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
}

/** Loopback, link-local and the networks that nobody routes (RFC 1918, RFC 4193, RFC 6598). */
function isPrivate(address: string): boolean {
  return /^(127\.|10\.|192\.168\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd]|fe80:)/.test(
    address,
  );
}

/** The first four groups of an IPv6 address, written out. */
function prefixOf(address: string): string {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  const groups = [...before, ...zeros, ...after].map((group) => group.replace(/^0+(?=.)/, ""));
  return `${groups.slice(0, 4).join(":")}::/64`.slice(0, 64);
}
