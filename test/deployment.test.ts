// What the shipped image and compose file promise to whoever runs them, read from the files themselves: no Docker needed.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
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

/** What an image's stage and the stages it is built on say under `keyword`, in the order in which they apply. */
function effective(stage: Stage, keyword: string): string[] {
  const base = dockerfile.find(({ name }) => name === stage.from);
  const own = stage.instructions.filter((one) => one.keyword === keyword).map(({ rest }) => rest);
  return [...(base === undefined ? [] : effective(base, keyword)), ...own];
}

function optionOf(command: string[] | undefined, option: string): string | undefined {
  return command?.[command.indexOf(option) + 1];
}

/** The entry and all it imports: files of ours as paths from the root, everything else by its specifier. */
function loadClosure(entry: string): { files: string[]; specifiers: string[] } {
  const files = new Set([entry]);
  const specifiers = new Set<string>();
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8");
    // our sources are formatted: an import begins its line and names its module last, or is a call with a literal
    const imports = text.matchAll(
      /^(?:import|export)\s(?!type\s)[^;]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm,
    );
    for (const [, from, bare, called] of imports) {
      const specifier = from ?? bare ?? called ?? "";
      if (specifier.startsWith(".")) files.add(posix.join(posix.dirname(file), specifier));
      else specifiers.add(specifier);
    }
  }
  return { files: [...files], specifiers: [...specifiers] };
}

describe("Dockerfile", () => {
  const queue = stageNamed("queue");
  const fleet = stageNamed("fleet");

  test("the image that `docker build .` gives is the queue", () => {
    expect(dockerfile.at(-1)).toBe(queue);
  });

  test("every image is Node 24, pinned to the very patch", () => {
    const published = dockerfile.filter(({ from }) => !dockerfile.some(({ name }) => name === from));
    expect(published.map(({ from }) => from)).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-\w+-slim$/)]);
  });

  test.each([queue, fleet])("$name does not run as root", (stage) => {
    expect(effective(stage, "USER").at(-1)).toBe("node");
  });

  test("nothing is built and no package's install script runs", () => {
    expect(effective(queue, "RUN")).toEqual([expect.stringMatching(/^npm ci --omit=dev --ignore-scripts\b/)]);
    expect(effective(fleet, "RUN")).toEqual(effective(queue, "RUN"));
  });

  test("the queue runs from source, for production, reachable from outside the container", () => {
    expect(effective(queue, "CMD")).toEqual(['["node", "src/main.ts"]']);
    expect(effective(queue, "ENV")).toEqual(["NODE_ENV=production HOST=0.0.0.0"]);
    expect(effective(queue, "EXPOSE")).toEqual(["8002"]);
  });

  test("the queue's image holds src and the package files, and nothing else", () => {
    expect(effective(queue, "COPY")).toEqual(["package.json package-lock.json ./", "src ./src"]);
  });

  test.each([queue, fleet])("what $name copies exists and reaches the builder", (stage) => {
    const ignored = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
    expect(ignored).toContain("*");
    const sources = effective(stage, "COPY").flatMap((rest) => rest.split(" ").slice(0, -1));
    for (const source of sources) {
      expect(existsSync(join(root, source)), source).toBe(true);
      expect(ignored).toContain(statSync(join(root, source)).isDirectory() ? `!${source}/` : `!${source}`);
    }
  });

  test.each([queue, fleet])("all that $name runs is in its image, down to the packages", (stage) => {
    const [, entry = ""] = JSON.parse(effective(stage, "CMD").at(-1) ?? "[]") as string[];
    const copied = effective(stage, "COPY").flatMap((rest) => rest.split(" ").slice(0, -1));
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };
    const { files, specifiers } = loadClosure(entry);
    for (const file of files) expect(copied, file).toContain(file.split("/")[0]);
    for (const specifier of specifiers.filter((one) => !one.startsWith("node:"))) {
      const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
      expect(Object.keys(dependencies)).toContain(name);
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
    expect(services.fleet.command?.slice(0, 2)).toEqual(["node", "scripts/fleet.ts"]);
    expect(parseCommandLine(services.fleet.command?.slice(2) ?? [])).toMatchObject({ kind: "run" });
    expect(services.fleet.ports).toBeUndefined();
  });
});
