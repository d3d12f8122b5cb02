// The OpenAPI description by the rules of strict linters, written out as checks; and held against
// what the service really takes and replies.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { describeApi } from "../../src/http/openapi.ts";
import { retryReasons } from "../../src/http/problem.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

interface Media {
  readonly schema: object;
  readonly examples: Record<string, { value: unknown }>;
}
interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description: string;
  readonly schema: { type?: string };
  readonly example: unknown;
}
interface Operation {
  readonly operationId: string;
  readonly tags: string[];
  readonly summary: string;
  readonly security: Record<string, string[]>[];
  readonly parameters?: Parameter[];
  readonly responses: Record<
    string,
    {
      description: string;
      content?: Record<string, Media>;
      headers?: Record<string, { description: string; schema: object; example: unknown }>;
    }
  >;
}
interface Description {
  readonly info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  readonly servers: { url: string; description: string }[];
  readonly tags: { name: string; description: string }[];
  readonly components: { securitySchemes: Record<string, object>; schemas: Record<string, object> };
  readonly paths: Record<string, Record<string, Operation>>;
}

const description = describeApi(100, "1.2.3") as unknown as Description;
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, operation })),
);
const everyText = JSON.stringify(description);

// strict: a keyword that is misspelt, or a type that an enum contradicts, is an error
const ajv = new Ajv2020({ strict: true, strictRequired: false, validateFormats: false, allowUnionTypes: true });
ajv.addSchema({ $id: "api", components: { schemas: description.components.schemas } }, "api");
ajv.addVocabulary(["components"]);

function compile(schema: object): ValidateFunction {
  return ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as object);
}

/** What keeps a value from being of this schema. */
function differences(schema: object, value: unknown): unknown {
  const validate = compile(schema);
  return validate(value) === true ? null : validate.errors;
}

describe("the whole", () => {
  it("says its version, licence and server", () => {
    expect(description.info).toMatchObject({ version: "1.2.3", license: { name: "MIT", identifier: "MIT" } });
    expect(description.servers).toEqual([{ url: "/", description: expect.any(String) }]);
    const below = describeApi(100, "1", "/queue") as unknown as Description;
    expect(below.servers[0]?.url).toBe("/queue");
  });

  it("every operation has an id of its own that is a name in any language", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9]{2,40}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("every tag, way of proving and schema is declared, described and used, and every reference leads somewhere", () => {
    const used = (list: string[]) => [...new Set(list)].sort();
    expect(used(operations.flatMap(({ operation }) => operation.tags))).toEqual(
      used(description.tags.map(({ name }) => name)),
    );
    for (const tag of description.tags) expect(tag.description).toMatch(/\w/);
    const schemes = operations.flatMap(({ operation }) => operation.security.flatMap((one) => Object.keys(one)));
    expect(used(schemes)).toEqual(used(Object.keys(description.components.securitySchemes)));
    const references = [...everyText.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name ?? "",
    );
    expect(everyText.split('"$ref"').length - 1).toBe(references.length);
    const schemas = Object.keys(description.components.schemas);
    for (const name of references) expect(schemas).toContain(name);
    // the entry of the history and what an act is made of are used by other schemas
    for (const name of schemas) expect(references, name).toContain(name);
  });

  it("every schema is one by JSON Schema's own rules, and no enum contradicts its type", () => {
    for (const schema of Object.values(description.components.schemas)) compile(schema);
    const enums = [...everyText.matchAll(/\{[^{}]*"enum":\[[^\]]*\][^{}]*\}/g)].map(([text]) => text);
    expect(enums.length).toBeGreaterThan(10);
    for (const text of enums) expect(text).toContain('"type":"string"');
  });

  it("no two paths are alike, none ends in a slash or holds a query", () => {
    const paths = Object.keys(description.paths);
    expect(new Set(paths.map((path) => path.replaceAll(/\{\w+\}/g, "{}"))).size).toBe(paths.length);
    for (const path of paths) expect(path).toMatch(/^\/$|^(\/[\w.{}]+)+$/);
    // /a/{x} and /{y}/b would both be /a/b
    const couldBeSame = (a: string, b: string) => {
      const [left, right] = [a.split("/"), b.split("/")];
      const isAlike = (part: string, i: number) =>
        part === right[i] || part.startsWith("{") || right[i]?.startsWith("{");
      return left.length === right.length && left.every(isAlike);
    };
    const ambiguous = paths.flatMap((a) => paths.filter((b) => a < b && couldBeSame(a, b)).map((b) => `${a} ${b}`));
    expect(ambiguous).toEqual([]);
  });
});

