// Redis as it is run where the network is nobody's friend: TLS only, a password, and a certificate of an authority of our
// own. One server, one under a Sentinel, or a Cluster of three. Gone when the test is over.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { findFreePort, startRedis } from "./redis-server.ts";

export const password = "password-of-the-store";
export const sentinelPassword = "password-of-the-sentinels";

export interface SecuredRedis extends AsyncDisposable {
  /** as in REDIS_URL */
  readonly url: string;
  /** the certificate of the authority: NODE_EXTRA_CA_CERTS */
  readonly authority: string;
}

interface Certificate {
  readonly folder: string;
  readonly authority: string;
  /** redis-server's arguments */
  readonly args: readonly string[];
}

export async function startSecuredRedis(kind: "single" | "sentinel" | "cluster"): Promise<SecuredRedis> {
  const endings: (() => Promise<unknown>)[] = [];
  const end = async () => {
    for (const ending of endings.splice(0).reverse()) await ending();
  };
  try {
    const certificate = await makeCertificate();
    endings.push(async () => await rm(certificate.folder, { recursive: true, force: true }));
    const start = async (more: readonly string[] = []) => {
      const port = await findFreePort();
      const secured = ["--port", "0", "--tls-port", String(port), "--tls-replication", "yes", ...certificate.args];
      const passwords = ["--requirepass", password, "--masterauth", password];
      const server = await startRedis(false, false, [...secured, ...passwords, ...more]);
      endings.push(async () => await server[Symbol.asyncDispose]());
      return port;
    };
    const secured = { authority: certificate.authority, [Symbol.asyncDispose]: end };
    if (kind === "single") {
      return { url: `rediss://:${password}@127.0.0.1:${await start()}`, ...secured };
    }
    if (kind === "sentinel") {
      const sentinel = await startSentinel(await start(), certificate);
      endings.push(sentinel.stop);
      const query = `?sentinelPassword=${sentinelPassword}`;
      return { url: `rediss+sentinel://:${password}@127.0.0.1:${sentinel.port}/queue${query}`, ...secured };
    }
    const hosts: string[] = [];
    for (let index = 0; index < 3; index++) {
      const busPort = String(await findFreePort());
      const asOne = ["--cluster-enabled", "yes", "--cluster-port", busPort, "--tls-cluster", "yes"];
      hosts.push(`127.0.0.1:${await start(asOne)}`);
    }
    const trust = ["--tls", "--cacert", certificate.authority, "--no-auth-warning", "-a", password];
    execFileSync("redis-cli", [...trust, "--cluster", "create", ...hosts, "--cluster-yes"], { stdio: "pipe" });
    return { url: `rediss+cluster://:${password}@${hosts.join(",")}`, ...secured };
  } catch (error) {
    await end();
    throw error;
  }
}

/** For 127.0.0.1, by an authority that is made for it. */
async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "rq-tls-"));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-subj",
    "/CN=authority of a test",
    "-days",
    "2",
  );
  openssl("req", ...key, "-keyout", "redis.key", "-out", "redis.csr", "-subj", "/CN=127.0.0.1");
  await writeFile(at("names"), "subjectAltName=IP:127.0.0.1\n");
  const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2"];
  openssl("x509", "-req", "-in", "redis.csr", "-out", "redis.crt", ...signed);
  const files = [
    "--tls-cert-file",
    at("redis.crt"),
    "--tls-key-file",
    at("redis.key"),
    "--tls-ca-cert-file",
    at("ca.crt"),
  ];
  return { folder, authority: at("ca.crt"), args: [...files, "--tls-auth-clients", "no"] };
}

async function startSentinel(masterPort: number, { folder, args }: Certificate) {
  const port = await findFreePort();
  const file = join(folder, "sentinel.conf");
  const settings = [
    "port 0",
    "bind 127.0.0.1",
    `tls-port ${port}`,
    "tls-replication yes",
    `requirepass ${sentinelPassword}`,
    `sentinel monitor queue 127.0.0.1 ${masterPort} 1`,
    `sentinel auth-pass queue ${password}`,
  ];
  await writeFile(file, `${settings.join("\n")}\n`);
  const sentinel: ChildProcess = spawn("redis-server", [file, "--sentinel", "--dir", folder, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithUs(sentinel);
  await new Promise<void>((resolve, reject) => {
    sentinel.on("exit", () => reject(new Error("the Sentinel ended")));
    sentinel.stdout?.on("data", (text: Buffer) => {
      if (text.includes("+monitor master")) resolve();
    });
  });
  return {
    port,
    stop: async () => {
      const ended = once(sentinel, "exit");
      sentinel.kill("SIGKILL");
      await ended;
    },
  };
}
