// What a job is named by: ids, repository, run and count. Request parameters and tickets are parsed
// by the same schemas, so that a ticket holds nothing that an enqueue would have refused.
import { z } from "zod";

export const uniqueIdSchema = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/, "unique_id: 1 to 128 of A-Z a-z 0-9 . _ -");
export const profileKeySchema = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/, "profile_key: 1 to 64 of A-Z a-z 0-9 . _ -");
export const qualifiedRepoSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/, "qualified_repo: owner/repo");
export const runIdSchema = z.string().regex(/^\d{1,20}$/, "run_id: digits");
/** The name of a class, in POLICY_FILE and where a caller gives one. */
export const classNameSchema = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "class: 1 to 64 of A-Z a-z 0-9 . _ -");
/**
 * The most that MAX_RUNNER_COUNT can be set to. A ticket stays good when an operator lowers the
 * setting.
 */
export const maxRunnersOfAnyJob = 1000;
