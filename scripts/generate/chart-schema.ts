// What the Helm chart accepts: a JSON Schema of its values, whose settings are ours. A mistyped one
// is refused before anything is installed.

import { isSecret } from "../../src/config/settings.ts";
import { describeSettings } from "../../src/config.ts";

/** The chart sets these itself, or they make no sense where instances share a Redis. */
const fixed = ["HOST", "PORT", "CONFIG_FILE", "DATA_FILE", "POLICY_FILE"];

const text = { type: "string" };
const object = { type: "object" };
const list = { type: "array" };

export function describeChartValues(): string {
  const settings = describeSettings().filter(({ name }) => !fixed.includes(name));
  const propertiesOf = (secret: boolean) =>
    Object.fromEntries(
      settings
        .filter(({ name }) => isSecret(name) === secret)
        .map(({ name, meaning, preset }) => [
          name,
          { type: secret ? "string" : ["string", "integer"], description: meaning, ...(preset && { default: preset }) },
        ]),
    );
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Values of the chart runner-queue. Written by `npm run generate`",
    type: "object",
    additionalProperties: false,
    required: ["image", "settings"],
    anyOf: [
      { properties: { existingSecret: { type: "string", minLength: 1 } } },
      { properties: { secrets: { type: "object", required: ["API_TOKENS", "REDIS_URL"] } } },
    ],
    properties: {
      global: object,
      image: {
        type: "object",
        additionalProperties: false,
        required: ["repository"],
        properties: {
          repository: { type: "string", minLength: 1 },
          tag: text,
          digest: { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
          pullPolicy: { enum: ["Always", "IfNotPresent", "Never"] },
        },
      },
      imagePullSecrets: list,
      replicas: { type: "integer", minimum: 1 },
      settings: {
        type: "object",
        additionalProperties: false,
        required: ["MONITORS"],
        properties: propertiesOf(false),
      },
      secrets: { type: "object", additionalProperties: false, properties: propertiesOf(true) },
      existingSecret: text,
      policy: { ...text, description: "what stands in POLICY_FILE: shares, limits and classes" },
      service: {
        type: "object",
        additionalProperties: false,
        properties: {
          type: { enum: ["ClusterIP", "NodePort", "LoadBalancer"] },
          port: { type: "integer", minimum: 1, maximum: 65535 },
        },
      },
      ingress: {
        type: "object",
        additionalProperties: false,
        properties: {
          enabled: { type: "boolean" },
          className: text,
          annotations: object,
          host: text,
          tlsSecret: text,
        },
        if: { properties: { enabled: { const: true } }, required: ["enabled"] },
        // biome-ignore lint/suspicious/noThenProperty: the schema's own word
        then: { required: ["host"], properties: { host: { minLength: 1 } } },
      },
      podDisruptionBudget: {
        type: "object",
        additionalProperties: false,
        properties: { minAvailable: { type: ["integer", "string"] } },
      },
      resources: object,
      nodeSelector: object,
      tolerations: list,
      affinity: object,
      podAnnotations: object,
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
