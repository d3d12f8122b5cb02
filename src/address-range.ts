// Ranges of addresses, such as TRUSTED_PROXIES holds them: 10.0.0.7, 10.0.0.0/8, fd00::/8. IPv4 in
// its IPv6 form (::ffff:10.0.0.7) is the IPv4 address. Runs on Workers, which have nothing of the
// kind themselves.
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

export interface AddressRange {
  readonly network: Address;
  /** how many bits at the beginning count */
  readonly bits: number;
}

/** Null: it is neither an address nor address/bits. */
export function parseAddressRange(text: string): AddressRange | null {
  const [, host = "", bitsText] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const network = parseAddress(host);
  if (network === null) return null;
  const width = network.kind() === "ipv4" ? 32 : 128;
  const mappedBits = network.kind() === "ipv4" && host.includes(":") ? 96 : 0;
  const bits = bitsText === undefined ? width : Number(bitsText) - mappedBits;
  return bits < 0 || bits > width ? null : { network, bits };
}

/** @param address as a socket or a header tells it; what is no address is in no range */
export function isInRange(ranges: readonly AddressRange[], address: string): boolean {
  const parsed = parseAddress(address);
  if (parsed === null) return false;
  return ranges.some(({ network, bits }) => network.kind() === parsed.kind() && parsed.match(network, bits));
}

/**
 * An address in one spelling, an IPv6 one as its /64, for one customer has that many; null: it is
 * no address.
 */
export function countedAddress(address: string): string | null {
  const parsed = parseAddress(address);
  if (parsed === null) return null;
  if (!("parts" in parsed)) return parsed.toString();
  const network = parsed.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(":")}::/64`;
}

/**
 * Four decimal numbers, or IPv6 with or without a zone: other spellings of IPv4 are nobody's, also
 * `::10.0.0.7` (RFC 4291 section 2.5.5.1), which the library takes for 10.0.0.7.
 */
function parseAddress(text: string): Address | null {
  if (/^::\d+\./.test(text)) return null;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return ipaddr.IPv6.isValid(text) ? ipaddr.process(text) : null;
}
