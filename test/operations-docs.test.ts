// What docs/ tells operators is true: every metric, outcome and log line is explained, and no
// document, dashboard or example asks for a metric that does not exist, or by a label that it does
// not have.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { systemClock } from "../src/clock.ts";
import { createAdministration } from "../src/dispatch/administration.ts";
import { createDispatcher } from "../src/dispatch/dispatcher.ts";
import { createMetrics } from "../src/metrics/metrics.ts";
import { createEmbeddedStore } from "../src/store/embedded/embedded-store.ts";
import { type Exposition, parseExposition } from "./support/exposition.ts";
import { testSettings } from "./support/settings.ts";

const load = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const operations = load("docs/operations.md");

let exposition: Exposition;
/** Of each sample's name: with _bucket, _sum and _count where it is a histogram. */
let labelsOf: ReadonlyMap<string, readonly string[]>;

/** All that a service shows once everything has happened. */
beforeAll(async () => {
  const settings = testSettings();
  const metrics = createMetrics();
  const store = metrics.instrument(createEmbeddedStore(settings, Date.now));
  const monitors = {
    names: ["m"],
    knows: () => true,
    fetches: () => false,
    take: async () => ({ kind: "refused", cause: "unreachable", what: "ECONNREFUSED" }) as const,
    readRunners: async () => null,
    readEvidence: async () => ({ kind: "none" }) as const,
  };
  const dispatcher = createDispatcher({
    clock: systemClock,
    newId: () => crypto.randomUUID(),
    random: Math.random,
    store,
    monitors,
    fetching: { names: [] },
    settings: { ...settings, takeTimeoutMs: 1 },
    owner: "me",
    observe: metrics.observe,
    fleetNews: { noteWaiting: () => {}, noteChange: () => {} },
  });
  const administration = createAdministration(store, dispatcher, () => [], metrics.observe);
  const { monitorBook } = dispatcher;
  const tally = { counts: () => new Map([["GET /x", [0, 0, 1]]]) };
  const usage = () => ({ cpuSeconds: 1, residentBytes: 1, startedAt: 1 });
  metrics.attach({ administration, tally, held: () => 1, monitors: () => ["m"], settings, version: "1", usage });
  const lease = await monitorBook.beginPoll("m", "poll", 1000, false);
  const counts = new Map([["p", { idle: 1, target: 1, healthy: 1 }]]);
  await monitorBook.finishPoll(
    "m",
    lease.kind === "ask" ? lease.askedAt : 0,
    { kind: "snapshot", counts },
    {
      nextInMs: 1000,
      idleInMs: 1000,
    },
  );
  const job = { uniqueId: "i", profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 1 };
  metrics.observe({ kind: "taken", job, waitedMs: 1 });
  metrics.observe({ kind: "proof_refused", code: "c", request: job });
  metrics.observe({ kind: "github_budget", account: "a", limit: 1, remaining: 1, resetAt: 1 });
  exposition = parseExposition((await metrics.expose()).text);
  labelsOf = new Map(exposition.samples.map(({ name, labels }) => [name, Object.keys(labels)]));
});

/** What is wrong with a query, as far as can be told without Prometheus. */
function objectTo(query: string): string[] {
  const objections: string[] = [];
  for (const [selector, name = "", matchers = ""] of query.matchAll(/\b(runner_queue_\w+)(?:\{([^}]*)\})?/g)) {
    const known = labelsOf.get(name);
    if (known === undefined) objections.push(`${name} does not exist`);
    for (const [, label = ""] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)) {
      if (known?.includes(label) === false) objections.push(`${selector}: no label ${label}`);
    }
  }
  // what is aggregated by a label has to have it
  for (const [, names = "", inner = ""] of query.matchAll(/\b(?:by|on) \(([^)]*)\)[^(]*\(([^()]*(?:\([^()]*\))?)/g)) {
    for (const [name] of inner.matchAll(/runner_queue_\w+/g)) {
      for (const label of names.split(", ")) {
        if (labelsOf.get(name)?.includes(label) === false) objections.push(`${name} by ${label}: it has no such label`);
      }
    }
  }
  for (const [open, close] of ["()", "{}", "[]"].map((pair) => [...pair] as [string, string])) {
    if (query.split(open).length !== query.split(close).length)
      objections.push(`${query}: ${open}${close} do not match`);
  }
  return objections;
}