describe.each(operations)("$name", ({ path, operation }) => {
  it("says what it does, in one line, who may, and under which heading", () => {
    expect(operation.summary).toMatch(/^\S[^\n]{5,120}[^.\n]$/);
    expect(operation.tags).toHaveLength(1);
    expect(operation.security).toBeInstanceOf(Array);
  });

  it("has each parameter once, described, with a schema and an example that fits it; and all of its path's", () => {
    const parameters = operation.parameters ?? [];
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
    for (const { name, description: words, schema, example, required, ...rest } of parameters) {
      expect(words, name).toMatch(/\w/);
      expect(schema.type, name).toBeTypeOf("string");
      expect(differences(schema, example), name).toBeNull();
      if (rest.in === "path") expect(required, name).toBe(true);
    }
    const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => `{${name}}`);
    expect([...(path.match(/\{\w+\}/g) ?? [])].sort()).toEqual(inPath.sort());
  });

  it("has a good reply and a refusal, all described, with examples that fit their schemas", () => {
    const statuses = Object.keys(operation.responses);
    expect(statuses.some((status) => status.startsWith("2"))).toBe(true);
    expect(statuses.some((status) => status.startsWith("4"))).toBe(true);
    for (const [status, { description: words, content, headers }] of Object.entries(operation.responses)) {
      expect(words, status).toMatch(/\w/);
      for (const { schema, examples } of Object.values(content ?? {})) {
        expect(Object.keys(examples).length, status).toBeGreaterThan(0);
        for (const { value } of Object.values(examples)) expect(differences(schema, value), status).toBeNull();
      }
      for (const header of Object.values(headers ?? {})) {
        expect(header.description).toMatch(/\w/);
        expect(differences(header.schema, header.example)).toBeNull();
      }
      if (["429", "503"].includes(status)) expect(content).toBeUndefined();
      else if (status.startsWith("4")) expect(Object.keys(content ?? {})).toEqual(["application/problem+json"]);
    }
  });
});

it("every reason to come back is one that some operation names, or one that every operation may have", () => {
  const anywhere = ["internal_error", "too_many_connections", "misconfigured", "restarting"];
  for (const reason of retryReasons) if (!anywhere.includes(reason)) expect(everyText).toContain(`"${reason}"`);
});

