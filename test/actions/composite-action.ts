// Runs a composite action as a runner does, from its action.yml: real bash in the way GitHub starts
// it, files for outputs and summary, and a cancellation that signals the step's first process and
// nobody else. actions/upload-artifact is handed in.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { createTestDirectory } from "../support/files.ts";
import { loadProcesses, type SeenProcess } from "../support/processes.ts";
import { actionsFolder, loadAction, type Step } from "./action-file.ts";
import { type Context, decideIf, interpolate, type JobStatus } from "./expression.ts";
import { parseOutputs } from "./output-file.ts";

export interface Upload {
  readonly name: string;
  readonly fileName: string;
  readonly content: string;
}

export interface ActionOptions {
  readonly inputs: Readonly<Record<string, string>>;
  /** What the runner sets besides paths. */
  readonly env: Readonly<Record<string, string>>;
  /** The uploaded artifact's id; throws where the upload fails. */
  readonly upload?: (upload: Upload) => number;
  /**
   * As GitHub's runner does today (actions/runner#2638): once the action is cancelled, not even
   * `always()` steps run.
   */
  readonly cancelledSkipsAll?: boolean;
}

export interface ActionEnd {
  readonly outputs: Readonly<Record<string, string>>;
  /** stdout and stderr of all steps. */
  readonly log: string;
  readonly summary: string;
  /** By the step's id or name. */
  readonly outcomes: Readonly<Record<string, "success" | "failure" | "skipped">>;
  /** Whether the job that called the action goes on. */
  readonly isSuccess: boolean;
  /** RUNNER_TEMP. */
  readonly directory: string;
}

export interface RunningAction {
  readonly ended: Promise<ActionEnd>;
  /** Resolves when the log has it; rejects when the action ends without. */
  onLog(text: string): Promise<void>;
  /** As when a workflow is cancelled; SIGKILL: as when its step does not end in time. */
  cancel(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
}

export async function runAction(name: string, options: ActionOptions): Promise<ActionEnd> {
  return await (await startAction(name, options)).ended;
}

export async function startAction(name: string, options: ActionOptions): Promise<RunningAction> {
  const action = await loadAction(name);
  const unknown = Object.keys(options.inputs).filter((input) => !(input in action.inputs));
  if (unknown.length > 0) throw new Error(`${name} has no input ${unknown.join(", ")}`);
  const defaults = Object.entries(action.inputs).map(([input, { default: value }]) => [input, value ?? ""]);
  const inputs = { ...Object.fromEntries(defaults), ...options.inputs } as Record<string, string>;

  const directory = await createTestDirectory();
  const temp = join(directory, "temp");
  await mkdir(temp);
  const summary = join(directory, "summary");
  await writeFile(summary, "");
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: directory,
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_ACTION_PATH: join(actionsFolder, name),
    GITHUB_STEP_SUMMARY: summary,
    RUNNER_TEMP: temp,
    ...options.env,
  };

  let log = "";
  let child: ChildProcess | undefined;
  let isCancelled = false;
  let hasEnded = false;
  const watchers = new Set<() => void>();
  const write = (text: string): void => {
    log += text;
    for (const look of [...watchers]) look();
  };
  onTestFinished(() => void child?.kill("SIGKILL"));

  const runScript = async (index: number, step: Step, own: Record<string, string>) => {
    const script = join(directory, `step-${index}.sh`);
    const outputs = join(directory, `outputs-${index}`);
    await writeFile(script, step.run ?? "");
    await writeFile(outputs, "");
    if (step.shell !== "bash") throw new Error(`the tests know no shell ${step.shell}`);
    child = spawn("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", script], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...env, GITHUB_OUTPUT: outputs, ...own },
    });
    endWithUs(child);
    child.stdout?.setEncoding("utf8").on("data", write);
    child.stderr?.setEncoding("utf8").on("data", write);
    const code = await new Promise((resolve, reject) => {
      child?.once("error", reject);
      child?.once("close", resolve);
    });
    child = undefined;
    return { isGood: code === 0, outputs: parseOutputs(await readFile(outputs, "utf8")) };
  };

  const runSteps = async (): Promise<ActionEnd> => {
    const steps: Record<string, Context> = {};
    const outcomes: ActionEnd["outcomes"] & Record<string, "success" | "failure" | "skipped"> = {};
    let hasFailed = false;
    for (const [index, step] of action.runs.steps.entries()) {
      const status: JobStatus = { hasFailed, isCancelled };
      const context: Context = { inputs, steps };
      const fill = (values: Readonly<Record<string, unknown>> = {}) =>
        Object.fromEntries(
          Object.entries(values).map(([key, value]) => [key, interpolate(String(value), context, status)]),
        );
      let result: { isGood: boolean; outputs: Record<string, string> } | null = null;
      const isCutOff = isCancelled && options.cancelledSkipsAll === true;
      if (!isCutOff && decideIf(step.if, context, status)) {
        result =
          step.run === undefined
            ? await uploadArtifact(step, fill(step.with), options.upload)
            : await runScript(index, step, fill(step.env));
      }
      const outcome = result === null ? "skipped" : result.isGood ? "success" : "failure";
      outcomes[step.id ?? step.name ?? String(index)] = outcome;
      if (step.id !== undefined) steps[step.id] = { outcome, outputs: result?.outputs ?? {} };
      if (outcome === "failure" && step["continue-on-error"] !== true) hasFailed = true;
    }
    const status = { hasFailed, isCancelled };
    const outputs = Object.entries(action.outputs ?? {}).map(([key, { value }]) => [
      key,
      interpolate(value, { inputs, steps }, status),
    ]);
    return {
      outputs: Object.fromEntries(outputs),
      log,
      summary: await readFile(summary, "utf8"),
      outcomes,
      isSuccess: !hasFailed,
      directory: temp,
    };
  };

  const ended = runSteps().finally(() => {
    hasEnded = true;
    write("");
  });
  ended.catch(() => {});
  return {
    ended,
    onLog: (text) =>
      new Promise((resolve, reject) => {
        function look(): void {
          if (log.includes(text)) resolve();
          else if (hasEnded) reject(new Error(`the log never said ${text}: ${log}`));
          else return;
          watchers.delete(look);
        }
        watchers.add(look);
        look();
      }),
    cancel: (signal) => {
      isCancelled = true;
      child?.kill(signal);
    },
  };
}

/** The first process of the step that runs now, and what that started. */
export function loadStepProcesses(): SeenProcess[] {
  const all = loadProcesses();
  const step = all.filter(({ parent, command }) => parent === process.pid && command.includes(actionsFolder));
  return [...step, ...all.filter(({ parent }) => step.some(({ pid }) => pid === parent))];
}

async function uploadArtifact(step: Step, parameters: Record<string, string>, upload: ActionOptions["upload"]) {
  if (!/^actions\/upload-artifact@/.test(step.uses ?? "")) throw new Error(`the tests know no ${step.uses}`);
  if (upload === undefined) throw new Error("this test expects no artifact");
  const { name = "", path = "" } = parameters;
  const content = await readFile(path, "utf8");
  try {
    const id = upload({ name, fileName: path.split("/").at(-1) ?? "", content });
    return { isGood: true, outputs: { "artifact-id": String(id) } };
  } catch {
    return { isGood: false, outputs: {} };
  }
}
