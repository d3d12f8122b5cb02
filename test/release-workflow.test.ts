// What a release promises: the gate before it, and beside the image its bill of materials and how
// it was built. Read from the workflow itself.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "..");
const workflow = parse(readFileSync(join(root, ".github/workflows/release.yml"), "utf8")) as {
  on: object;
  permissions: object;
  jobs: Record<"gate" | "publish", { needs?: string; permissions?: object; steps: { run?: string }[] }>;
};
const { gate, publish } = workflow.jobs;
const scripts = publish.steps.map(({ run }) => run ?? "").join("\n");

test("nothing is published of a commit that the gate has not passed, nor of anything but a version tag", () => {
  expect(workflow.on).toEqual({ push: { tags: ["v*.*.*"] } });
  expect(gate.steps.at(-1)?.run).toBe(".ci/run");
  expect(publish.needs).toBe("gate");
});

test("only the job that publishes may write, and no more than packages and the release", () => {
  expect(workflow.permissions).toEqual({ contents: "read" });
  expect(gate.permissions).toBeUndefined();
  expect(publish.permissions).toEqual({ contents: "write", packages: "write" });
});

test("the image comes with an SBOM and its provenance, and is named by its digest", () => {
  expect(scripts).toMatch(/docker buildx build --target queue --sbom=true --provenance=mode=max --push/);
  expect(scripts).toContain("containerimage.digest");
});
