// The types that the package declares for its agent are those of the code: checked by the compiler
// (`npm run types`), for a test sees no types.
import { expectTypeOf, test } from "vitest";
import type * as declared from "../scripts/package/agent.d.ts";
import type { Agent, AgentEnd, AgentOptions, createAgent } from "../src/agent/agent.ts";
import type { AgentHost, HostList, HostTake, ReservedRunner, ReserveOutcome } from "../src/agent/host.ts";

test("what the package declares of its agent is what the code has; only the clock is kept back", () => {
  expectTypeOf<declared.AgentOptions>().toEqualTypeOf<Omit<AgentOptions, "clock">>();
  expectTypeOf<declared.Agent>().toEqualTypeOf<Agent>();
  expectTypeOf<declared.AgentEnd>().toEqualTypeOf<AgentEnd>();
  expectTypeOf<declared.AgentHost>().toEqualTypeOf<AgentHost>();
  expectTypeOf<declared.HostTake>().toEqualTypeOf<HostTake>();
  expectTypeOf<declared.HostList>().toEqualTypeOf<HostList>();
  expectTypeOf<declared.ReservedRunner>().toEqualTypeOf<ReservedRunner>();
  expectTypeOf<declared.ReserveOutcome>().toEqualTypeOf<ReserveOutcome>();
  expectTypeOf<typeof createAgent>().toExtend<typeof declared.createAgent>();
});
