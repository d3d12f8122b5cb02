// Stands between a client and the service and writes down every reply: so that a test sees what a
// silent curl saw, and can wait for the moment at which it was told to come back. Changes nothing
// on the way.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface WitnessedReply {
  readonly path: string;
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface Witness extends AsyncDisposable {
  readonly url: string;
  readonly replies: readonly WitnessedReply[];
  /** Resolves when `count` such replies have come in all. */
  onReplies(count: number, predicate: (reply: WitnessedReply) => boolean): Promise<void>;
}

export async function startWitness(target: string): Promise<Witness> {
  const replies: WitnessedReply[] = [];
  const listeners = new Set<() => void>();
  const server = createServer((incoming, outgoing) =>
    passOn(target, incoming, outgoing, (reply) => {
      replies.push(reply);
      for (const listener of [...listeners]) listener();
    }),
  );
  const { port } = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    replies,
    onReplies: (count, predicate) =>
      new Promise((resolve) => {
        function look(): void {
          if (replies.filter(predicate).length < count) return;
          listeners.delete(look);
          resolve();
        }
        listeners.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function passOn(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  wroteDown: (reply: WitnessedReply) => void,
): void {
  const path = incoming.url ?? "/";
  const { method, headers } = incoming;
  const onward = request(target + path, { method: method ?? "GET", headers }, (reply) => {
    const status = reply.statusCode ?? 0;
    outgoing.writeHead(status, reply.rawHeaders);
    let body = "";
    reply.setEncoding("utf8").on("data", (text: string) => {
      body += text;
      outgoing.write(text);
    });
    reply.on("end", () => {
      outgoing.end();
      wroteDown({ path, status, headers: reply.headers, body });
    });
  });
  onward.on("error", () => outgoing.destroy());
  // A client that hangs up is noticed beyond.
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}

async function listen(server: Server): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return server.address() as AddressInfo;
}
