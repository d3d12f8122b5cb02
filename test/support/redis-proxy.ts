// A socket between one instance and its Redis that can stop at a chosen command: so that an
// instance dies exactly between two steps.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface RedisProxy extends AsyncDisposable {
  readonly url: string;
  /**
   * From the first command that contains `text` on, nothing more is passed on in either direction;
   * resolves when it came.
   */
  holdBefore(text: string): Promise<void>;
  /**
   * The command is passed on and carried out, its reply and all that follows are not; resolves when
   * the reply came.
   */
  holdReplyTo(text: string): Promise<void>;
  /** What was held comes through after all. */
  release(): void;
}

type Hold = { readonly text: string; readonly kind: "before" | "reply"; readonly reached: () => void };

export async function startRedisProxy(target: string): Promise<RedisProxy> {
  const folder = await mkdtemp(join(tmpdir(), "rq-proxy-"));
  const path = join(folder, "proxy.sock");
  const sockets = new Set<Socket>();
  let hold: Hold | undefined;
  const releases = new Set<() => void>();

  const server = createServer((client) => {
    const redis = connect(target);
    let isHeld = false;
    let awaitsReply = false;
    const held: (() => void)[] = [];
    releases.add(() => {
      isHeld = awaitsReply = false;
      for (const send of held.splice(0)) send();
    });
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        client.destroy();
        redis.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => {
      if (isHeld) return void held.push(() => redis.write(chunk));
      if (hold !== undefined && chunk.includes(hold.text)) {
        if (hold.kind === "before") {
          isHeld = true;
          held.push(() => redis.write(chunk));
          hold.reached();
          return;
        }
        awaitsReply = true;
      }
      redis.write(chunk);
    });
    redis.on("data", (chunk: Buffer) => {
      if (awaitsReply) {
        isHeld = true;
        hold?.reached();
      }
      if (isHeld) held.push(() => client.write(chunk));
      else client.write(chunk);
    });
  });
  server.listen(path);
  await once(server, "listening");
  const holdAt = (kind: Hold["kind"], text: string) =>
    new Promise<void>((resolve) => {
      hold = { kind, text, reached: resolve };
    });
  return {
    url: path,
    holdBefore: (text) => holdAt("before", text),
    release: () => {
      hold = undefined;
      for (const release of releases) release();
    },
    holdReplyTo: (text) => holdAt("reply", text),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
