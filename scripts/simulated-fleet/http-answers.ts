// The ways, fair and foul, in which a simulated monitor answers a request.
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";

export function answerJson(response: ServerResponse, body: unknown): void {
  answerText(response, 200, JSON.stringify(body));
}

/** The real monitor calls everything JSON, its plain-text errors too. */
export function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" }).end(text);
}

export function answerGarbage(response: ServerResponse): void {
  answerText(response, 200, "<html><body>this is not what you asked for</body>");
}

/** A TCP reset: the caller sees its connection die without an answer. */
export function resetConnection(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

const hugeChunk = "x".repeat(1024 * 1024);
const hugeChunks = 64;

/** 64 MiB of valid JSON that holds `answer`, sent without a Content-Length and only as fast as it is read. */
export function answerHuge(response: ServerResponse, answer: object): void {
  function* body(): Generator<string> {
    yield `${JSON.stringify(answer).slice(0, -1)},"padding":"`;
    for (let i = 0; i < hugeChunks; i += 1) yield hugeChunk;
    yield '"}';
  }
  response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" });
  const source = Readable.from(body());
  response.on("close", () => source.destroy());
  source.pipe(response);
}
