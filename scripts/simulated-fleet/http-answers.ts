// The ways, fair and foul, in which a simulated monitor answers a request.
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";

const jsonType = { "Content-Type": "application/json" };

export function answerJson(response: ServerResponse, body: unknown): void {
  answer(response, 200, "application/json", JSON.stringify(body));
}

/** The monitor's own errors are reports for a terminal, colours and all, in plain text. */
export function answerReport(response: ServerResponse, status: 500 | 503, message: string): void {
  const report = `\n   0: \u001b[91m${message}\u001b[0m\n\nBacktrace omitted.\n`;
  answer(response, status, "text/plain; charset=utf-8", report);
}

const pageTitles = { 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 422: "Unprocessable Entity" };

/** What its web server refuses without asking the monitor is a small page. */
export function answerPage(response: ServerResponse, status: keyof typeof pageTitles): void {
  const title = `${status}: ${pageTitles[status]}`;
  const page = `<!DOCTYPE html><html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  answer(response, status, "text/html; charset=utf-8", page);
}

/** To HEAD the head alone goes out, which Node sees to. */
function answer(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(text) }).end(text);
}

export function answerGarbage(response: ServerResponse): void {
  answer(response, 200, "application/json", "<html><body>this is not what you asked for</body>");
}

/** A TCP reset: the caller sees its connection die without an answer. */
export function resetConnection(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

const hugeChunk = "x".repeat(1024 * 1024);
const hugeChunks = 64;

/**
 * 64 MiB of valid JSON that holds `answer`, sent without a Content-Length and only as fast as it is
 * read.
 */
export function answerHuge(response: ServerResponse, answer: object): void {
  function* body(): Generator<string> {
    yield `${JSON.stringify(answer).slice(0, -1)},"padding":"`;
    for (let i = 0; i < hugeChunks; i += 1) yield hugeChunk;
    yield '"}';
  }
  response.writeHead(200, jsonType);
  const source = Readable.from(body());
  response.on("close", () => source.destroy());
  source.pipe(response);
}
