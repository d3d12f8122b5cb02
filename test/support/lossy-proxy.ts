// Stands between an agent and its queue, and loses or holds one request or one reply at the step that
// a test names: so that somebody dies, or tries again, exactly there.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** Where a call is met: before the queue hears it, or after it answered. */
export type Where = "request" | "reply";

export interface HeldCall {
  /** It goes on. */
  release(): void;
}

export interface LossyProxy {
  readonly url: string;
  /** The next call to such a path is lost there: its connection breaks. Resolves when that happened. */
  loseNext(path: RegExp, where: Where): Promise<void>;
  /** The next one is held there. Resolves when it came. */
  holdNext(path: RegExp, where: Where): Promise<HeldCall>;
  /** The next one is answered by this instead of the queue. */
  answerNext(path: RegExp, status: number, headers: Readonly<Record<string, string>>, body?: string): Promise<void>;
}

interface Rule {
  readonly path: RegExp;
  readonly where: Where;
  readonly meet: (outgoing: ServerResponse) => Promise<"on" | "done"> | "on" | "done";
}

export async function startLossyProxy(target: string): Promise<LossyProxy> {
  const rules: Rule[] = [];
  const meet = async (where: Where, path: string, outgoing: ServerResponse) => {
    const at = rules.findIndex((rule) => rule.where === where && rule.path.test(path));
    const [rule] = at < 0 ? [] : rules.splice(at, 1);
    return rule === undefined ? "on" : await rule.meet(outgoing);
  };
  const passOn = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const path = incoming.url ?? "";
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if ((await meet("request", path, outgoing)) === "done") return;
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort());
    const response = await fetch(target + path, {
      method: incoming.method ?? "GET",
      headers: {
        authorization: incoming.headers.authorization ?? "",
        "content-type": incoming.headers["content-type"] ?? "text/plain",
      },
      ...(body.length > 0 && { body }),
      signal: gone.signal,
    });
    const text = await response.text();
    if ((await meet("reply", path, outgoing)) === "done") return;
    outgoing.writeHead(response.status, { "content-type": response.headers.get("content-type") ?? "" }).end(text);
  };
  const server = createServer((incoming, outgoing) => {
    passOn(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNext: (path, where) =>
      new Promise((resolve) => {
        const lose = (outgoing: ServerResponse): "done" => {
          outgoing.destroy();
          resolve();
          return "done";
        };
        rules.push({ path, where, meet: lose });
      }),
    holdNext: (path, where) =>
      new Promise((resolve) => {
        const hold = () => new Promise<"on">((go) => resolve({ release: () => go("on") }));
        rules.push({ path, where, meet: hold });
      }),
    answerNext: (path, status, headers, body = "") =>
      new Promise((resolve) => {
        const answer = (outgoing: ServerResponse): "done" => {
          outgoing.writeHead(status, headers).end(body);
          resolve();
          return "done";
        };
        rules.push({ path, where: "request", meet: answer });
      }),
  };
}
