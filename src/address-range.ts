// Ranges of addresses, such as TRUSTED_PROXIES holds them: 10.0.0.7, 10.0.0.0/8, fd00::/8. Written
// out here, because Workers have no such thing. IPv4 in its IPv6 form (::ffff:10.0.0.7) is the IPv4
// address.

export interface AddressRange {
  readonly family: 4 | 6;
  readonly network: bigint;
  /** how many bits at the end are free */
  readonly freeBits: bigint;
}

/** Null: it is neither an address nor address/bits. */
export function parseAddressRange(text: string): AddressRange | null {
  const [, host = "", bitsText] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const address = parseAddress(host);
  if (address === null) return null;
  const width = widthOf[address.family];
  const mappedBits = address.family === 4 && host.includes(":") ? 96 : 0;
  const bits = bitsText === undefined ? width : Number(bitsText) - mappedBits;
  if (bits < 0 || bits > width) return null;
  const freeBits = BigInt(width - bits);
  return { family: address.family, network: address.value >> freeBits, freeBits };
}

/** @param address as a socket or a header tells it; what is no address is in no range */
export function isInRange(ranges: readonly AddressRange[], address: string): boolean {
  const parsed = parseAddress(address);
  if (parsed === null) return false;
  return ranges.some(
    ({ family, network, freeBits }) => family === parsed.family && parsed.value >> freeBits === network,
  );
}

/**
 * An address in one spelling, an IPv6 one as its /64, for one customer has that many; null: it is
 * no address.
 */
export function countedAddress(address: string): string | null {
  const parsed = parseAddress(address);
  if (parsed === null) return null;
  if (parsed.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (parsed.value >> shift) & 0xffn).join(".");
  const groups = [112n, 96n, 80n, 64n].map((shift) => ((parsed.value >> shift) & 0xffffn).toString(16));
  return `${groups.join(":")}::/64`;
}

const widthOf = { 4: 32, 6: 128 } as const;

interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

function parseAddress(text: string): Address | null {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== null) return { family: 4, value: ipv4 };
  const [withoutZone = ""] = text.split("%");
  const ipv6 = parseIpv6(withoutZone);
  if (ipv6 === null) return null;
  return ipv6 >> 32n === 0xffffn ? { family: 4, value: ipv6 & 0xffffffffn } : { family: 6, value: ipv6 };
}

function parseIpv4(text: string): bigint | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | null {
  const lastColon = text.lastIndexOf(":");
  const tail = parseIpv4(text.slice(lastColon + 1));
  const hex =
    tail === null
      ? text
      : `${text.slice(0, lastColon + 1)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  const halves = hex.split("::");
  if (lastColon < 0 || halves.length > 2) return null;
  const [before = [], after = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - before.length - after.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...new Array<string>(missing).fill("0"), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
