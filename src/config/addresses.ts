// Where the queue is reached, and through whom: HOST, BASE_PATH, TRUSTED_PROXIES.
import { z } from "zod";
import { parseAddressRange } from "../address-range.ts";
import { splitList } from "./plain-text.ts";

export const hostList = z
  .string()
  .transform((text) => splitList(text).map((part) => part.replace(/^\[(.*)\]$/, "$1")))
  .refine((hosts) => hosts.length > 0, "names no address")
  .refine((hosts) => hosts.every((host) => /^[A-Za-z0-9.:_%-]+$/.test(host)), "has an entry that is no address or name")
  .refine((hosts) => new Set(hosts).size === hosts.length, "names one address twice");

/** `/`, or a path without a slash at its end. */
export const basePath = z
  .string()
  .transform(
    (text) =>
      `/${text
        .split("/")
        .filter((part) => part !== "")
        .join("/")}`,
  )
  .refine(
    (path) => path.split("/").every((part) => /^[\w.~-]*$/.test(part) && part !== "." && part !== ".."),
    "is not a path such as /queue",
  );

export const addressRanges = z
  .string()
  .transform((text) => splitList(text))
  .refine(
    (parts) => parts.every((part) => parseAddressRange(part) !== null),
    "has an entry that is neither an address nor a range such as 10.0.0.0/8",
  );
