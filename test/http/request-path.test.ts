// Base URLs as people write them: with a slash at the end, or with a proxy's prefix that nobody cut
// off.
import { expect, it, test } from "vitest";
import { createRequestPath } from "../../src/http/request-path.ts";
import { enqueueForTicket, take } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { startService } from "../support/service.ts";

it.each([
  ["/", "/take/a?token=x//y", "/take/a"],
  ["/", "//take///a//", "/take/a/"],
  ["/", "/queue/take/a", "/queue/take/a"],
  ["/queue", "/queue/take/a", "/take/a"],
  ["/queue", "//queue//take/a", "/take/a"],
  ["/queue", "/queue/", "/"],
  ["/queue", "/queue", "/queue"],
  ["/queue", "/queues/take/a", "/queues/take/a"],
  ["/queue", "/healthz", "/healthz"],
  ["/a/b", "/a/b/a/b/x", "/a/b/x"],
])("below %s, %s is the route %s", (basePath, target, path) => {
  expect(createRequestPath(basePath)({ url: `http://queue.example${target}` } as Request)).toBe(path);
});

test("a client whose base URL ends in a slash enqueues and gets its runner", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  const ticket = await enqueueForTicket(`${service.url}/`, { profile: "linux", uniqueId: "job" });
  expect((await take(`${service.url}/`, "job", ticket)).status).toBe(200);
});

test("with BASE_PATH the whole service is found below it, and described so", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor], env: { BASE_PATH: "/queue" } });
  const base = `${service.url}/queue`;
  const ticket = await enqueueForTicket(base, { profile: "linux", uniqueId: "job" });
  expect((await take(base, "job", ticket)).status).toBe(200);
  const description = (await (await fetch(`${base}/openapi.json`)).json()) as { servers: unknown };
  expect(description.servers).toMatchObject([{ url: "/queue" }]);
});
