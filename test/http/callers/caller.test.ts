// Whose call it is that is counted: whatever a stranger claims, nobody else is counted for them,
// and nobody hides behind others.
import { describe, expect, it } from "vitest";
import { isInRange, parseAddressRange } from "../../../src/address-range.ts";
import { createCallerIdentity } from "../../../src/http/callers/caller.ts";

describe("without TRUSTED_PROXIES the peer is the caller, whatever it claims", () => {
  const identify = createCallerIdentity([]);
  it.each([
    ["203.0.113.9", undefined, "203.0.113.9"],
    ["::ffff:203.0.113.9", undefined, "203.0.113.9"],
    ["203.0.113.9", "198.51.100.1", "203.0.113.9"],
    // a private address is nobody's proxy by itself
    ["10.0.0.3", "198.51.100.1", "10.0.0.3"],
    ["127.0.0.1", "198.51.100.1", "127.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", undefined, "2001:db8:1:2::/64"],
    ["2001:0db8:0001:2::1", undefined, "2001:db8:1:2::/64"],
    ["2001:db8::1", undefined, "2001:db8:0:0::/64"],
    ["fe80::1%eth0", undefined, "fe80:0:0:0::/64"],
    ["::1", undefined, "0:0:0:0::/64"],
    [undefined, "198.51.100.1", ""],
  ])("%s with X-Forwarded-For %s counts as %s", (peer, forwardedFor, caller) => {
    expect(identify(peer, forwardedFor)).toBe(caller);
  });
});

describe("behind TRUSTED_PROXIES it is the last address that none of them has", () => {
  const identify = createCallerIdentity(["127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8"]);
  it.each([
    // our proxy wrote the last entry, the stranger the first
    ["127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"],
    ["::ffff:127.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["::1", "203.0.113.7:4711", "203.0.113.7"],
    ["127.0.0.1", "[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"],
    // two proxies of ours, one behind the other
    ["127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.2.3, fd12::7", "203.0.113.7"],
    // one of our own machines behind our proxy
    ["127.0.0.1", "10.0.0.9", "10.0.0.9"],
    ["127.0.0.1", "10.0.0.9, 10.0.0.8", "10.0.0.9"],
    ["10.0.0.3", undefined, "10.0.0.3"],
    ["10.0.0.3", "", "10.0.0.3"],
    ["10.0.0.3", "203.0.113.7, ", "203.0.113.7"],
    ["10.0.0.3", "203.0.113.7, unknown", "10.0.0.3"],
    ["10.0.0.3", "203.0.113.7, 999.1.1.1", "10.0.0.3"],
    // no proxy of ours
    ["11.0.0.3", "203.0.113.7", "11.0.0.3"],
    ["192.168.0.1", "203.0.113.7", "192.168.0.1"],
  ])("%s with X-Forwarded-For %s counts as %s", (peer, forwardedFor, caller) => {
    expect(identify(peer, forwardedFor)).toBe(caller);
  });
});

it.each([
  ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.1.1"], ["11.0.0.0", "9.255.255.255", "::10.0.0.1"]],
  ["10.1.2.3/8", ["10.9.9.9"], ["11.1.2.3"]],
  ["192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "192.0.2.8", ""]],
  ["192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127"]],
  ["::ffff:10.0.0.0/104", ["10.2.3.4"], ["11.0.0.1"]],
  ["0.0.0.0/0", ["1.2.3.4", "255.255.255.255"], ["::1", "2001:db8::1"]],
  ["::/0", ["::1", "2001:db8::1"], ["1.2.3.4"]],
  ["2001:db8::/33", ["2001:db8:7fff:ffff::1", "2001:DB8::"], ["2001:db8:8000::"]],
  ["fe80::1", ["fe80::1", "fe80::1%eth0", "fe80:0:0:0:0:0:0:1"], ["fe80::2"]],
] as const)("the range %s holds what it should and nothing else", (text, inside, outside) => {
  const range = parseAddressRange(text);
  const ranges = range === null ? [] : [range];
  for (const address of inside) expect(isInRange(ranges, address), address).toBe(true);
  for (const address of outside) expect(isInRange(ranges, address), address).toBe(false);
});

it.each([
  "",
  "localhost",
  "10.0.0",
  "10.0.0.256",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/8/8",
  "10.0.0.0/-1",
  "::/129",
  "::ffff:10.0.0.1/95",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1::2::3",
  "1:2:3:4::5:6:7:8",
  "12345::",
  "::1.2.3",
  ":1",
  "1:",
])("%s is no range, and is refused instead of trusting nobody in silence", (text) => {
  expect(parseAddressRange(text)).toBeNull();
  expect(() => createCallerIdentity([text])).toThrow("TRUSTED_PROXIES");
});
