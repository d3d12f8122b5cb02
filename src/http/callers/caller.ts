// Who calls, as far as an address tells: to count what one caller costs, not to trust anybody.
import { type AddressRange, countedAddress, isInRange, parseAddressRange } from "../../address-range.ts";

/**
 * The address to count for. `peer`: the other end of the connection. `forwardedFor`:
 * X-Forwarded-For, if there is one.
 */
export type IdentifyCaller = (peer: string | undefined, forwardedFor: string | undefined) => string;

/**
 * Whoever connects is the caller, whatever they claim; unless it is a proxy of ours. Of that one
 * X-Forwarded-For is believed, from its end back to the first address that is none of our proxies:
 * what stands before that one, the caller may have written.
 * @param trustedProxies TRUSTED_PROXIES: addresses and ranges
 */
export function createCallerIdentity(trustedProxies: readonly string[]): IdentifyCaller {
  const trusted = parseTrustedProxies(trustedProxies);
  return (peer, forwardedFor) => {
    let caller = withoutPort(peer ?? "");
    if (forwardedFor !== undefined && isInRange(trusted, caller)) {
      const entries = forwardedFor.split(",").map((entry) => entry.trim());
      const hops = entries.filter((entry) => entry !== "").map(withoutPort);
      while (hops.length > 0 && isInRange(trusted, caller)) {
        const hop = hops.pop() ?? "";
        // "unknown" or a name: the proxy that wrote it is the last one that we know of
        if (countedAddress(hop) === null) break;
        caller = hop;
      }
    }
    return countedAddress(caller) ?? caller.slice(0, 64);
  };
}

/**
 * Throws where an entry is no address and no range: a proxy that is left out would make all its
 * callers one.
 */
export function parseTrustedProxies(trustedProxies: readonly string[]): readonly AddressRange[] {
  return trustedProxies.map((text) => {
    const range = parseAddressRange(text);
    if (range === null) throw new Error("TRUSTED_PROXIES holds an entry that is no address and no range");
    return range;
  });
}

/** Without brackets and port, as proxies write both. */
function withoutPort(address: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1];
  return bracketed ?? address.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
}
