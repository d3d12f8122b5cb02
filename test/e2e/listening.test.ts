// Where the process listens, whom it waits for there, and what it does when its settings are to be
// read anew.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type LogLine, spawnService } from "../../scripts/service-process.ts";
import { createTestDirectory } from "../support/files.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken, startService } from "../support/service.ts";

const isListening = ({ msg }: LogLine) => msg === "listening";

/** What comes back on a connection that sends `text`, once the other side has closed it. */
async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk;
  });
  socket.write(text);
  await once(socket, "close");
  return received;
}

test("with several addresses in HOST the queue answers at each, and all end with it", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor], env: { HOST: "127.0.0.1, 127.0.0.2" } });
  await service.onLog((line) => isListening(line) && line.host === "127.0.0.2");
  const addresses = service.logLines().filter(isListening);
  expect(addresses.map(({ host }) => host)).toEqual(["127.0.0.1", "127.0.0.2"]);
  for (const { host, port } of addresses) {
    expect((await fetch(`http://${host}:${port}/readyz`)).status).toBe(200);
  }
  expect(await service.stop()).toBe(0);
});

test("where one of several addresses is taken, the queue listens at none and says at which", async () => {
  const occupier = createServer();
  await new Promise<void>((resolve) => occupier.listen(0, "127.0.0.2", resolve));
  onTestFinished(() => void occupier.close());
  const { port } = occupier.address() as AddressInfo;
  const service = spawnService({
    MONITORS: "http://127.0.0.1:1",
    API_TOKENS: apiToken,
    HOST: "127.0.0.1,127.0.0.2",
    PORT: String(port),
  });
  expect(await service.ended).toBe(1);
  expect(service.stderr()).toContain(`cannot listen on 127.0.0.2:${port}: something listens there already`);
  expect(service.logLines.filter(isListening)).toEqual([]);
});

test("a request with two Host headers is refused: a proxy in front may have believed the other one", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  const reply = await exchange(service.url, "GET /healthz HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n");
  expect(reply).toMatch(/^HTTP\/1\.1 400 /);
  expect(reply).toContain('"code":"repeated_parameter"');
  expect(await exchange(service.url, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
});

test("a connection that sends no request is closed after ten seconds, not after a minute", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  const begun = performance.now();
  await exchange(service.url, "GET /healthz HTTP/1.1\r\nHost: a\r\n");
  const tookMs = performance.now() - begun;
  expect(tookMs).toBeGreaterThan(9_000);
  expect(tookMs).toBeLessThan(50_000);
});

test("SIGHUP reads CONFIG_FILE anew: a mistake changes nothing and is told, a change is told by name, requests go on", async () => {
  const monitor = await startMonitor();
  const file = join(await createTestDirectory(), "queue.conf");
  await writeFile(file, "DASHBOARD_TOKEN=a-token-for-the-dashboard\n");
  await using service = await startService({ monitors: [monitor], env: { CONFIG_FILE: file } });

  await writeFile(file, "DASHBORD_TOKEN=secret-of-the-test\n");
  service.process.send("SIGHUP");
  const refused = await service.onLog(({ msg }) => msg === "settings not reloaded: nothing changes");
  expect(refused.problems).toEqual(["DASHBORD_TOKEN is no setting: did you mean DASHBOARD_TOKEN?"]);

  await writeFile(file, "DASHBOARD_TOKEN=another-for-the-dashboard\nMAX_WAIT=7s\n");
  service.process.send("SIGHUP");
  const told = await service.onLog(({ msg }) => msg === "changed settings need a restart");
  expect(told.settings).toContain("MAX_WAIT");
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  expect(JSON.stringify(service.logLines())).not.toMatch(/secret-of-the-test|for-the-dashboard/);
  expect(await service.stop()).toBe(0);
});
