// What GitHub calls a runner, such as `linux.2@ci0`: the name that its own pages show, where a
// monitor's id says nothing.
import { z } from "zod";

/** GitHub's names have at most 64 characters. */
const namedSchema = z.object({
  runner: z.object({ registration: z.object({ name: z.string().regex(/^[\x21-\x7e]{1,64}$/) }) }),
});
const bodySchema = z.union([namedSchema, z.tuple([namedSchema]).transform(([one]) => one)]);

/**
 * Null where its monitor did not say. @param body the runner's JSON as the monitor wrote it, alone
 * or as a list of one
 */
export function nameAtGithub(body: string): string | null {
  const parsed = bodySchema.safeParse(parseJson(body));
  return parsed.success ? parsed.data.runner.registration.name : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
