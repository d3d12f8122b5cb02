// What the shipped image and compose file promise to whoever runs them, read from the files
// themselves: no Docker needed.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { endWithUs } from "../scripts/end-with-us.ts";
import { parseCommandLine } from "../scripts/simulated-fleet/command-line.ts";
import { describeSettings } from "../src/config.ts";
import { createTestDirectory } from "./support/files.ts";
import { loadProcesses } from "./support/processes.ts";

const root = join(import.meta.dirname, "..");
const dockerfile = parseDockerfile(readFileSync(join(root, "Dockerfile"), "utf8"));
const composeText = readFileSync(join(root, "docker-compose.yml"), "utf8");
const { services, volumes } = parse(composeText, { merge: true }) as Compose;

interface Stage {
  name: string;
  from: string;
  instructions: { keyword: string; rest: string }[];
}

interface Service {
  build?: { context: string; target: string };
  image?: string;
  command?: string[];
  environment?: Record<string, string | null>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  ports?: string[];
  volumes?: string[];
  profiles?: string[];
  [option: string]: unknown;
}

interface Compose {
  services: Record<"redis" | "queue" | "fleet", Service>;
  volumes: Record<string, unknown>;
}

function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n/g, " ")
    .split("\n");
  for (const line of lines.filter((line) => line.trim() !== "")) {
    const [keyword = "", ...words] = line.trim().split(/\s+/);
    if (keyword === "FROM") stages.push({ name: words[2] ?? "", from: words[0] ?? "", instructions: [] });
    else stages.at(-1)?.instructions.push({ keyword, rest: words.join(" ") });
  }
  return stages;
}

function stageNamed(name: string): Stage {
  const stage = dockerfile.find((candidate) => candidate.name === name);
  if (stage === undefined) throw new Error(`Dockerfile has no stage ${name}`);
  return stage;
}

/**
 * What an image's stage and the stages it is built on say under `keyword`, in the order in which
 * they apply.
 */
function effective(stage: Stage, keyword: string): string[] {
  const base = dockerfile.find(({ name }) => name === stage.from);
  const own = stage.instructions.filter((one) => one.keyword === keyword).map(({ rest }) => rest);
  return [...(base === undefined ? [] : effective(base, keyword)), ...own];
}

function optionOf(command: string[] | undefined, option: string): string | undefined {
  return command?.[command.indexOf(option) + 1];
}

