// Workflows that used servo's runner-select (servo/ci-runners, actions/runner-select) use ours
// without another change: what they pass in and read of it is the same. The facts below were read
// from its action.yml and by running its own shell function, at commit a05e7e83 (July 2026).
import { expect, test } from "vitest";
import { loadAction } from "./action-file.ts";
import { answerTakes, startQueueDouble } from "./queue-double.ts";
import { startWorkflowRun } from "./workflow-run.ts";

/** What the deployed action prints as selected-runner-indices, by count. */
const deployedIndices: readonly [string, string][] = [
  ["1", "[1]"],
  ["2", "[1,2]"],
  ["3", "[1,2,3]"],
  ["20", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"],
];

const deployedInputs = {
  GITHUB_TOKEN: "required",
  "github-hosted-runner-label": "required",
  "github-hosted-runner-count": "1",
  "self-hosted-image-name": "required",
  "self-hosted-runner-count": "1",
  "force-github-hosted-runner": "false",
  NO_SELF_HOSTED_RUNNERS: "",
};

const deployedOutputs = [
  "unique-id",
  "selected-runner-label",
  "selected-runner-count",
  "selected-runner-indices",
  "runner-type-label",
  "is-self-hosted",
];

test("every input of the deployed action is one of ours with the same default, and of our own only queue-url must be given", async () => {
  const { inputs, outputs = {} } = await loadAction("runner-select");
  const ours = Object.fromEntries(
    Object.entries(inputs).map(([name, { required, default: value }]) => [name, required ? "required" : value]),
  );
  expect(ours).toEqual({ ...deployedInputs, "queue-url": "required", "max-wait": "900", wait: "here" });
  expect(Object.keys(outputs)).toEqual(deployedOutputs);
});

test.each(deployedIndices)("%s self-hosted runners have the deployed action's indices", async (count, indices) => {
  const run = await startWorkflowRun();
  const runners = Array.from({ length: Number(count) }, (_, index) => ({ id: index, runner: {} }));
  const queue = await startQueueDouble(answerTakes({ status: 200, body: JSON.stringify(runners) }));

  const { outputs } = await run.select({ "queue-url": queue.url, "self-hosted-runner-count": count });

  expect(outputs).toMatchObject({
    "is-self-hosted": "true",
    "selected-runner-count": count,
    "selected-runner-indices": indices,
  });
});

test.each(deployedIndices)("%s GitHub-hosted runners have the deployed action's indices", async (count, indices) => {
  const run = await startWorkflowRun();
  const asked = { "github-hosted-runner-count": count, "self-hosted-runner-count": "2" };
  const { outputs } = await run.select({ "queue-url": "", NO_SELF_HOSTED_RUNNERS: "1", ...asked });
  expect(outputs).toMatchObject({
    "is-self-hosted": "false",
    "selected-runner-count": count,
    "selected-runner-indices": indices,
  });
});