/** Code in a Markdown text: what stands in lines of its own, and between backticks. */
function codeIn(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/```promql\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => block.split("\n"));
  const inline = [...markdown.replaceAll(/```[\s\S]*?```/g, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  return [...blocks.filter((line) => !line.startsWith("#")), ...inline.map((code) => code.replaceAll("\\|", "|"))];
}

describe("docs/operations.md", () => {
  const rowOf = (name: string) => operations.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));

  it("explains every metric that is shown, and none that is not", () => {
    const explained = [...operations.matchAll(/^\| `((?:runner_queue|process)_\w+)` \|/gm)].map(([, name]) => name);
    expect(explained.sort()).toEqual(exposition.families.map(({ name }) => name).sort());
  });

  it("asks only for metrics and labels that exist", () => {
    const families = new Set(exposition.families.map(({ name }) => name));
    const queries = codeIn(operations).filter((code) => code.includes("runner_queue_") && !families.has(code));
    expect(queries.length).toBeGreaterThan(30);
    expect(queries.flatMap(objectTo)).toEqual([]);
  });

  it("names every value of the labels that come from a closed list", () => {
    const closed = /_(enqueues|takes|settlements|reconciled_legs|jobs_ended|monitor_polls|github_troubles)_total$/;
    for (const { name, labels } of exposition.samples.filter(({ name }) => closed.test(name))) {
      const { outcome, verdict, state, reason } = labels;
      expect(rowOf(name)).toContain(`\`${outcome ?? verdict ?? state ?? reason}\``);
    }
  });

  it("explains every line of the log", () => {
    const table = operations.slice(operations.indexOf("## The log"), operations.indexOf("## Restarts"));
    const kinds = [...load("src/logging.ts").matchAll(/case "(\w+)":/g)].map(([, kind]) => kind);
    expect(kinds.length).toBeGreaterThan(20);
    for (const kind of kinds) expect(table).toMatch(new RegExp(`\`${kind}[\`:]`));
  });

  it("points to files that exist", () => {
    for (const [, path = ""] of operations.matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(load(new URL(path, "file:///docs/").pathname.slice(1)).length).toBeGreaterThan(0);
    }
  });
});

describe("docs/grafana-dashboard.json", () => {
  const sourceSchema = z.object({ type: z.literal("prometheus"), uid: z.literal(`$\{datasource}`) });
  const panelSchema = z.object({
    id: z.number(),
    type: z.string(),
    title: z.string().min(1),
    gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
    targets: z
      .array(z.object({ datasource: sourceSchema, expr: z.string(), legendFormat: z.string(), refId: z.string() }))
      .default([]),
  });
  const dashboard = z
    .object({
      title: z.string(),
      uid: z.string(),
      schemaVersion: z.number(),
      templating: z.object({
        list: z.array(z.object({ name: z.string(), type: z.string(), definition: z.string().optional() })),
      }),
      panels: z.array(panelSchema),
    })
    .parse(JSON.parse(load("docs/grafana-dashboard.json")));
  const targets = dashboard.panels.flatMap((panel) => panel.targets);

  it("asks the Prometheus that its reader chooses, only for metrics and labels that exist", () => {
    expect(dashboard.templating.list[0]).toMatchObject({ name: "datasource", type: "datasource" });
    expect(targets.length).toBeGreaterThan(30);
    expect(targets.flatMap(({ expr }) => objectTo(expr))).toEqual([]);
    expect(dashboard.templating.list.flatMap(({ definition }) => objectTo(definition ?? ""))).toEqual([]);
    const variables = new Set([...dashboard.templating.list.map(({ name }) => name), "__rate_interval"]);
    for (const { expr } of targets) {
      for (const [, variable = ""] of expr.matchAll(/\$(\w+)/g)) expect(variables).toContain(variable);
    }
  });

  it("writes legends from labels that its queries keep", () => {
    for (const { expr, legendFormat } of targets) {
      for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        expect(expr).toMatch(new RegExp(`by \\((\\w+, )*${label}(, \\w+)*\\)`));
      }
    }
  });

  it("lays its panels out side by side, each with an id of its own", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    const overlapping = panels.filter(({ id, gridPos: a }) =>
      panels.some(
        ({ id: other, gridPos: b }) =>
          id < other && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
      ),
    );
    expect(overlapping).toEqual([]);
  });
});

it("docs/autoscaler/keda.yaml is a ScaledObject that asks only for metrics and labels that exist", () => {
  const scaled = z
    .object({
      apiVersion: z.literal("keda.sh/v1alpha1"),
      kind: z.literal("ScaledObject"),
      spec: z.object({
        scaleTargetRef: z.object({ name: z.string() }),
        triggers: z.array(
          z.object({
            type: z.literal("prometheus"),
            metadata: z.object({ serverAddress: z.url(), query: z.string(), threshold: z.string() }),
          }),
        ),
      }),
    })
    .parse(parseYaml(load("docs/autoscaler/keda.yaml")));
  const queries = scaled.spec.triggers.map(({ metadata }) => metadata.query);
  expect(queries.join()).toContain("runner_queue_wanted_runners");
  expect(queries.flatMap(objectTo)).toEqual([]);
});

it("a query for a metric or a label that does not exist is found", () => {
  expect(objectTo("sum(runner_queue_waiting_job)")).toHaveLength(1);
  expect(objectTo("runner_queue_take_duration_seconds > 1")).toHaveLength(1);
  expect(objectTo('max(runner_queue_waiting_jobs{monitor="x"})')).toHaveLength(1);
  expect(objectTo("max by (monitor) (runner_queue_waiting_jobs)")).toHaveLength(1);
  expect(objectTo("sum by (profile, le) (rate(runner_queue_take_duration_seconds_bucket[5m]))")).toHaveLength(1);
  expect(objectTo("max(runner_queue_waiting_jobs")).toHaveLength(1);
});
