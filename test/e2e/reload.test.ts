// SIGHUP, seen on the real process: hosts join and leave, tokens rotate, held requests stay held,
// and a file with a mistake in it changes nothing.
import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueue, enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { nextTake, startMonitor } from "../support/monitors.ts";
import { apiToken, monitorsSetting, monitorToken, type RunningService, startService } from "../support/service.ts";

const linux = { profile: "linux" };

interface ReloadableService extends RunningService {
  /** Writes CONFIG_FILE and sends SIGHUP; resolves with the log's word. */
  reload(settings: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>>;
}

/** A service whose MONITORS and tokens stand in CONFIG_FILE alone. */
async function startReloadable(settings: Readonly<Record<string, string>>): Promise<ReloadableService> {
  const file = join(await createTestDirectory(), "settings.env");
  const write = async (given: Readonly<Record<string, string>>) => {
    const all = { API_TOKENS: apiToken, MONITOR_API_TOKEN: monitorToken, ...given };
    await writeFile(
      file,
      Object.entries(all)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
  };
  await write(settings);
  const service = await startService({
    monitors: "",
    env: { CONFIG_FILE: file, API_TOKENS: "", MONITOR_API_TOKEN: "" },
  });
  const isWord = ({ msg }: { readonly msg?: unknown }) => /^settings (not )?reloaded/.test(String(msg));
  let words = 0;
  return {
    ...service,
    reload: async (given) => {
      await write(given);
      words += 1;
      const expected = words;
      service.process.send("SIGHUP");
      await service.onLog(() => service.logLines().filter(isWord).length >= expected);
      return service.logLines().filter(isWord).at(-1) ?? {};
    },
  };
}

const hold = async (service: RunningService, uniqueId: string, ticket: string, seconds: number) => {
  const reply = await fetch(`${service.url}/take/${uniqueId}?token=${ticket}&wait=${seconds}`, { method: "POST" });
  return { status: reply.status, text: await reply.text() };
};

async function startFullMonitor(name: string): Promise<SimulatedMonitor> {
  return await startMonitor({ name, habits: { startsAfterMs: null, reservedForMs: 3_600_000 } });
}

test("a host that joins serves whoever waits, also in a request that was held before; nothing is dropped, and the queue stays ready", async () => {
  const [old, joining] = [await startFullMonitor("old"), await startFullMonitor("joining")];
  await using service = await startReloadable({ MONITORS: monitorsSetting([old]) });
  const first = await enqueueForTicket(service.url, { ...linux, uniqueId: "first" });
  expect((await hold(service, "first", first, 5)).status).toBe(200);

  const second = await enqueueForTicket(service.url, { ...linux, uniqueId: "second" });
  const held = hold(service, "second", second, 20);
  const asked = nextTake(joining);
  await service.onLog(({ msg, uniqueId }) => msg === "enqueued" && uniqueId === "second");
  expect(await service.reload({ MONITORS: monitorsSetting([old, joining]) })).toMatchObject({
    msg: "settings reloaded",
    changed: ["MONITORS"],
  });
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  expect(await asked).toBe("second");
  const answer = await held;
  expect(answer.status).toBe(200);
  expect(runnerIdsIn(answer)).toEqual(joining.reservedFor("second").map(({ id }) => id));
  // it is shown, counted and can be drained like any other
  const { monitors } = (await (await fetch(`${service.url}/dashboard.json`)).json()) as {
    monitors: { name: string }[];
  };
  expect(monitors.map(({ name }) => name)).toEqual(["old", "joining"]);
  expect(await (await fetch(`${service.url}/metrics`)).text()).toContain('monitor="joining"');
  const headers = { authorization: `Bearer ${apiToken}` };
  expect((await fetch(`${service.url}/monitors/joining/drain`, { method: "POST", headers })).status).toBe(200);
});

test("a host that leaves during a take still hands over its runner; after that it is asked nothing and is shown no more", async () => {
  const staying = await startFullMonitor("staying");
  const leaving = await startMonitor({ name: "leaving", profiles: { mac: 2 }, faults: { takeDelayMs: 1500 } });
  await using service = await startReloadable({ MONITORS: monitorsSetting([staying, leaving]) });
  const ticket = await enqueueForTicket(service.url, { profile: "mac", uniqueId: "job" });
  const asked = nextTake(leaving);
  const reply = take(service.url, "job", ticket);
  await asked;
  await service.reload({ MONITORS: monitorsSetting([staying]) });
  const answer = await reply;
  expect(answer.status).toBe(200);
  expect(runnerIdsIn(answer)).toEqual(leaving.reservedFor("job").map(({ id }) => id));

  const { monitors } = (await (await fetch(`${service.url}/dashboard.json`)).json()) as {
    monitors: { name: string }[];
  };
  expect(monitors.map(({ name }) => name)).toEqual(["staying"]);
  const later = await enqueueForTicket(service.url, { profile: "mac", uniqueId: "later" });
  expect((await take(service.url, "later", later)).status).toBe(503);
  expect(leaving.reservedFor("later")).toEqual([]);
  // the others are as they were
  const linuxTicket = await enqueueForTicket(service.url, { ...linux, uniqueId: "linux" });
  expect((await takeUntilDone(service.url, "linux", linuxTicket)).status).toBe(200);
});

test("a take that got lost at a host that has left since is settled by that host's word", async () => {
  const staying = await startMonitor({ name: "staying", profiles: { linux: 1 } });
  const leaving = await startMonitor({
    name: "leaving",
    profiles: { mac: 1 },
    habits: { startsAfterMs: null, reservedForMs: 3_600_000 },
    faults: { take: "resetAfterLabel" },
  });
  await using service = await startReloadable({ MONITORS: monitorsSetting([staying, leaving]), MONITOR_SETTLE: "2s" });
  const ticket = await enqueueForTicket(service.url, { profile: "mac", uniqueId: "job" });
  const asked = nextTake(leaving);
  const reply = take(service.url, "job", ticket);
  await asked;
  await service.reload({ MONITORS: monitorsSetting([staying]) });
  await reply;
  const answer = await takeUntilDone(service.url, "job", ticket);
  expect(runnerIdsIn(answer)).toEqual(leaving.reservedFor("job").map(({ id }) => id));
});

test("tokens rotate: the new one is good at once, the old one no more, and tickets that both signed keep their places", async () => {
  const [monitor, newToken] = [await startFullMonitor("ci0"), "a-newer-token-for-the-api"];
  const fleet = { MONITORS: monitorsSetting([monitor]) };
  await using service = await startReloadable(fleet);
  const ticket = await enqueueForTicket(service.url, { ...linux, uniqueId: "job" });
  const status = async (token: string) => (await enqueue(service.url, { ...linux, uniqueId: "other", token })).status;
  expect([await status(newToken), await status(apiToken)]).toEqual([403, 200]);
  await service.reload({ ...fleet, API_TOKENS: `${newToken},${apiToken}` });
  expect([await status(newToken), await status(apiToken)]).toEqual([200, 200]);
  expect((await take(service.url, "job", ticket)).status).toBe(200);
  const rotated = await enqueueForTicket(service.url, { ...linux, uniqueId: "later", token: newToken });
  await service.reload({ ...fleet, API_TOKENS: newToken });
  expect([await status(newToken), await status(apiToken)]).toEqual([200, 403]);
  expect((await take(service.url, "later", rotated)).status).toBe(503);
  // signed by a secret that is none any more
  expect((await take(service.url, "job", ticket)).status).toBe(403);
});

test("the dashboard can be closed, and opened for operators alone, while it runs; whoever looks on with a token that is gone is let go", async () => {
  const monitor = await startFullMonitor("ci0");
  const fleet = { MONITORS: monitorsSetting([monitor]) };
  await using service = await startReloadable(fleet);
  const look = async (token?: string) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return (await fetch(`${service.url}/dashboard.json`, { headers })).status;
  };
  expect([await look(), await look("a-token-for-viewers")]).toEqual([200, 200]);
  const onlooker = await fetch(`${service.url}/events`);
  expect(onlooker.status).toBe(200);
  await service.reload({ ...fleet, DASHBOARD_TOKEN: "a-token-for-viewers", OPERATOR_TOKENS: "a-token-for-operators" });
  expect([await look(), await look("a-token-for-viewers"), await look("a-token-for-operators")]).toEqual([
    401, 200, 200,
  ]);
  // the stream ends by itself
  await onlooker.text();
  const drain = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${service.url}/monitors/ci0/drain`, { method: "POST", headers })).status;
  };
  expect([await drain(apiToken), await drain("a-token-for-operators")]).toEqual([403, 200]);
});

test("the monitors' token rotates: their next dashboards and takes carry the new one", async () => {
  const monitor = await startMonitor({ token: "a-newer-token-for-monitors" });
  const fleet = { MONITORS: monitorsSetting([monitor]) };
  await using service = await startReloadable(fleet);
  await service.reload({ ...fleet, MONITOR_API_TOKEN: "a-newer-token-for-monitors" });
  const ticket = await enqueueForTicket(service.url, { ...linux, uniqueId: "job" });
  expect((await takeUntilDone(service.url, "job", ticket)).status).toBe(200);
});

test("a file with one mistake changes nothing, not even what is right in it, and says so", async () => {
  const [monitor, other] = [await startFullMonitor("ci0"), await startFullMonitor("ci1")];
  const fleet = { MONITORS: monitorsSetting([monitor]) };
  await using service = await startReloadable(fleet);
  const word = await service.reload({
    MONITORS: monitorsSetting([monitor, other]),
    API_TOKENS: "a-newer-token-for-the-api",
    MAX_ATTEMPTS: "many",
  });
  expect(word).toMatchObject({ msg: "settings not reloaded: nothing changes" });
  expect(JSON.stringify(word)).toContain("MAX_ATTEMPTS is not a whole number");
  const { monitors } = (await (await fetch(`${service.url}/dashboard.json`)).json()) as { monitors: unknown[] };
  expect(monitors).toHaveLength(1);
  expect((await enqueue(service.url, { ...linux, uniqueId: "job" })).status).toBe(200);
});

test("an invalid policy never replaces a valid one, and the log says what is wrong and where", async () => {
  const monitor = await startFullMonitor("ci0");
  const policy = join(await createTestDirectory(), "policy.yaml");
  await writeFile(policy, "classes: {merge: {weight: 10}}");
  const settings = { MONITORS: monitorsSetting([monitor]), POLICY_FILE: policy };
  await using service = await startReloadable(settings);
  await writeFile(policy, "classes: {merge: {weight: lots}}");
  expect(await service.reload(settings)).toMatchObject({
    msg: "settings not reloaded: nothing changes",
    problems: ["POLICY_FILE classes.merge.weight is not a number from 0.001 to 1000"],
  });
  const readGauge = async () =>
    /^runner_queue_settings_reload_failed (\d)$/m.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1];
  expect(await readGauge()).toBe("1");
  await writeFile(policy, "classes: {merge: {weight: 100}}");
  expect(await service.reload(settings)).toMatchObject({ msg: "settings reloaded", changed: ["POLICY_FILE"] });
  expect(await readGauge()).toBe("0");
});

test("the webhook's secrets rotate; turning it on needs a restart, and says so", async () => {
  const monitor = await startFullMonitor("ci0");
  const fleet = { MONITORS: monitorsSetting([monitor]) };
  await using service = await startReloadable({ ...fleet, GITHUB_WEBHOOK_SECRETS: "the-old-secret-of-the-webhook" });
  const hear = async (secret: string) => {
    const body = "{}";
    const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    const headers = { "x-hub-signature-256": signature, "x-github-event": "ping", "content-type": "application/json" };
    return (await fetch(`${service.url}/github/webhook`, { method: "POST", headers, body })).status;
  };
  expect([await hear("the-old-secret-of-the-webhook"), await hear("the-new-secret-of-the-webhook")]).toEqual([
    204, 403,
  ]);
  await service.reload({ ...fleet, GITHUB_WEBHOOK_SECRETS: "the-new-secret-of-the-webhook" });
  expect([await hear("the-old-secret-of-the-webhook"), await hear("the-new-secret-of-the-webhook")]).toEqual([
    403, 204,
  ]);
  const word = await service.reload(fleet);
  expect(word).toMatchObject({ msg: "settings not reloaded: nothing changes" });
  expect(await hear("the-new-secret-of-the-webhook")).toBe(204);
});
