// Survivors that need no test, each with the reason why it changes nothing that anybody could see.
// A mutant is known by its file and by what it says (`describeMutant`), for lines move. One that is
// killed by now is told, so that the list shrinks.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { describeMutant, type Mutant } from "./mutant.ts";

const schema = z.record(z.string(), z.array(z.object({ mutant: z.string(), why: z.string().min(10) })));
export type AcceptedSurvivors = z.infer<typeof schema>;

export function loadAcceptedSurvivors(): AcceptedSurvivors {
  return schema.parse(JSON.parse(readFileSync(new URL("accepted-survivors.json", import.meta.url), "utf8")));
}

/** Null: it needs a test. */
export function findReason(accepted: AcceptedSurvivors, mutant: Mutant): string | null {
  const description = describeMutant(mutant);
  return accepted[mutant.file]?.find((one) => one.mutant === description)?.why ?? null;
}
