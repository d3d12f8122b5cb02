// Shows a document on the real page, where a test wants to choose what it says and how its stream
// fares: the same markup, policy and events as src/dashboard/dashboard-routes.ts sends, over real
// HTTP.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { writeEvent } from "../../src/dashboard/event-stream.ts";
import { contentSecurityPolicy, renderMain, renderPage } from "../../src/dashboard/page/page.ts";

export interface PageServer extends AsyncDisposable {
  readonly url: string;
  /** What was asked for, in order. */
  readonly paths: readonly string[];
  /** A new document: for those who load the page, and for all open streams. */
  publish(dashboard: Dashboard): void;
  /** What /events says from now on instead of a stream; open ones end. Null: it streams again. */
  refuseEvents(status: number | null): void;
  close(): Promise<void>;
}

/** @param views main parts of other pages, by their path, such as "stats" */
export async function startPageServer(
  first: Dashboard,
  views: Readonly<Record<string, string>> = {},
): Promise<PageServer> {
  let dashboard = first;
  let refusal: number | null = null;
  const streams = new Set<ServerResponse>();
  const paths: string[] = [];
  const send = (stream: ServerResponse) => {
    const lines = String(renderMain(dashboard)).split("\n");
    stream.write(`event: dashboard\n${lines.map((line) => `data: ${line}\n`).join("")}retry: 2000\n\n`);
  };
  const policy = await contentSecurityPolicy();
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    paths.push(path);
    const view = views[path.slice(1)];
    const followed = views[new URL(path, "http://page").searchParams.get("view") ?? ""];
    if (view !== undefined) {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy });
      response.end(String(renderPage(view)));
      return;
    }
    if (followed !== undefined) {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(writeEvent("dashboard", followed));
      return;
    }
    switch (path) {
      case "/":
        response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy });
        response.end(String(renderPage(String(renderMain(dashboard)))));
        return;
      case "/dashboard.json":
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify(dashboard));
        return;
      case "/events?as=html":
        if (refusal !== null) {
          response.writeHead(refusal, { "content-length": "0" }).end();
          return;
        }
        response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
        streams.add(response);
        response.on("close", () => streams.delete(response));
        send(response);
        return;
      default:
        response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    paths,
    publish(next) {
      dashboard = next;
      for (const stream of streams) send(stream);
    },
    refuseEvents(status) {
      refusal = status;
      if (status !== null) for (const stream of streams) stream.destroy();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
