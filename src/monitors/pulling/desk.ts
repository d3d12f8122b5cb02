// Where monitors that fetch are served: what they send is parsed here, and what the rules answer is
// put as the wire has it.

import { nameOfLeg } from "../../queue/job/leg-name.ts";
import type { FetchCall, FetchReply } from "./fetch.ts";
import { acceptSchema, describeIssues, parseFetchBody, parseSettleBody } from "./fetch-body.ts";
import type { LegCalls } from "./leg-calls.ts";

export function createPullingDesk(fetch: (call: FetchCall) => Promise<FetchReply>, calls: LegCalls) {
  return {
    fetch: async ({ body, ...call }: Omit<FetchCall, "body"> & { readonly body: unknown }) => {
      const parsed = parseFetchBody(call.monitor, body);
      if (parsed.kind === "wrong") return { kind: "malformed", why: parsed.why } as const;
      const reply = await fetch({ ...call, body: parsed.value });
      if (reply.kind !== "fetched") return { kind: reply.kind };
      const offers = reply.offers.map(({ profileKey, leg }) => ({
        leg: nameOfLeg({ profileKey, ...leg }),
        unique_id: leg.uniqueId,
        profile_key: profileKey,
        runners: leg.runners,
        qualified_repo: leg.qualifiedRepo,
        run_id: leg.runId,
      }));
      return { ...reply, offers };
    },
    accept: async (monitor: string, leg: string, query: Readonly<Record<string, string | undefined>>) => {
      const parsed = acceptSchema.safeParse(query);
      if (!parsed.success) return { kind: "malformed", why: describeIssues(parsed.error) } as const;
      return { kind: await calls.accept(monitor, leg, parsed.data.boot, parsed.data.seq) };
    },
    settle: async (monitor: string, leg: string, body: unknown) => {
      const parsed = parseSettleBody(monitor, body);
      if (parsed.kind === "wrong") return { kind: "malformed", why: parsed.why } as const;
      return { kind: await calls.settle(monitor, leg, parsed.value) };
    },
  };
}

export type PullingDesk = ReturnType<typeof createPullingDesk>;
