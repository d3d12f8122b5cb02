// The shipped Helm chart: its values have a schema that knows our settings, and rendered by helm,
// where helm is there, it is what docs/running.md promises.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

const chart = new URL("../../deploy/helm/runner-queue/", import.meta.url);
const load = (name: string) => readFileSync(new URL(name, chart), "utf8");
const helm = process.env.HELM ?? "helm";
const hasHelm = spawnSync(helm, ["version"]).status === 0;

const values = {
  image: { repository: "registry.example/runner-queue" },
  settings: { MONITORS: "ci0=https://ci0.example", MAX_WAIT: "20s", BASE_PATH: "/queue" },
  secrets: { API_TOKENS: "a-token-of-the-test", REDIS_URL: "redis://redis:6379" },
};
const isValid = new Ajv({ allowUnionTypes: true, strict: false }).compile(JSON.parse(load("values.schema.json")));
const withDefaults = (given: object) => ({ ...(parse(load("values.yaml")) as object), ...given });

describe("values.schema.json", () => {
  test("takes the defaults with what is to be set, and an existing Secret instead of secrets", () => {
    expect(isValid(withDefaults(values))).toBe(true);
    expect(isValid(withDefaults({ ...values, secrets: {}, existingSecret: "my-secret" }))).toBe(true);
  });

  test.each([
    ["nothing set", {}],
    ["no monitor", { ...values, settings: {} }],
    ["no secret", { ...values, secrets: {} }],
    ["no Redis", { ...values, secrets: { API_TOKENS: "a-token-of-the-test" } }],
    ["a setting that is none", { ...values, settings: { ...values.settings, MAX_WIAT: "20s" } }],
    ["a secret among the settings", { ...values, settings: { ...values.settings, API_TOKENS: "x" } }],
    ["a value that is none", { ...values, replica: 3 }],
    ["an ingress without a host", { ...values, ingress: { enabled: true } }],
  ])("refuses %s", (_, given) => {
    expect(isValid(withDefaults(given))).toBe(false);
  });
});

test("every action in a template is closed, and asks only for values that there are", () => {
  const known = parse(load("values.yaml")) as Record<string, unknown>;
  for (const name of readdirSync(new URL("templates/", chart))) {
    const text = load(`templates/${name}`);
    const actions = [...text.matchAll(/\{\{-?\s*(.*?)\s*-?\}\}/gs)].map(([, action = ""]) => action);
    const opened = actions.filter((action) => /^(if|with|range|define)\b/.test(action)).length;
    expect([name, actions.filter((action) => action === "end").length]).toEqual([name, opened]);
    for (const [, first = ""] of actions.join("\n").matchAll(/\$?\.Values\.(\w+)/g))
      expect(known).toHaveProperty(first);
  }
});

describe.runIf(hasHelm)("rendered by helm", () => {
  const render = (given: object) =>
    spawnSync(helm, ["template", "ci", fileURLToPath(chart), "--values", "-"], {
      input: JSON.stringify(given),
      encoding: "utf8",
    });
  const objects = (given: object) => {
    const { status, stdout, stderr } = render(given);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const all = parseAllDocuments(stdout).map(
      (document) => document.toJS() as { kind: string; [part: string]: unknown },
    );
    return new Map(all.filter((one) => one !== null).map((one) => [one.kind, one]));
  };

  test("two instances that roll one by one, unprivileged, asked whether they are alive and ready, and one of them always there", () => {
    const found = objects(values);
    expect([...found.keys()].sort()).toEqual(["ConfigMap", "Deployment", "PodDisruptionBudget", "Secret", "Service"]);
    expect(found.get("ConfigMap")).toMatchObject({ data: values.settings });
    expect(found.get("Secret")).toMatchObject({ stringData: values.secrets });
    expect(found.get("PodDisruptionBudget")).toMatchObject({ spec: { minAvailable: 1 } });
    expect(found.get("Deployment")).toMatchObject({
      spec: {
        replicas: 2,
        strategy: { rollingUpdate: { maxUnavailable: 0 } },
        template: {
          spec: {
            securityContext: { runAsNonRoot: true },
            containers: [
              {
                image: expect.stringMatching(/^registry\.example\/runner-queue:\d/),
                livenessProbe: { httpGet: { path: "/queue/healthz" } },
                readinessProbe: { httpGet: { path: "/queue/readyz" } },
                securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
              },
            ],
          },
        },
      },
    });
  });

  test("with an existing Secret, a digest and an ingress", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const found = objects({
      ...values,
      image: { ...values.image, digest },
      secrets: {},
      existingSecret: "my-secret",
      ingress: { enabled: true, host: "queue.example.org", tlsSecret: "queue-tls" },
    });
    expect(found.has("Secret")).toBe(false);
    expect(JSON.stringify(found.get("Deployment"))).toContain(`registry.example/runner-queue@${digest}`);
    expect(JSON.stringify(found.get("Deployment"))).toContain("my-secret");
    expect(found.get("Ingress")).toMatchObject({ spec: { rules: [{ host: "queue.example.org" }] } });
  });

  test("a policy is mounted where POLICY_FILE says, as it is written, and a new one rolls the instances", () => {
    const given = (policy: string) => ({ ...values, policy });
    const policy = "repositories:\n  o/r: {}\n  o/*: {weight: 2} # all others\n";
    const { stdout } = render(given(policy));
    const all = parseAllDocuments(stdout).map(
      (document) => document.toJS() as { data?: Record<string, string> } | null,
    );
    expect(all.find((one) => one?.data?.["policy.yaml"] !== undefined)?.data).toEqual({ "policy.yaml": policy });
    const deployment = JSON.stringify(objects(given(policy)).get("Deployment"));
    expect(deployment).toContain('{"name":"POLICY_FILE","value":"/etc/runner-queue/policy.yaml"}');
    expect(deployment).toContain('"mountPath":"/etc/runner-queue"');
    expect(deployment).not.toBe(JSON.stringify(objects(given(`${policy}\n`)).get("Deployment")));
  });

  test("a mistyped setting is refused before anything is installed", () => {
    const { status, stderr } = render({ ...values, settings: { ...values.settings, MAX_WIAT: "20s" } });
    expect(status).not.toBe(0);
    expect(stderr).toContain("MAX_WIAT");
  });
});

test("the chart's version of the queue is the queue's", () => {
  const { appVersion } = parse(load("Chart.yaml")) as { appVersion: string };
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(appVersion).toBe(version);
});
