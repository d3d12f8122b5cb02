// The deployed clients' lines, word for word, through real curl and real jq against the real
// service: what a workflow step gets.
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Curl, type CurlEnd, startCurlTake } from "../../scripts/deployed-client.ts";
import type { TakeFault } from "../../scripts/simulated-fleet/habits-and-faults.ts";
import { cancel, curlEnqueue, curlTake, enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { createTestDirectory, loadWithJq } from "../support/files.ts";
import { reservedCount, startMonitor } from "../support/monitors.ts";
import { type RunningService, startService } from "../support/service.ts";
import { startWitness, type WitnessedReply } from "../support/witness.ts";

/** A monitor that stays silent is believed to be done soon, and is waited for not much longer. */
const hasty = { MONITOR_SETTLE: "200ms", MONITOR_TAKE_TIMEOUT: "1s", UNKNOWN_HOLD: "3s" };

interface RunnerAnswer {
  id: number;
  runner: { registration: { name: string } };
}

/** What the file holds, which must be one JSON document, read by jq without complaint. */
async function loadOnlyDocument(file: string): Promise<unknown> {
  const { exitCode, documents } = await loadWithJq(file);
  expect({ exitCode, documents: documents.length }).toEqual({ exitCode: 0, documents: 1 });
  return JSON.parse(documents[0]!);
}

/** The runners that it names, whichever shape the monitor gave the answer. */
async function loadAnswer(file: string): Promise<RunnerAnswer[]> {
  return [(await loadOnlyDocument(file)) as RunnerAnswer | RunnerAnswer[]].flat();
}

/** Both lines one after the other; the end of the second one and its file. */
async function runWorkflowStep(service: RunningService, uniqueId: string, count?: number) {
  const directory = await createTestDirectory();
  const enqueued = await curlEnqueue(
    service.url,
    { profile: "linux", uniqueId, ...(count === undefined ? {} : { count }) },
    join(directory, "ticket"),
  );
  expect(enqueued).toMatchObject({ exitCode: 0, stderr: "" });
  const file = join(directory, "runner.json");
  return { file, end: await curlTake(service.url, uniqueId, enqueued.text, file) };
}

/** A job that has the only runner, so that all others wait. */
async function occupyOnlyRunner(service: RunningService): Promise<void> {
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "holder" });
  expect((await takeUntilDone(service.url, "holder", ticket)).status).toBe(200);
}

function isWaitOf(uniqueId: string): (reply: WitnessedReply) => boolean {
  return ({ path, status }) => path.startsWith(`/take/${uniqueId}?`) && status === 503;
}

function expectProblem({ exitCode, text, stderr }: CurlEnd, code: string): void {
  expect(exitCode).toBe(22);
  expect(stderr).toContain("404");
  const problem = JSON.parse(text) as { code: string; title: string; status: number };
  expect(problem).toMatchObject({ code, status: 404 });
  expect(problem.title).toMatch(/^The job was /);
}

test("a step that has to wait gets the freed runner, and its file holds that one answer though curl tried many times", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  await using witness = await startWitness(service.url);
  const directory = await createTestDirectory();
  await occupyOnlyRunner(service);

  const { text: ticket } = await curlEnqueue(
    witness.url,
    { profile: "linux", uniqueId: "job" },
    join(directory, "ticket"),
  );
  const file = join(directory, "runner.json");
  const curl = await startCurlTake(witness.url, "job", ticket, file);
  await witness.onReplies(2, isWaitOf("job"));
  monitor.freeOne("linux");

  expect((await curl.ended).exitCode).toBe(0);
  const answer = await loadAnswer(file);
  expect(monitor.reservedFor("job").map(({ id }) => id)).toEqual(answer.map(({ id }) => id));
  const waits = witness.replies.filter(isWaitOf("job"));
  for (const { headers, body } of waits) {
    expect(body).toBe("");
    expect(headers).toMatchObject({
      "content-length": "0",
      "retry-after": expect.stringMatching(/^[1-9]\d*$/),
      "x-queue-position": "1",
      "x-queue-reason": expect.stringMatching(/^[a-z_]+$/),
    });
  }
});

