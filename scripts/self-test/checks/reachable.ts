// The queue is there, ready, and describes itself.
import { type Check, ok } from "../check.ts";
import { loadLargestCount } from "../largest-count.ts";
import { expectOk } from "../reply.ts";

export const checkReachable: Check = async ({ visit }) => {
  for (const path of ["/healthz", "/readyz"] as const) expectOk(path, await visit.get(path), "text/plain");
  await loadLargestCount({ visit });
  return ok("/healthz, /readyz and /openapi.json answer as they should");
};
