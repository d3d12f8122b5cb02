// The most runners that one job may ask for, as the queue's own description says.
import { z } from "zod";
import type { Situation } from "./check.ts";
import { expectJson, Unexpected } from "./reply.ts";

const path = "/profile/{profile_key}/enqueue/{runner_count}";
const parameterSchema = z.looseObject({ name: z.string(), schema: z.looseObject({ maximum: z.int().optional() }) });
const descriptionSchema = z.looseObject({
  openapi: z.string().startsWith("3."),
  paths: z.looseObject({ [path]: z.looseObject({ post: z.looseObject({ parameters: z.array(parameterSchema) }) }) }),
});

/** Checks on the way that it is a description of a queue. */
export async function loadLargestCount({ visit }: Pick<Situation, "visit">): Promise<number> {
  const { paths } = expectJson("/openapi.json", await visit.get("/openapi.json"), descriptionSchema);
  const parameters = paths[path]?.post.parameters ?? [];
  const maximum = parameters.find(({ name }) => name === "runner_count")?.schema.maximum;
  if (maximum === undefined) throw new Unexpected("/openapi.json does not say how many runners a job may ask for");
  return maximum;
}