test.each<[TakeFault, string]>([
  ["nullButLabelled", "answers null although it labelled a runner"],
  ["error500", "answers 500 and labelled nothing"],
  ["error500Labelled", "answers 500 although it labelled a runner"],
  ["garbageLabelled", "labels a runner and answers rubbish"],
  ["resetAfterLabel", "labels a runner and resets the connection"],
])("a monitor that once fails (%s: %s) costs a step time, but neither its runner nor a second one", async (take) => {
  const monitor = await startMonitor({ profiles: { linux: 2 }, faults: { take, times: 1 } });
  await using service = await startService({ monitors: [monitor], env: hasty });

  const { file, end } = await runWorkflowStep(service, "job");

  expect(end.exitCode).toBe(0);
  const answer = await loadAnswer(file);
  expect(monitor.reservedFor("job").map(({ id }) => id)).toEqual(answer.map(({ id }) => id));
});

test("a monitor that died since its last word is passed over: the step gets a runner of the living one", async () => {
  const dead = await startMonitor({ name: "dead", profiles: { linux: 5 } });
  const live = await startMonitor({ name: "live", profiles: { linux: 1 } });
  // Asked once, at the start: the service still believes in the five idle runners, and prefers
  // them.
  await using service = await startService({
    monitors: [dead, live],
    env: { ...hasty, MONITOR_POLL_INTERVAL: "1m" },
  });
  await dead.stopListening();

  const { file, end } = await runWorkflowStep(service, "job");

  expect(end.exitCode).toBe(0);
  const names = (await loadAnswer(file)).map(({ runner }) => runner.registration.name);
  expect(names).toEqual([expect.stringMatching(/^ci-runner-linux\.\d+@live$/)]);
  expect([reservedCount([dead], "job"), reservedCount([live], "job")]).toEqual([0, 1]);
  const isClaimAtDead = ({ msg, monitors }: Record<string, unknown>) =>
    msg === "claimed" && Array.isArray(monitors) && monitors.join() === "dead";
  await service.onLog(isClaimAtDead);
});

test("a step that asks for several runners gets one list of them, from as many monitors as it takes, and not one more", async () => {
  const monitors = [
    await startMonitor({ name: "ci0", profiles: { linux: 2 } }),
    await startMonitor({ name: "ci1", profiles: { linux: 2 } }),
  ];
  await using service = await startService({ monitors });

  const { file, end } = await runWorkflowStep(service, "gang", 3);

  expect(end.exitCode).toBe(0);
  const names = ((await loadOnlyDocument(file)) as RunnerAnswer[]).map(({ runner }) => runner.registration.name).sort();
  const reserved = monitors.flatMap((monitor) =>
    monitor.reservedFor("gang").map(({ id, profile }) => `ci-runner-${profile}.${id}@${monitor.name}`),
  );
  expect(names).toHaveLength(3);
  expect(names).toEqual(reserved.sort());
});

test("a crowd of steps gets a runner each and nobody two, while runners are used up and born again", async () => {
  const habits = { takeMs: 20, redrawMs: 50, startsAfterMs: 50, busyForMs: 200, rebornAfterMs: 100 };
  const monitors = [await startMonitor({ name: "ci0", habits }), await startMonitor({ name: "ci1", habits })];
  const reservedFor: string[] = [];
  for (const monitor of monitors) monitor.onReserved((_runner, uniqueId) => reservedFor.push(uniqueId));
  await using service = await startService({ monitors });

  const ids = Array.from({ length: 8 }, (_, index) => `job-${index}`);
  const steps = await Promise.all(ids.map((id) => runWorkflowStep(service, id)));

  expect(steps.map(({ end }) => end.exitCode)).toEqual(ids.map(() => 0));
  const answers = (await Promise.all(steps.map(({ file }) => loadAnswer(file)))).flat();
  expect(new Set(answers.map(({ runner }) => runner.registration.name)).size).toBe(ids.length);
  expect(reservedFor.sort()).toEqual(ids);
});

test("cancelling a job ends the step that waits for it, with a reason that a person can read", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  await using witness = await startWitness(service.url);
  const directory = await createTestDirectory();
  await occupyOnlyRunner(service);
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "job" });
  const curl: Curl = await startCurlTake(witness.url, "job", ticket, join(directory, "runner.json"));
  await witness.onReplies(1, isWaitOf("job"));

  expect((await cancel(service.url, "job", ticket)).status).toBe(200);

  expectProblem(await curl.ended, "job_cancelled");
  expect(reservedCount([monitor], "job")).toBe(0);
});

test("a step that comes back too late is told that its job was given up, and does not try on", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor], env: { ABANDON_AFTER: "1s" } });
  const directory = await createTestDirectory();
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "job" });
  await service.onLog(({ msg, uniqueId }) => msg === "abandoned" && uniqueId === "job");

  expectProblem(await curlTake(service.url, "job", ticket, join(directory, "runner.json")), "job_abandoned");
  expect(reservedCount([monitor], "job")).toBe(0);
});
