// The workflow cannot be run here: what can be read of it is held to what it must be.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { checkNames, rerunCheck } from "../scripts/self-test/command.ts";
import { parseCommandLine } from "../scripts/self-test/command-line.ts";

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly name: string;
  readonly needs?: string;
  readonly "runs-on": string;
  readonly "timeout-minutes"?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, string>> };
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly on: { readonly workflow_dispatch: { readonly inputs: Readonly<Record<string, unknown>> } };
  readonly permissions: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const expression = (text: string) => `\${{ ${text} }}`;
const queueUrl = expression("vars.RUNNER_QUEUE_URL");
const root = new URL("../", import.meta.url);
const load = (path: string): unknown => parse(readFileSync(new URL(path, root), "utf8"));
const workflow = load(".github/workflows/self-test.yml") as Workflow;
const jobs = Object.values(workflow.jobs);
const steps = jobs.flatMap((job) => job.steps);

test("it is started by hand, for a profile, and has a job for each of eight things", () => {
  expect(Object.keys(workflow.on)).toEqual(["workflow_dispatch"]);
  expect(Object.keys(workflow.on.workflow_dispatch.inputs)).toEqual(["profile"]);
  const names = jobs.map(({ name }) => name.replace(/ [([].*$/, ""));
  const wanted = [
    "ok with one runner",
    "ok three at once",
    "unsatisfiable",
    "unauthorised",
    "abandoned",
    "replayed",
    "re-run",
    "ok queued first",
  ];
  expect(names).toEqual(expect.arrayContaining(wanted));
  expect(names.filter((name) => !wanted.includes(name))).toEqual([
    "select one runner",
    "timeout of one runner",
    "select three at once",
    "timeout of three at once",
    "reserve afterwards",
    "timeout of queued first",
  ]);
});

test("it may read the repository, and only jobs that must may do more; every job ends some time", () => {
  expect(workflow.permissions).toEqual({ contents: "read" });
  const more = Object.entries(workflow.jobs).flatMap(([key, { permissions }]) =>
    permissions === undefined ? [] : [[key, permissions]],
  );
  const select = { contents: "read", "id-token": "write", actions: "write" };
  const timeout = { contents: "read", actions: "write" };
  expect(Object.fromEntries(more)).toEqual({
    "select-one-runner": select,
    "timeout-one-runner": timeout,
    "one-runner": {},
    "select-three-at-once": select,
    "timeout-three-at-once": timeout,
    "three-at-once": {},
    "queued-first": {},
    "timeout-queued-first": timeout,
  });
  for (const job of jobs) expect(job["timeout-minutes"]).toBeGreaterThan(0);
});

test("the token goes to the queue that the repository's variable names, and nobody who starts the workflow can name another", () => {
  const text = JSON.stringify(workflow);
  expect([...new Set(text.match(/\binputs\.[\w-]+/g))]).toEqual(["inputs.profile"]);
  expect(
    JSON.stringify(Object.values(workflow.jobs).map((job) => [job.env, job.steps.map(({ env }) => env)])),
  ).not.toMatch(/QUEUE_URL|PROFILE/);
  const selecting = steps.filter(({ uses }) => uses === "./.github/actions/runner-select");
  expect(selecting.map(({ with: given }) => given?.["queue-url"])).toEqual([queueUrl, queueUrl]);
});

test("without the variable the token is sent to nobody, and the job says what is missing", () => {
  const wrong = parseCommandLine(["--queue", "", "--profile", "linux"], { RUNNER_QUEUE_TOKEN: "t".repeat(32) });
  expect(wrong).toEqual({ kind: "wrong", why: expect.stringContaining("--queue must be an http or https URL") });
});

test("no script is put together from expressions, and the token goes to the self-test alone, by its environment", () => {
  const scripts = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
  expect(scripts.filter((script) => script.includes("${{"))).toEqual([]);
  expect(workflow.env).toEqual({ QUEUE_URL: queueUrl, PROFILE: expression("inputs.profile") });
  const withToken = steps.filter((step) => JSON.stringify(step).includes("secrets."));
  const afterwards =
    '--repo "$GITHUB_REPOSITORY" --run-id "$GITHUB_RUN_ID" --take --timeout 15m --unique-id "$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT-queued-first" --only one-runner';
  expect(withToken.map(({ run, env }) => [run, env])).toEqual(
    [
      ...["unsatisfiable", "unauthorised", "abandoned", "replayed"].map((name) => `--only ${name}`),
      "--rerun --timeout 15m --only re-run",
      afterwards,
    ].map((options) => [
      `npm run self-test -- --queue "$QUEUE_URL" --profile "$PROFILE" ${options}`,
      { RUNNER_QUEUE_TOKEN: expression("secrets.RUNNER_QUEUE_TOKEN") },
    ]),
  );
  for (const { uses, with: given } of steps) {
    if (uses?.startsWith("actions/checkout")) expect(given).toEqual({ "persist-credentials": false });
  }
  const asked = scripts.flatMap((script) => /--only (\S+)$/.exec(script)?.[1] ?? []);
  expect([...checkNames, rerunCheck].map((name) => name.replaceAll(" ", "-"))).toEqual(expect.arrayContaining(asked));
});

test("the jobs that take really run on the selected runners, beside a time-out, and fail where those are not self-hosted", () => {
  for (const key of ["one-runner", "three-at-once"]) {
    const select = `select-${key}`;
    const output = (name: string) => expression(`needs.${select}.outputs.${name}`);
    const job = workflow.jobs[key]!;
    expect(job).toMatchObject({ needs: select, "runs-on": output("selected-runner-label") });
    expect(job.name).toContain(`[${output("unique-id")}]`);
    const last = job.steps.at(-1)!;
    expect(last.run).toBe("exit 1");
    expect(last.if).toContain(`needs.${select}.outputs.is-self-hosted != 'true'`);
    expect(last.if).toContain("runner.environment != 'self-hosted'");
    const timeout = workflow.jobs[`timeout-${key}`]!;
    expect(timeout.needs).toBe(select);
    expect(timeout.steps.at(-1)?.with).toMatchObject({ "unique-id": output("unique-id") });
  }
  const three = workflow.jobs["three-at-once"]!;
  expect(three.strategy?.matrix).toEqual({
    index: expression("fromJSON(needs.select-three-at-once.outputs.selected-runner-indices)"),
  });
  expect(three.name).toContain(expression("matrix.index"));
  expect(three.steps.at(-1)?.if).toContain("selected-runner-count != '3'");
});

test("a job that is queued before any runner has its label asks for the very label that is reserved afterwards", () => {
  const id = `${expression("github.run_id")}-${expression("github.run_attempt")}-queued-first`;
  const { "queued-first": queued, "reserve-afterwards": reserve, "timeout-queued-first": timeout } = workflow.jobs;
  expect(queued).toMatchObject({ "runs-on": `reserved-for:${id}`, name: `ok queued first [${id}]` });
  expect(queued).not.toHaveProperty("needs");
  expect(reserve?.steps.at(-1)?.run).toContain('"$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT-queued-first"');
  expect(timeout).toMatchObject({ needs: "reserve-afterwards" });
  expect(timeout?.steps.at(-1)?.with).toMatchObject({ "unique-id": id });
});

test("whatever is read of another job's outputs, or of an action, is there, and every required input is given", () => {
  const text = JSON.stringify(workflow.jobs);
  for (const [, key, output] of text.matchAll(/needs\.([\w-]+)\.outputs\.([\w-]+)/g)) {
    expect(workflow.jobs[key!]?.outputs?.[output!]).toBe(expression(`steps.select.outputs.${output}`));
  }
  const local = jobs.flatMap((job) =>
    job.steps.filter(({ uses }) => uses?.startsWith("./")).map((step) => ({ job, step })),
  );
  expect(local).toHaveLength(5);
  for (const { job, step } of local) {
    const action = load(`${step.uses}/action.yml`) as Action;
    const given = Object.keys(step.with ?? {});
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(given));
    const required = Object.entries(action.inputs).flatMap(([name, input]) => (input.required === true ? [name] : []));
    expect(given).toEqual(expect.arrayContaining(required));
    if (step.id === "select")
      expect(Object.keys(action.outputs ?? {})).toEqual(expect.arrayContaining(Object.keys(job.outputs ?? {})));
  }
});
