// The operator's view: a page, the same as JSON and as text, a live stream of both, and the history.
import type { Context } from "hono";
import { objectToOperator } from "../http/operator-routes.ts";
import { parseQuery } from "../http/params.ts";
import { comeBack, noStore, refuse } from "../http/problem.ts";
import { StoreUnavailable } from "../queue/ports.ts";
import { createDashboardLoader, type Dashboard, type DashboardDeps, describeEntry } from "./dashboard-data.ts";
import { streamEvents, writeEvent } from "./event-stream.ts";
import { contentSecurityPolicy, renderMain, renderPage } from "./page/page.ts";
import { renderText } from "./text/text.ts";
import { objectToViewer, type ViewAccess } from "./view-access.ts";

export interface DashboardRoutesDeps extends DashboardDeps, ViewAccess {
  readonly isDraining: () => boolean;
}

const everyMs = 1_000;
/** Where nothing changed, a comment keeps proxies from closing the connection. */
const silenceMs = 15_000;
const mostViewers = 200;
const mostEntries = 2_000;

export function createDashboardRoutes(deps: DashboardRoutesDeps) {
  const { load, forget } = createDashboardLoader(deps);
  let viewers = 0;
  /** One rendering for all who look. */
  let rendered: { readonly of: Dashboard; readonly html: string } | undefined;
  const loadHtml = async (): Promise<string> => {
    const dashboard = await load();
    if (rendered?.of !== dashboard) rendered = { of: dashboard, html: String(renderMain(dashboard)) };
    return rendered.html;
  };
  const loadJson = async (): Promise<string> => JSON.stringify(await load());
  const forViewers =
    (show: (c: Context) => Promise<Response>) =>
    async (c: Context): Promise<Response> =>
      (await objectToViewer(deps, c.req.header("authorization"))) ?? (await show(c));

  const page = forViewers(async function showPage(c) {
    // The page comes also while the store is away: it says so, and recovers by itself.
    const main = await loadHtml().catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return null;
      throw error;
    });
    return c.body(String(renderPage(main)), 200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": await contentSecurityPolicy(),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      ...noStore,
    });
  });
  const json = forViewers(async (c) => c.json(await load(), 200, noStore));
  const text = forViewers(async (c) => c.text(renderText(await load()), 200, noStore));

  /** `as=html`: what the page shows, when it changes. Else the document, every second. */
  const events = forViewers(async function showEvents(c) {
    const query = parseQuery(c);
    if (query.kind === "refused") return query.response;
    const isHtml = query.value.get("as") === "html";
    if (viewers >= mostViewers) return comeBack("too_many_viewers", 5);
    if (deps.isDraining()) return comeBack("draining", 2);
    // Hono answers HEAD by the handler of GET, and reads no body: nothing would ever end it.
    if (c.req.raw.method === "HEAD")
      return new Response(null, { headers: { "content-type": "text/event-stream", ...noStore } });
    viewers += 1;
    return streamEvents(
      (over) => newsOf(isHtml ? loadHtml : loadJson, over),
      () => {
        viewers -= 1;
      },
    );
  });

  /** Whatever is new, once a second. */
  async function* newsOf(loadText: () => Promise<string>, over: AbortSignal): AsyncGenerator<string> {
    let last: string | null = "";
    let saidAt = 0;
    for (; !deps.isDraining() && !over.aborted; await delay(everyMs)) {
      const next = await loadText().catch(() => null);
      const now = performance.now();
      const isNews = next === null || next !== last;
      last = next;
      if (isNews)
        yield next === null ? writeEvent("trouble", "store_unavailable") : writeEvent("dashboard", next, 2_000);
      else if (now - saidAt > silenceMs) yield ": still here\n\n";
      else continue;
      saidAt = now;
    }
  }

  /** What happened: newest first, by run, repository, job or profile. For operators: it goes through everything that is kept. */
  const history = async function showHistory(c: Context): Promise<Response> {
    const objection = await objectToOperator(deps.operators, c.req.header("authorization"));
    if (objection !== null) return objection;
    const query = parseQuery(c, ["profile", "run_id", "qualified_repo", "unique_id", "limit"]);
    if (query.kind === "refused") return query.response;
    const [profile, run, repo, id] = ["profile", "run_id", "qualified_repo", "unique_id"].map((name) =>
      query.value.get(name),
    );
    const limit = Number(query.value.get("limit") ?? "200");
    if (!Number.isInteger(limit) || limit < 1 || limit > mostEntries) {
      return refuse("malformed_parameter", `limit: a whole number from 1 to ${mostEntries}`);
    }
    const known = (await deps.store.profiles()).filter((key) => profile === undefined || key === profile);
    const found = await Promise.all(
      known.map(async (key) =>
        (await deps.store.history(key, mostEntries))
          .filter(
            (entry) =>
              (run === undefined || entry.run === run) &&
              (repo === undefined || entry.repo?.toLowerCase() === repo.toLowerCase()) &&
              (id === undefined || entry.id === id),
          )
          .map((entry) => describeEntry(key, entry, deps.githubUrl)),
      ),
    );
    const entries = found.flat().sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
    return c.json({ entries: entries.slice(0, limit) }, 200, noStore);
  };

  return { page, json, text, events, history, forget };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
