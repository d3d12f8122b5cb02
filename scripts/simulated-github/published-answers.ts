// GitHub's own description of its answers, as published in @octokit/openapi, to hold the
// simulation's answers against: so that what our code was tested with is what it will meet.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv, type ValidateFunction } from "ajv";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/**
 * What is wrong with an answer, one line each. Statuses that a route's description leaves out, as
 * it does most errors, are described by "basic-error". Properties that the description does not
 * name are wrong too: they are likelier misspelled.
 * @param path as it was asked, with or without query
 */
export function compareWithPublished(method: string, path: string, status: number, body: unknown): string[] {
  const route = findRoute(path.split("?")[0] ?? path);
  const operation = at(description(), "paths", route, method.toLowerCase());
  if (operation === undefined) return [`${method} ${path} is no route of GitHub's API`];
  const documented = resolve(at(operation, "responses", String(status)));
  const schema = at(documented, "content", "application/json", "schema");
  if (schema === undefined && documented !== undefined) return body === null ? [] : [`${status} has no body`];
  const validate = compile(schema ?? { $ref: "#/components/schemas/basic-error" });
  if (validate(body)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/**
 * What is wrong with an event that is sent to a webhook, one line each. Of what every event has
 * (repository, sender) only what is there is looked at: it is the same ninety links in each.
 * @param name as in the description: `workflow-job-queued`
 */
export function compareWithPublishedEvent(name: string, body: Record<string, unknown>): string[] {
  const schema = at(description(), "components", "schemas", `webhook-${name}`, "properties");
  if (schema === undefined) return [`${name} is no event of GitHub's`];
  return ["action", "workflow_job"].flatMap((part) => {
    const validate = compile(at(schema, part) ?? false);
    if (validate(body[part])) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${part}${instancePath} ${message}`);
  });
}

let loaded: Json | undefined;

/** 13 MB, and so read only where it is needed, once. */
function description(): Json {
  loaded ??= JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json"), "utf8"),
  ) as Json;
  return loaded;
}

/**
 * The template with the most fixed parts of those that match, so that `zip` is an archive format
 * and no artifact.
 */
function findRoute(path: string): string {
  const templates = Object.keys(at(description(), "paths") ?? {}).filter((template) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path),
  );
  const variables = (template: string) => template.split("{").length;
  return templates.sort((a, b) => variables(a) - variables(b))[0] ?? "";
}

const compiled = new Map<Json, ValidateFunction>();

function compile(schema: Json): ValidateFunction {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const schemas: Record<string, Json> = {};
  collectReferences(schema, schemas);
  const document = { ...(asJsonSchema(schema) as object), components: { schemas } };
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(document);
  compiled.set(schema, validate);
  return validate;
}

/** Into `schemas`: all that the schema refers to, and what that refers to. */
function collectReferences(schema: Json | undefined, schemas: Record<string, Json>): void {
  if (typeof schema !== "object" || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    const name = key === "$ref" && typeof value === "string" ? (value.split("/").at(-1) ?? "") : null;
    if (name === null) {
      collectReferences(value, schemas);
    } else if (!(name in schemas)) {
      const referred = at(description(), "components", "schemas", name);
      schemas[name] = asJsonSchema(referred ?? false);
      collectReferences(referred, schemas);
    }
  }
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has a type for null. */
function asJsonSchema(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(asJsonSchema);
  if (typeof schema !== "object" || schema === null) return schema;
  const { nullable, example, examples, ...rest } = schema;
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, asJsonSchema(value)]));
  const closed = "properties" in plain ? { additionalProperties: false, ...plain } : plain;
  return nullable === true ? { anyOf: [{ type: "null" }, closed] } : closed;
}

function resolve(json: Json | undefined): Json | undefined {
  const reference = at(json, "$ref");
  return typeof reference === "string" ? at(description(), ...reference.split("/").slice(1)) : json;
}

function at(json: Json | undefined, ...names: string[]): Json | undefined {
  return names.reduce<Json | undefined>(
    (value, name) => (typeof value === "object" && value !== null && !Array.isArray(value) ? value[name] : undefined),
    json,
  );
}
