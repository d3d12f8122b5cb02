// Routes of monitors that fetch their takes: fetch, accept, settle. By that monitor's own bearer.
// What is wrong with a body is said by its path; nothing of a wrong one is done.

import type { Context } from "hono";
import { parseBearer } from "../auth/bearer.ts";
import type { MonitorCallerCheck } from "../auth/credentials.ts";
import { readWhole } from "../bounded-body.ts";
import { readJson } from "../bounded-json.ts";
import { beginWithinMs } from "../queue/settings.ts";
import { parseQuery } from "./params.ts";
import { comeBack, type ProblemCode, refuse, unstored } from "./problem.ts";

/** An offer as the wire has it. */
export interface WireOffer {
  readonly leg: string;
  readonly unique_id: string;
  readonly profile_key: string;
  readonly runners: number;
  readonly qualified_repo: string;
  readonly run_id: string;
}

export type CallFailure = { readonly kind: "malformed"; readonly why: string } | { readonly kind: "superseded" };

/** What monitors that fetch may ask for; parsed behind this. */
export interface PullingDesk {
  fetch(call: {
    readonly monitor: string;
    readonly body: unknown;
    readonly waitMs: number;
    readonly key: string | null;
    readonly gone: () => AbortSignal;
  }): Promise<
    | CallFailure
    | { readonly kind: "in_flight" }
    | {
        readonly kind: "fetched";
        readonly offers: readonly WireOffer[];
        readonly withdrawn: readonly string[];
        readonly settled: readonly string[];
        readonly isDrained: boolean;
      }
  >;
  accept(
    monitor: string,
    leg: string,
    query: Readonly<Record<string, string | undefined>>,
  ): Promise<CallFailure | { readonly kind: "accepted" | "withdrawn" | "unknown" }>;
  settle(
    monitor: string,
    leg: string,
    body: unknown,
  ): Promise<CallFailure | { readonly kind: "settled" | "settled_otherwise" | "unknown" }>;
}

export interface PullingDeps {
  readonly pulling: PullingDesk;
  readonly monitorCallers: MonitorCallerCheck;
  /** all of MONITORS, and those of them that fetch */
  readonly monitors: () => readonly string[];
  readonly fetchingMonitors: () => readonly string[];
  readonly maxWaitMs: number;
}

const maxBodyBytes = 1024 * 1024;
const keyForm = /^[\x21-\x7e]{1,128}$/;

export function createPullingRoutes(deps: PullingDeps) {
  const { pulling, maxWaitMs } = deps;

  /** The monitor that calls, or what is wrong. */
  const identify = async (c: Context): Promise<string | Response> => {
    const bearer = parseBearer(c.req.header("authorization"));
    if (bearer === null) return refuse("bearer_missing", undefined, { "www-authenticate": "Bearer" });
    const monitor = c.req.param("monitor") ?? "";
    if (!(await deps.monitorCallers.isKnownFor(monitor, bearer))) {
      return refuse("bearer_unknown", "This route takes the monitor's own bearer: MONITOR_TOKENS or MONITOR_API_TOKEN");
    }
    if (!deps.monitors().includes(monitor)) return refuse("monitor_unknown");
    return deps.fetchingMonitors().includes(monitor) ? monitor : refuse("monitor_is_called");
  };

  const failed = (failure: CallFailure): Response =>
    failure.kind === "malformed" ? refuse("body_malformed", failure.why) : refuse("boot_superseded");

  return {
    fetch: async (c: Context): Promise<Response> => {
      const monitor = await identify(c);
      if (monitor instanceof Response) return monitor;
      const query = parseQuery(c, ["wait"], Number.POSITIVE_INFINITY);
      if (query.kind === "refused") return query.response;
      const wait = query.value.get("wait") ?? "0";
      if (!/^\d{1,9}$/.test(wait)) return refuse("malformed_parameter", "wait: whole seconds");
      const key = c.req.header("x-runner-request-key") ?? null;
      if (key !== null && !keyForm.test(key)) {
        return refuse("malformed_parameter", "X-Runner-Request-Key: 1 to 128 printable characters");
      }
      const body = await readBody(c);
      if (body instanceof Response) return body;
      const waitMs = Math.min(Number(wait) * 1000, maxWaitMs);
      const reply = await pulling.fetch({ monitor, body: body.value, waitMs, key, gone: () => c.req.raw.signal });
      if (reply.kind === "in_flight") return comeBack("fetch_in_flight", 1);
      if (reply.kind !== "fetched") return failed(reply);
      const { withdrawn, settled } = reply;
      const offers = reply.offers.map((offer) => (key === null ? offer : { ...offer, begin_within_ms: beginWithinMs }));
      return c.json({ offers, withdrawn, settled, drained: reply.isDrained }, 200, unstored);
    },
    accept: async (c: Context): Promise<Response> => {
      const monitor = await identify(c);
      if (monitor instanceof Response) return monitor;
      const query = parseQuery(c, ["boot", "seq"]);
      if (query.kind === "refused") return query.response;
      const given = { boot: query.value.get("boot"), seq: query.value.get("seq") };
      const reply = await pulling.accept(monitor, c.req.param("leg") ?? "", given);
      if (reply.kind === "malformed") return refuse("malformed_parameter", reply.why);
      if (reply.kind === "superseded") return failed(reply);
      if (reply.kind === "accepted") return c.json({ begin_within_ms: beginWithinMs }, 200, unstored);
      return refuse(codes[reply.kind]);
    },
    settle: async (c: Context): Promise<Response> => {
      const monitor = await identify(c);
      if (monitor instanceof Response) return monitor;
      const query = parseQuery(c, [], Number.POSITIVE_INFINITY);
      if (query.kind === "refused") return query.response;
      const body = await readBody(c);
      if (body instanceof Response) return body;
      const reply = await pulling.settle(monitor, c.req.param("leg") ?? "", body.value);
      if (reply.kind === "malformed" || reply.kind === "superseded") return failed(reply);
      if (reply.kind === "settled") return c.json({}, 200, unstored);
      return refuse(codes[reply.kind]);
    },
  };
}

const codes = {
  withdrawn: "leg_withdrawn",
  unknown: "leg_unknown",
  settled_otherwise: "leg_settled_otherwise",
} as const satisfies Record<string, ProblemCode>;

/** The body as JSON, at a cost that is bounded while it arrives. */
async function readBody(c: Context): Promise<{ readonly value: unknown } | Response> {
  const isTooLarge = Number(c.req.header("content-length") ?? 0) > maxBodyBytes;
  const body = isTooLarge ? null : await readWhole(readJson(c.req.raw, maxBodyBytes));
  if (body?.kind === "json") return { value: body.value };
  if (body === null || body.why === "too_large") {
    return refuse("snapshot_too_large", undefined, { connection: "close" });
  }
  return refuse("body_malformed", faults[body.why]);
}

const faults = {
  too_deep: "the body is nested too deeply",
  too_many_values: "the body has more than 65,536 keys and values",
  not_json: "the body is no JSON",
} as const;
