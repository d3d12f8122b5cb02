// Text of others that runner-select prints or passes on: it writes neither workflow commands nor
// outputs, and runs nothing.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ActionEnd } from "./composite-action.ts";
import { expectFallback } from "./fallback.ts";
import { answerTakes, oneRunner, problem, startQueueDouble } from "./queue-double.ts";
import { startWorkflowRun } from "./workflow-run.ts";

const nasty =
  "sorry\n::set-output name=is_self_hosted::true\r\n##[set-output name=is_self_hosted;]true\u0007\u001b[2J" +
  "``` [click](https://evil.example) <img src=x> %0A::error::x $(touch pwned) `touch pwned` ';touch pwned;'";

function expectHarmless({ log, summary, outputs }: ActionEnd): void {
  for (const line of log.split("\n")) {
    expect(line).not.toMatch(/##\[/);
    // GitHub decodes %0A and the like in the data of a command.
    if (line.startsWith("::notice ")) expect(line).not.toMatch(/%(?!25)/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(line).not.toMatch(/[\x00-\x1f\x7f]/);
    if (/^\s*::/.test(line)) expect(line).toMatch(/^::(add-mask::[\w.-]+|notice title=runner-select::[^:].*)$/);
  }
  expect(summary.match(/\n/g)).toHaveLength(1);
  expect(summary).not.toContain("::");
  // All of it stands in code spans.
  expect(summary.match(/`/g)!.length % 2).toBe(0);
  expect(summary.replace(/`[^`]*`/g, "")).toMatch(/^- [A-Za-z0-9:,. -]*\n$/);
  expect(outputs["selected-runner-label"]).not.toContain("evil");
}

test("in the queue's refusal becomes one harmless line", async () => {
  const run = await startWorkflowRun();
  const queue = await startQueueDouble(() => problem(422, nasty, nasty, nasty));
  const end = await run.select({ "queue-url": queue.url });
  expectFallback(end, "The queue refused: sorry ");
  expectHarmless(end);
  expect(end.log.split("\n").every((line) => line.length < 1000)).toBe(true);
});

test("in the ids of runners and in headers becomes harmless, and the runner is used", async () => {
  const run = await startWorkflowRun();
  const headers = {
    "x-queue-position": "1::error::x",
    "x-queue-reason": "##[error]::`x`",
    "retry-after": "$(touch pwned)",
  };
  const queue = await startQueueDouble(
    answerTakes({ status: 503, headers }, { status: 200, body: JSON.stringify([{ id: nasty }]) }),
  );
  const end = await run.select({ "queue-url": queue.url });
  expect(end.outputs["is-self-hosted"]).toBe("true");
  expect(end.log).toContain("Waiting at position 1: errorx\n");
  expectHarmless(end);
});

test.each([
  ["self-hosted-image-name", "$(touch pwned)"],
  ["self-hosted-image-name", "`touch pwned`"],
  ["self-hosted-image-name", "linux'; touch pwned; '"],
  ["self-hosted-image-name", 'linux"\nurl = "http://127.0.0.1:1/'],
  ["self-hosted-image-name", ".."],
  ["self-hosted-image-name", "../../enqueue"],
  ["self-hosted-image-name", "linux\nunique_id=other"],
  ["self-hosted-runner-count", "1+a[$(touch pwned)]"],
  ["self-hosted-runner-count", "0"],
  ["self-hosted-runner-count", "-1"],
  ["max-wait", "a[$(touch pwned)]"],
  ["max-wait", ""],
  ["queue-url", "file:///etc/passwd"],
  ["queue-url", "https://user:secret@queue.example"],
  ["queue-url", 'http://127.0.0.1:1/"\nheader = "X: y'],
  ["queue-url", "$(touch pwned)"],
  ["queue-url", "-o/tmp/pwned"],
  ["queue-url", "http://queue.example"],
  ["queue-url", "http://127.0.0.1.evil.example:8002/"],
  ["queue-url", "http://localhost.evil.example"],
  ["queue-url", "http://127.evil.example"],
  ["queue-url", "http://[::2]:8002"],
  ["queue-url", "http://10.0.0.1/127.0.0.1/"],
  ["queue-url", ""],
])("in the input %s (%j) runs nothing, asks nobody, and falls back", async (input, value) => {
  const run = await startWorkflowRun();
  const queue = await startQueueDouble(answerTakes(oneRunner));
  const end = await run.select({ "queue-url": queue.url, [input]: value }, { env: run.envWithIdToken });
  expectFallback(end, new RegExp(`${input} is not `));
  expectHarmless(end);
  expect([queue.asked, run.github.requests]).toEqual([[], []]);
  for (const directory of [process.cwd(), end.directory]) expect(existsSync(join(directory, "pwned"))).toBe(false);
});

test("in the GitHub-hosted label and count neither makes an output nor runs", async () => {
  const run = await startWorkflowRun();
  const end = await run.select({
    "queue-url": "https://queue.example",
    "force-github-hosted-runner": "true",
    "github-hosted-runner-label": "ubuntu-latest\nis_self_hosted=true\n$(touch pwned)",
    "github-hosted-runner-count": "a[$(touch pwned)]",
  });
  expect(end.outputs).toMatchObject({
    "selected-runner-label": "ubuntu-latestis_self_hosted=true$(touch pwned)",
    "selected-runner-count": "1",
    "selected-runner-indices": "[1]",
    "is-self-hosted": "false",
  });
  expect(existsSync("pwned")).toBe(false);
  expectHarmless(end);
});
