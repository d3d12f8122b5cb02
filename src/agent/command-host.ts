// Any host, by two commands with JSON on stdout (docs/agent.md). A list that fails says nothing; a
// reserve that fails, hangs or babbles leaves it open whether something is reserved, and the list
// decides once it has ended.
import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { z } from "zod";
import { joinChunks } from "../bounded-body.ts";
import { parseJson } from "../bounded-json.ts";
import { type Clock, delay } from "../clock.ts";
import { type AgentHost, hostListSchema, reservedRunnerSchema } from "./host.ts";
import type { LastChild } from "./last-child.ts";

export interface CommandHostOptions {
  /** Each is run by `sh -c`. */
  readonly list: string;
  readonly reserve: string;
  readonly lastChild: LastChild;
  readonly say: (words: string) => void;
  readonly clock: Clock;
}

const listTimeoutMs = 30_000;
/** And a second for each runner more. GitHub takes its time. */
const reserveTimeoutMs = 60_000;
const maxOutputBytes = 2 * 1024 * 1024;
const lookEveryMs = 100;
const runnersSchema = z.array(reservedRunnerSchema).max(1_000);

type CommandEnd =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "failed"; readonly why: string };

export function createCommandHost({ list, reserve, lastChild, say, clock }: CommandHostOptions): AgentHost {
  return {
    list: async () => {
      const end = await runCommand(list, {}, listTimeoutMs, clock, null);
      if (end.kind === "failed") throw new Error(`--list ${end.why}`);
      const parsed = hostListSchema.safeParse(end.value);
      if (!parsed.success) throw new Error(`--list printed something else: ${describe(parsed.error)}`);
      return parsed.data;
    },
    reserve: async ({ leg, uniqueId, profileKey, runners, qualifiedRepo, runId, beginWithinMs }) => {
      const environment = {
        LEG: leg,
        UNIQUE_ID: uniqueId,
        PROFILE_KEY: profileKey,
        RUNNERS: String(runners),
        QUALIFIED_REPO: qualifiedRepo,
        RUN_ID: runId,
        BEGIN_WITHIN_MS: String(Math.floor(beginWithinMs)),
      };
      const timeoutMs = reserveTimeoutMs + (runners - 1) * 1_000;
      const end = await runCommand(reserve, environment, timeoutMs, clock, lastChild);
      if (end.kind === "failed") return { kind: "unknown", why: `--reserve ${end.why}` };
      const parsed = runnersSchema.safeParse(end.value);
      return parsed.success
        ? { kind: "reserved", runners: parsed.data }
        : { kind: "unknown", why: `--reserve printed something else: ${describe(parsed.error)}` };
    },
    quiet: async (stop) => {
      if (!lastChild.isAnyLeft()) return;
      say("a reserve command still runs: waiting for its end");
      while (lastChild.isAnyLeft()) {
        await delay(clock, lookEveryMs);
        stop.throwIfAborted();
      }
    },
  };
}

/** With what it is told in RUNNER_QUEUE_*; ended with all that it started where it takes too long. */
function runCommand(
  command: string,
  told: Readonly<Record<string, string>>,
  timeoutMs: number,
  clock: Clock,
  lastChild: LastChild | null,
): Promise<CommandEnd> {
  const variables = Object.entries(told).map(([name, value]) => [`RUNNER_QUEUE_${name}`, value] as const);
  const pipe = lastChild?.openForChild();
  return new Promise((resolve) => {
    const child = spawn("sh", ["-c", command], {
      stdio: ["ignore", "pipe", "inherit", ...(pipe === undefined ? [] : [pipe])],
      env: { ...process.env, ...Object.fromEntries(variables) },
      // its own group: Ctrl-C is for the agent, which sees its commands through
      detached: true,
    });
    if (pipe !== undefined) closeSync(pipe);
    const chunks: Uint8Array[] = [];
    let size = 0;
    let why: string | null = null;
    const end = (because: string) => {
      why ??= because;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // it has ended
      }
    };
    const callOff = clock.after(timeoutMs, () => end(`took longer than ${timeoutMs / 1000} s`));
    child.stdout?.on("data", (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size > maxOutputBytes) end("printed too much");
      else chunks.push(chunk);
    });
    const finish = (failure: string | null) => {
      callOff();
      if (why !== null || failure !== null) return resolve({ kind: "failed", why: why ?? failure ?? "" });
      const json = parseJson(joinChunks(chunks, size));
      resolve(json.kind === "json" ? json : { kind: "failed", why: `printed no JSON (${json.why})` });
    };
    child.once("error", (error) => finish(`could not be started: ${error.message}`));
    child.once("close", (code, signal) => finish(code === 0 ? null : `ended with ${code ?? signal}`));
  });
}

function describe({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue === undefined ? "" : `${issue.path.join(".") || "all of it"}: ${issue.message}`;
}
