// POST /profile/<profile_key>/enqueue[/<runner_count>]: a job takes its place in line and gets its ticket.
import type { Context } from "hono";
import { type BearerCheck, parseBearer } from "../auth/bearer.ts";
import type { Tickets } from "../auth/ticket.ts";
import type { Observe, Store } from "../queue/ports.ts";
import { createJobRequestSchema, parseJobRequest } from "./params.ts";
import { comeBack, noStore, refuse } from "./problem.ts";

export interface EnqueueDeps {
  readonly store: Store;
  readonly tickets: Tickets;
  readonly callers: BearerCheck;
  readonly maxRunnerCount: number;
  readonly isFleetKnown: () => boolean;
  readonly observe: Observe;
}

export function createEnqueueRoute(deps: EnqueueDeps): (c: Context) => Promise<Response> {
  const schema = createJobRequestSchema(deps.maxRunnerCount);
  return async function enqueue(c) {
    const bearer = parseBearer(c.req.header("authorization"));
    if (bearer === null) return refuse("bearer_missing", undefined, { "www-authenticate": "Bearer" });
    if (!(await deps.callers.isKnown(bearer))) return refuse("bearer_unknown");
    const request = parseJobRequest(c, schema);
    if (request.kind === "refused") return request.response;

    const reply = await deps.store.enqueue({ request: request.value, isFleetKnown: deps.isFleetKnown() });
    switch (reply.kind) {
      case "accepted": {
        const ticket = { ...request.value, place: reply.place };
        if (reply.isNew) deps.observe({ kind: "enqueued", job: ticket });
        return c.body(await deps.tickets.issue(ticket), 200, {
          "content-type": "text/plain; charset=utf-8",
          ...noStore,
        });
      }
      case "conflict":
        return refuse("id_conflict");
      case "id_used":
        return refuse("id_used");
      case "unsatisfiable":
        return refuse(
          "unsatisfiable",
          reply.targets === 0
            ? "No monitor keeps this profile: check its name"
            : `The monitors keep ${reply.targets} of them in all`,
        );
      case "fleet_unknown":
        return comeBack("fleet_unknown", 1);
      case "settling":
        return comeBack("reconciling", 1);
      case "full":
        return comeBack("queue_full", 5);
    }
  };
}
