// The shipped files for nginx and Caddy, run as they stand but for ports, certificate and log
// paths: what the queue says reaches its clients unchanged, by https, and no ticket stands in a
// log.
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type Agent, request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { enqueueForTicket } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken, startService } from "../support/service.ts";

const deploy = new URL("../../deploy/", import.meta.url);

function hasProgram(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`], { env: { PATH: searchPath } });
    return true;
  } catch {
    return false;
  }
}
const searchPath = `${process.env.PATH}:/usr/sbin`;

interface Place {
  readonly directory: string;
  readonly port: number;
  readonly queuePort: string;
}

/** How each of them is told to run in a directory of its own, with our file. */
const proxies = {
  nginx: ({ directory, port, queuePort }: Place): string[] => {
    const site = readFileSync(new URL("nginx/runner-queue.conf", deploy), "utf8")
      .replaceAll("127.0.0.1:8002", `127.0.0.1:${queuePort}`)
      .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
      .replace(/\/etc\/ssl\/\S+\/fullchain\.pem/, join(directory, "cert.pem"))
      .replace(/\/etc\/ssl\/\S+\/privkey\.pem/, join(directory, "key.pem"))
      .replaceAll("/var/log/nginx", directory);
    writeFileSync(join(directory, "site.conf"), site);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `${kind}_temp_path ${directory};`,
    );
    writeFileSync(
      join(directory, "nginx.conf"),
      `daemon off; pid ${directory}/pid; error_log stderr crit;
       events {} http { ${temporary.join(" ")} include ${directory}/site.conf; }`,
    );
    return ["nginx", "-e", "stderr", "-p", directory, "-c", join(directory, "nginx.conf")];
  },
  caddy: ({ directory, port, queuePort }: Place): string[] => {
    const file = readFileSync(new URL("caddy/Caddyfile", deploy), "utf8")
      .replaceAll("127.0.0.1:8002", `127.0.0.1:${queuePort}`)
      .replace(/^\{/m, "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n")
      .replace(
        "queue.example.org {",
        `https://localhost:${port} {\n\tlog\n\ttls ${directory}/cert.pem ${directory}/key.pem\n`,
      );
    writeFileSync(join(directory, "Caddyfile"), file);
    return ["caddy", "run", "--adapter", "caddyfile", "--config", join(directory, "Caddyfile")];
  },
};

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Proxy {
  ask(method: string, path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The first piece of a stream that does not end. */
  firstPiece(path: string): Promise<string>;
  /** All that it wrote, to whatever file or stream. */
  logs(): string;
}

async function startProxy(kind: keyof typeof proxies, queueUrl: string): Promise<Proxy> {
  const directory = await createTestDirectory();
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const certificate = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "1",
  ];
  execFileSync(
    "openssl",
    [...certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
    { stdio: "ignore" },
  );
  const place = { directory, port: await findFreePort(), queuePort: new URL(queueUrl).port };
  const [command = "", ...args] = proxies[kind](place);
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: searchPath, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
  });
  endWithUs(child);
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
  const open = (method: string, path: string, headers: Readonly<Record<string, string>> = {}, agent?: Agent) =>
    new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        servername: "localhost",
        port: place.port,
        method,
        path,
        ca: readFileSync(cert),
      };
      const asked = request({
        ...options,
        headers: { host: `localhost:${place.port}`, ...headers },
        agent: agent ?? false,
      });
      asked.once("response", resolve).once("error", reject).end();
    });
  const ask: Proxy["ask"] = async (method, path, headers) => {
    const response = await open(method, path, headers);
    let text = "";
    for await (const piece of response.setEncoding("utf8")) text += piece;
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  };
  // none of them says when it listens
  for (const giveUpAt = performance.now() + 60_000; ; await delay(50)) {
    const answer = await ask("GET", "/healthz").catch(() => null);
    if (answer?.status === 200) break;
    if (performance.now() > giveUpAt || child.exitCode !== null) throw new Error(`${kind} does not answer: ${written}`);
  }
  return {
    ask,
    firstPiece: async (path) => {
      const response = await open("GET", path);
      const piece = await new Promise<string>((resolve) => response.setEncoding("utf8").once("data", resolve));
      response.destroy();
      return piece;
    },
    logs: () =>
      readdirSync(directory)
        .filter((name) => name.endsWith(".log"))
        .reduce((text, name) => text + readFileSync(join(directory, name), "utf8"), written),
  };
}

describe.each(["nginx", "caddy"] as const)("deploy/%s", (kind) => {
  test.runIf(hasProgram(kind))(
    "hands statuses, headers, empty 503s and refusals through, holds takes, streams live views, and logs no ticket",
    async () => {
      const monitor = await startMonitor({ habits: { startsAfterMs: null, reservedForMs: 3_600_000 } });
      await using service = await startService({ monitors: [monitor], env: { TRUSTED_PROXIES: "127.0.0.1" } });
      const proxy = await startProxy(kind, service.url);
      const bearer = { authorization: `Bearer ${apiToken}` };

      const enqueued = await proxy.ask(
        "POST",
        "/profile/linux/enqueue?unique_id=a&qualified_repo=me/repo&run_id=1",
        bearer,
      );
      expect(enqueued.status).toBe(200);
      const taken = await proxy.ask("POST", `/take/a?token=${enqueued.text}&wait=5`);
      expect(taken.status).toBe(200);
      expect(monitor.reservedFor("a")).toHaveLength(1);

      const waiting = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "b" });
      const begunAt = performance.now();
      const held = await proxy.ask("POST", `/take/b?token=${waiting}&wait=2`);
      expect(performance.now() - begunAt).toBeGreaterThan(1_900);
      expect(held).toMatchObject({ status: 503, text: "" });
      expect(held.headers).toMatchObject({
        "content-length": "0",
        "x-queue-position": "1",
        "retry-after": expect.stringMatching(/^\d+$/),
      });

      const refused = await proxy.ask("POST", "/take/nobody?token=no-ticket");
      expect(refused.status).toBe(404);
      expect(JSON.parse(refused.text)).toMatchObject({ status: 404, code: expect.any(String) });
      expect(await proxy.firstPiece("/events")).toContain("event: dashboard");

      await service.stop();
      const away = await proxy.ask("POST", `/take/b?token=${waiting}`);
      expect([502, 503, 504]).toContain(away.status);
      await expect.poll(proxy.logs).toContain("/take/b");
      expect(proxy.logs()).not.toContain(waiting);
      expect(proxy.logs()).not.toContain(enqueued.text);
    },
    120_000,
  );
});
