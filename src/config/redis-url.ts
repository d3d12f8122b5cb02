// REDIS_URL: one server, by URL or socket; Sentinel, by several hosts and the name of the master; a
// cluster, by several hosts.
import { z } from "zod";

export const redisUrl = z
  .string()
  .refine(
    isRedisUrl,
    "is neither redis://, rediss://, a socket path, nor redis+sentinel:// or redis+cluster:// (rediss+ for TLS) with its hosts",
  );

export function isRedisUrl(text: string): boolean {
  if (/^(unix:\/\/)?\/[^\s?]/.test(text)) return true;
  if (/^rediss?:\/\//.test(text)) return isOneServer(text);
  const [, kind, hosts = "", path = "", query = ""] =
    /^rediss?\+(sentinel|cluster):\/\/(?:[^@/?#\s]*@)?([^@/?#\s]+)(\/[^?#\s]*)?(\?[^#\s]*)?$/.exec(text) ?? [];
  if (kind === undefined || !hosts.split(",").every(isHost)) return false;
  if (kind === "cluster") return /^\/?$/.test(path) && query === "";
  const isKnown = [...new URLSearchParams(query).keys()].every((name) => name === "sentinelPassword");
  return isKnown && /^\/[\w.-]+(\/\d{1,5})?$/.test(path);
}

/** Whether a store must know Sentinel or Cluster for this URL. */

function isOneServer(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.hostname !== "" && /^(\/\d{0,5})?$/.test(url.pathname);
}

function isHost(text: string): boolean {
  const [, port] = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(text) ?? [];
  return /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(text) && Number(port ?? 6379) <= 65_535;
}