describe("the service", () => {
  let monitor: SimulatedMonitor;
  let service: RunningService;
  beforeAll(async () => {
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1, gang: 2 } });
    service = await startService({
      monitors: [monitor],
      env: { OPERATOR_TOKENS: "operator-token", MAX_WAIT: "500ms" },
    });
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
  });

  /** Asks, and holds the reply against the description. */
  async function ask(method: string, template: string, path: string, bearer = "operator-token") {
    const reply = await fetch(service.url + path, { method, headers: { authorization: `Bearer ${bearer}` } });
    const text = await reply.text();
    const documented = description.paths[template]?.[method.toLowerCase()]?.responses[reply.status];
    const type = reply.headers.get("content-type")?.split(";")[0] ?? "";
    const schema = documented?.content?.[type]?.schema;
    if (text !== "" || schema !== undefined) {
      const value: unknown = type.endsWith("json") ? JSON.parse(text) : text;
      expect(differences(schema ?? (false as never), value), `${method} ${path}: ${reply.status} ${text}`).toBeNull();
    } else {
      expect(documented, `${method} ${path}: ${reply.status}`).toBeDefined();
    }
    for (const [name, { schema: ofHeader }] of Object.entries(documented?.headers ?? {})) {
      const said = reply.headers.get(name);
      if (said === null) continue;
      const value = "type" in ofHeader && ofHeader.type === "integer" ? Number(said) : said;
      expect(differences(ofHeader, value), `${name}: ${said}`).toBeNull();
    }
    return { status: reply.status, text };
  }

  it("replies what the description says, from the ticket to the answer and to every act", async () => {
    const query = "unique_id=one&qualified_repo=o/r&run_id=1";
    const enqueue = "/profile/{profile_key}/enqueue";
    const { text: ticket } = await ask("POST", enqueue, `/profile/linux/enqueue?${query}`, apiToken);
    expect((await ask("GET", "/jobs/{unique_id}", "/jobs/one", ticket)).status).toBe(200);
    await takeUntilDone(service.url, "one", ticket);
    expect((await ask("POST", "/take/{unique_id}", "/take/one", ticket)).status).toBe(200);
    expect((await ask("GET", "/jobs/{unique_id}", "/jobs/one")).status).toBe(200);
    expect((await ask("GET", "/jobs/{unique_id}/explain", "/jobs/one/explain", ticket)).status).toBe(200);
    expect((await ask("DELETE", "/jobs/{unique_id}", "/jobs/one")).status).toBe(409);

    const gang = await enqueueForTicket(service.url, { profile: "gang", uniqueId: "gang", count: 2 });
    await takeUntilDone(service.url, "gang", gang);
    expect((await ask("POST", "/take/{unique_id}", "/take/gang", gang)).status).toBe(200);

    const waiting = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "waits" });
    expect((await ask("POST", "/take/{unique_id}", "/take/waits?wait=0", waiting)).status).toBe(503);
    expect((await ask("POST", "/take/{unique_id}", "/take/waits", "x")).status).toBe(403);
    expect((await ask("GET", "/jobs/{unique_id}/explain", "/jobs/waits/explain")).status).toBe(200);
    for (const path of ["/", "/dashboard.json", "/dashboard.txt", "/history.json", "/healthz", "/readyz", "/metrics"])
      expect((await ask("GET", path, path)).status, path).toBe(200);
    for (const path of ["/reasons", "/search"]) expect((await ask("GET", path, path)).status, path).toBe(200);
    expect((await ask("GET", "/profiles/{profile_key}", "/profiles/linux")).status).toBe(200);
    expect((await ask("GET", "/profiles/{profile_key}", "/profiles/beos")).status).toBe(404);
    expect((await ask("GET", "/profiles/{profile_key}/jobs", "/profiles/linux/jobs?page=2")).status).toBe(200);
    expect((await ask("GET", "/profiles/{profile_key}/jobs", "/profiles/beos/jobs")).status).toBe(404);
    expect((await ask("GET", "/runs/{run_id}", "/runs/1")).status).toBe(200);
    expect((await ask("GET", "/lines/{profile_key}", "/lines/linux")).status).toBe(200);
    expect((await ask("POST", "/jobs/{unique_id}/cancel", "/jobs/waits/cancel")).status).toBe(200);
    for (const verb of ["drain", "resume"])
      expect((await ask("POST", `/monitors/{monitor}/${verb}`, `/monitors/ci0/${verb}?note=x`)).status).toBe(200);
    for (const verb of ["pause", "resume"])
      expect((await ask("POST", `/profiles/{profile_key}/${verb}`, `/profiles/linux/${verb}?until=1h`)).status).toBe(
        200,
      );
    expect((await ask("POST", "/monitors/{monitor}/drain", "/monitors/ci0/drain", apiToken)).status).toBe(403);
    expect((await ask("POST", "/monitors/{monitor}/changed", "/monitors/ci0/changed", monitorToken)).status).toBe(204);
  });

  const samples: readonly [template: string, method: string, path: string, name: string, values: readonly string[]][] =
    [
      [
        "/take/{unique_id}",
        "POST",
        "/take/ranges?token=TICKET",
        "wait",
        ["0", "1", "999999999", "1000000000", "-1", "1.5", "1e1", "x", "+1", " 1", ""],
      ],
      [
        "/profile/{profile_key}/enqueue",
        "POST",
        "/profile/linux/enqueue?unique_id=ranges-too&qualified_repo=o/r&run_id=1",
        "max_wait",
        ["0", "999999999", "1000000000", "-1", "1.5", "x", ""],
      ],
      [
        "/monitors/{monitor}/resume",
        "POST",
        "/monitors/ci0/resume?note=x",
        "until",
        ["30s", "2h", "3d", "2h ", "h", "1w", "soon", "2100", "20-1-1", "2026-01-31", "2026-01-31T18:00:00", ""],
      ],
      [
        "/history.json",
        "GET",
        "/history.json?profile=linux",
        "limit",
        ["1", "200", "2000", "2001", "0", "-1", "1.5", "x"],
      ],
    ];
  it.each(samples)(
    "%s takes of %s %s %s what the description allows, and nothing else",
    async (template, method, path, name, values) => {
      const isTake = path.includes("TICKET");
      const ticket = isTake ? await enqueueForTicket(service.url, { profile: "linux", uniqueId: "ranges" }) : "";
      const url = path.replace("TICKET", ticket);
      const parameter = description.paths[template]?.[method.toLowerCase()]?.parameters?.find(
        (one) => one.name === name,
      );
      for (const value of values) {
        const isNumber = parameter?.schema.type === "integer" && /^-?\d+(\.\d+)?$/.test(value);
        const isAllowed = differences(parameter?.schema ?? {}, isNumber ? Number(value) : value) === null;
        const bearer = path.includes("enqueue") ? apiToken : "operator-token";
        const reply = await fetch(`${service.url}${url}&${name}=${encodeURIComponent(value)}`, {
          method,
          headers: { authorization: `Bearer ${bearer}` },
        });
        await reply.arrayBuffer();
        expect([value, reply.status === 400], JSON.stringify(parameter?.schema)).toEqual([value, !isAllowed]);
      }
    },
  );
});