describe("Dockerfile", () => {
  const build = stageNamed("build");
  const queue = stageNamed("queue");
  const fleet = stageNamed("fleet");

  test("the image that `docker build .` gives is the queue", () => {
    expect(dockerfile.at(-1)).toBe(queue);
  });

  test("every image is Node 24, pinned to the very patch, and by its digest", () => {
    const published = dockerfile.filter(({ from }) => !dockerfile.some(({ name }) => name === from));
    for (const { from } of published) expect(from).toMatch(/^node:24\.\d+\.\d+-\w+-slim@sha256:[0-9a-f]{64}$/);
    expect(new Set(published.map(({ from }) => from)).size).toBe(1);
  });

  test.each([queue, fleet])("$name does not run as root", (stage) => {
    expect(effective(stage, "USER").at(-1)).toBe("node");
  });

  test("no package's install script runs, and of the build nothing but the package is in an image", () => {
    expect(effective(build, "RUN")).toEqual([
      expect.stringMatching(/^npm ci --ignore-scripts\b/),
      "node scripts/build.ts",
    ]);
    for (const stage of [queue, fleet]) {
      expect(effective(stage, "RUN")).toEqual([]);
      expect(effective(stage, "COPY")).toEqual(["--from=build /app/dist ./"]);
    }
  });

  test("the queue runs for production, reachable from outside the container", () => {
    expect(effective(queue, "CMD")).toEqual(['["node", "bin/runner-queue.cjs", "serve"]']);
    expect(effective(queue, "ENV")).toEqual(["NODE_ENV=production HOST=0.0.0.0"]);
    expect(effective(queue, "EXPOSE")).toEqual(["8002"]);
  });

  const sources = effective(build, "COPY").flatMap((rest) => rest.split(" ").slice(0, -1));

  test("what is built exists and reaches the builder", () => {
    const ignored = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
    expect(ignored).toContain("*");
    for (const source of sources) {
      expect(existsSync(join(root, source)), source).toBe(true);
      expect(ignored).toContain(statSync(join(root, source)).isDirectory() ? `!${source}/` : `!${source}`);
    }
  });

  test("what is copied suffices for the build, and the build has all that the images run", async () => {
    const directory = await createTestDirectory();
    for (const source of sources) cpSync(join(root, source), join(directory, source), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    execFileSync(process.execPath, ["scripts/build.ts"], { cwd: directory });
    for (const stage of [queue, fleet]) {
      const [, program = "", ...args] = JSON.parse(effective(stage, "CMD").at(-1) ?? "[]") as string[];
      const words = [join(directory, "dist", program), args[0] ?? "", "--help"];
      expect(execFileSync(process.execPath, words, { encoding: "utf8" })).toContain(`runner-queue ${args[0]}`);
    }
  });

  test("both images say whether they are healthy, the queue by /healthz", () => {
    expect(effective(queue, "HEALTHCHECK")).toEqual([expect.stringMatching(/CMD \["node", "-e", ".*\/healthz'.*"\]$/)]);
    expect(effective(fleet, "HEALTHCHECK")).toHaveLength(1);
  });
});

describe("docker-compose.yml", () => {
  test("there are exactly the queue, its Redis, and a simulated fleet that is started on demand only", () => {
    expect(Object.keys(services).sort()).toEqual(["fleet", "queue", "redis"]);
    expect(services.fleet.profiles).toEqual(["simulation"]);
    expect(services.queue.profiles).toBeUndefined();
    expect(services.redis.profiles).toBeUndefined();
  });

  test.each(Object.entries(services))("%s is unprivileged, read-only and reaps its children", (_name, service) => {
    expect(service).toMatchObject({
      init: true,
      read_only: true,
      tmpfs: ["/tmp"],
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      restart: "unless-stopped",
    });
    expect(service).not.toHaveProperty("privileged");
    expect(service).not.toHaveProperty("cap_add");
  });

  test("Redis acknowledges no write before it is on disk, and never drops a key for room", () => {
    const { command } = services.redis;
    expect(optionOf(command, "--appendonly")).toBe("yes");
    expect(optionOf(command, "--appendfsync")).toBe("always");
    expect(optionOf(command, "--maxmemory-policy")).toBe("noeviction");
    expect(optionOf(command, "--maxmemory")).toBe("512mb");
  });

  test("Redis wants its password, shows it in no list of processes, and runs with what the file says", async () => {
    const directory = await createTestDirectory();
    const socket = join(directory, "redis.sock");
    const [shell = "", ...args] = (services.redis.command ?? []).map((part) => part.replaceAll("$$", "$"));
    const password = "password-of-the-test";
    const child = spawn(shell, [...args, "--port", "0", "--unixsocket", socket, "--dir", directory], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env.PATH ?? "", REDIS_PASSWORD: password },
    });
    endWithUs(child);
    onTestFinished(() => void child.kill("SIGKILL"));
    const isUp = new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => line.includes("eady to accept") && resolve());
      child.once("close", () => reject(new Error("Redis ended")));
    });
    await isUp;
    const ask = (...words: string[]) =>
      execFileSync("redis-cli", ["-s", socket, ...words], {
        encoding: "utf8",
        env: { PATH: process.env.PATH ?? "", ...(words[0] === "CONFIG" ? { REDISCLI_AUTH: password } : {}) },
      });
    expect(ask("ping")).toContain("NOAUTH");
    expect(ask("CONFIG", "GET", "appendfsync")).toContain("always");
    expect(ask("CONFIG", "GET", "maxmemory-policy")).toContain("noeviction");
    const shown = loadProcesses().filter(({ pid, parent }) => pid === child.pid || parent === child.pid);
    expect(shown.map(({ command }) => command).join()).toContain("redis-server");
    expect(shown.map(({ command }) => command).join()).not.toContain(password);
    const ended = once(child, "close");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  test("whatever image is not built here is pinned by its digest, with its tag beside it", () => {
    const images = Object.values(services).flatMap(({ image }) => image ?? []);
    expect(images).toEqual([expect.stringMatching(/^redis:7\.\d+-alpine@sha256:[0-9a-f]{64}$/)]);
  });

  test("every service has a limit of memory and of processes", () => {
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({ mem_limit: expect.stringMatching(/^\d+[mg]$/), pids_limit: expect.any(Number) });
    }
  });

  test("every setting is handed on to the queue, and nothing that is none", () => {
    const names = Object.keys(services.queue.environment ?? {});
    expect(names.toSorted()).toEqual(
      describeSettings()
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  test("what Redis wrote outlives its container, and nobody outside reaches it", () => {
    expect(services.redis.volumes).toEqual(["redis-data:/data"]);
    expect(volumes).toHaveProperty("redis-data");
    expect(services.redis.ports).toBeUndefined();
    expect(services.redis.user).toBe("redis");
  });

  test("the queue starts once Redis answers, and both say whether they are well", () => {
    expect(services.queue.depends_on).toEqual({ redis: { condition: "service_healthy" } });
    expect(services.redis.healthcheck?.test.join(" ")).toContain('REDISCLI_AUTH="$$REDIS_PASSWORD" redis-cli ping');
    expect(services.queue.healthcheck?.test.at(-1)).toContain("/readyz");
  });

  test("the queue is reachable from this host alone: TLS and the outside are a proxy's business", () => {
    expect(services.queue.ports).toEqual(["127.0.0.1:8002:8002"]);
  });

  test("a stopped queue has longer than a take lasts to settle what it began", () => {
    expect(Number.parseInt(String(services.queue.stop_grace_period), 10)).toBeGreaterThan(22);
  });

  test("queue and fleet are built from the stages that the Dockerfile has", () => {
    for (const service of [services.queue, services.fleet]) {
      expect(service.build?.context).toBe(".");
      expect(stageNamed(service.build?.target ?? "").name).toBe(service.build?.target);
    }
  });

  test("without monitors or a token, compose refuses and says what to set", () => {
    const environment = services.queue.environment ?? {};
    expect(environment.API_TOKENS).toMatch(/^\$\{API_TOKENS:\?set .+\}$/);
    expect(environment.MONITORS).toMatch(/^\$\{MONITORS:\?set .+\}$/);
    expect(environment.REDIS_URL).toMatch(/^redis:\/\/:\$\{REDIS_PASSWORD:\?set .+\}@redis:6379$/);
    expect(services.redis.environment?.REDIS_PASSWORD).toMatch(/^\$\{REDIS_PASSWORD:\?set .+\}$/);
    expect(environment).toMatchObject({ HOST: "0.0.0.0", PORT: "8002" });
  });

  test("no secret stands in the file: each comes from the environment", () => {
    const secrets = Object.values(services)
      .flatMap(({ environment }) => Object.entries(environment ?? {}))
      .filter(([name]) => /TOKEN|KEY|SECRET|PASSWORD/.test(name));
    expect(secrets.length).toBeGreaterThan(0);
    for (const [name, value] of secrets) expect(value === null || /^\$\{.*\}$/.test(value), name).toBe(true);
    expect(optionOf(services.fleet.command, "--token")).toMatch(/^\$\{.*\}$/);
    expect(composeText.replaceAll(/\$\{[^}]*\}|\$\$\w+/g, "")).not.toMatch(/requirepass +\S|:\/\/:?[^/\s:]+@/);
  });

  test("the fleet listens where the containers beside it can reach it", () => {
    expect(optionOf(services.fleet.command, "--host")).toBe("0.0.0.0");
    expect(services.fleet.command?.slice(0, 3)).toEqual(["node", "bin/runner-queue.cjs", "fleet"]);
    expect(parseCommandLine(services.fleet.command?.slice(3) ?? [])).toMatchObject({ kind: "run" });
    expect(services.fleet.ports).toBeUndefined();
  });
});
