// What the embedded store keeps does not grow for ever, survives a killed process, and is not
// misread.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openDataFile } from "../../src/store/embedded/data-file.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createMemoryPersistence } from "../support/memory-persistence.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { testSettings } from "../support/settings.ts";

const settings = testSettings();
const counts = new Map([["p", { idle: 0, target: 4, healthy: 4 }]]);
const pace = { nextInMs: 1000, idleInMs: 3000 };
const requestOf = (uniqueId: string) => ({
  uniqueId,
  profileKey: "p",
  runnerCount: 1,
  qualifiedRepo: "o/r",
  runId: "1",
});

it("jobs and history that are over go from where they are kept as well", async () => {
  let now = 1_790_000_000_000;
  const persistence = createMemoryPersistence();
  const queue = createQueueOver(
    createEmbeddedStore(settings, () => now, persistence),
    settings,
  );
  await queue.finishPoll("ci0", now, { kind: "snapshot", counts }, pace);
  for (let n = 0; n < 1_500; n++) {
    await queue.enqueue(requestOf(`j${n}`));
    await queue.cancel("p", `j${n}`, null);
  }
  const kept = (prefix: string) => [...persistence.entries(prefix)].length;
  expect([kept("profile/p/job/"), kept("document/id/")]).toEqual([1_500, 1_500]);
  expect(kept("profile/p/history/")).toBe(2_000);
  now += 25 * 3_600_000;
  for (let round = 0; round < 20; round++) {
    await queue.sweep("p");
    await queue.finishPoll("ci0", now, { kind: "snapshot", counts }, pace);
    now += 1;
  }
  expect([kept("profile/p/job/"), kept("document/id/")]).toEqual([0, 0]);
  expect(kept("profile/p/history/")).toBe(2_000);
});

it("what was kept in another layout counts as lost, as a whole", async () => {
  const now = 1_790_000_000_000;
  const persistence = createMemoryPersistence();
  const first = createQueueOver(
    createEmbeddedStore(settings, () => now - 5_000, persistence),
    settings,
  );
  await first.finishPoll("ci0", now, { kind: "snapshot", counts }, pace);
  persistence.put("begun", { as: 999, life: "", epoch: "1|" });
  const queue = createQueueOver(
    createEmbeddedStore(settings, () => now, persistence),
    settings,
  );
  expect(await queue.store.listProfiles()).toEqual([]);
  expect([...persistence.entries("known/")]).toEqual([]);
  expect((await queue.sweep("p")).lostAt).toBe(now);
});

it("another boot of the host may have lost the end of the file: its jobs are not claimed before evidence, and nothing else is forgotten", async () => {
  let now = 1_790_000_000_000;
  const persistence = createMemoryPersistence();
  const first = createQueueOver(
    createEmbeddedStore(settings, () => now, persistence, "boot-1"),
    settings,
  );
  const idle = new Map([["p", { idle: 4, target: 4, healthy: 4 }]]);
  await first.finishPoll("ci0", now, { kind: "snapshot", counts: idle }, pace);
  await first.pause("p", { kind: "begin", by: "me", note: "", until: null });
  const reply = await first.enqueue(requestOf("a"));
  const ticket = { ...requestOf("a"), place: reply.kind === "accepted" ? reply.place : 0 };
  now += 1_000;
  const same = createQueueOver(
    createEmbeddedStore(settings, () => now, persistence, "boot-1"),
    settings,
  );
  expect(await same.poll(ticket, "c")).toMatchObject({ kind: "wait", reason: "profile_paused" });
  const other = createQueueOver(
    createEmbeddedStore(settings, () => now, persistence, "boot-2"),
    settings,
  );
  expect((await other.poll(ticket, "c")).kind).toBe("suspect");
  expect((await other.overview("p", 1)).paused).toMatchObject({ by: "me" });
});

it("a data file keeps what was answered when its process is killed, and is one process's at a time", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rq-data-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "queue.db");
  // a process that says what it was answered, and is killed in the middle of its next step
  const script = `
    import { openDataFile } from ${JSON.stringify(new URL("../../src/store/embedded/data-file.ts", import.meta.url).href)};
    import { createEmbeddedStore } from ${JSON.stringify(new URL("../../src/store/embedded/embedded-store.ts", import.meta.url).href)};
    const opened = openDataFile(${JSON.stringify(path)});
    const store = createEmbeddedStore({ monitorSettleMs: 1 }, Date.now, opened.file.persistence, opened.file.life);
    for (let n = 0; ; n++) {
      store.swapDocument("n", n === 0 ? null : String(n - 1), String(n), null);
      process.stdout.write(n + "\\n");
      if (n === 200) process.kill(process.pid, "SIGKILL");
    }`;
  const { stdout, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(signal).toBe("SIGKILL");
  const answered = Number(stdout.trim().split("\n").at(-1));
  const opened = openDataFile(path);
  if (opened.kind === "refused") throw new Error(opened.why);
  const store = createEmbeddedStore(settings, Date.now, opened.file.persistence, opened.file.life);
  expect(Number((await store.readDocument("n")).text)).toBeGreaterThanOrEqual(answered);
  expect(openDataFile(path)).toEqual({ kind: "refused", why: expect.stringMatching(/another process has it/) });
  opened.file.close();
});
