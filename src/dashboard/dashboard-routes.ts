// The operator's view: a page, the same as JSON and as text, a live stream of both, and the
// history.
import type { Context } from "hono";
import { delay, systemClock } from "../clock.ts";
import { objectToOperator } from "../http/operator-routes.ts";
import { parseQuery } from "../http/params.ts";
import { comeBack, refuse, unstored, writeEstimate } from "../http/problem.ts";
import { estimateWait, type FreedRate } from "../queue/fleet/freed-rate.ts";
import { StoreUnavailable } from "../queue/store.ts";
import { createDashboardLoader, type Dashboard, type DashboardDeps, describeEntry } from "./dashboard-data.ts";
import { streamEvents, writeEvent } from "./event-stream.ts";
import { loadLinePage, maxLinePages } from "./line-data.ts";
import { createStatsLoader, isPeriod } from "./over-time/stats.ts";
import { contentSecurityPolicy, renderMain, renderPage } from "./page/page.ts";
import { renderReasons } from "./page/reasons.ts";
import { shortenId, shortenIds } from "./shortened-ids.ts";
import { renderText } from "./text/text.ts";
import { decideView, type ViewAccess, type ViewDecision } from "./view-access.ts";
import { createViewRenderer } from "./views/render-view.ts";
import { parseView, rootOf, type View } from "./views/view.ts";

export interface DashboardRoutesDeps extends DashboardDeps, ViewAccess {
  readonly isDraining: () => boolean;
  readonly freedRate: (profileKey: string) => FreedRate;
}

type ShownIds = Extract<ViewDecision, { kind: "allowed" }>["ids"];

const everyMs = 1_000;
/** Where nothing changed, a comment keeps proxies from closing the connection. */
const silenceMs = 15_000;
const mostViewers = 200;
const mostEntries = 2_000;

export function createDashboardRoutes(deps: DashboardRoutesDeps) {
  const { load, forget: forgetDashboard } = createDashboardLoader(deps);
  const loadStats = createStatsLoader(deps.administration, Date.now);
  const views = createViewRenderer(deps, loadStats);
  const forget = (): void => {
    forgetDashboard();
    views.forget();
  };
  let viewers = 0;
  const shorten = onceForEach(shortenIds);
  const renderHtml = onceForEach((dashboard: Dashboard) => String(renderMain(dashboard)));
  const renderJson = onceForEach((dashboard: Dashboard) => JSON.stringify(dashboard));
  const renderPlain = onceForEach(renderText);
  const forViewers =
    (
      show: (
        c: Context,
        look: () => Promise<Dashboard>,
        ids: ShownIds,
        isStillAllowed: () => Promise<boolean>,
      ) => Promise<Response>,
    ) =>
    async (c: Context): Promise<Response> => {
      const authorization = c.req.header("authorization");
      const decision = await decideView(deps, authorization);
      const isStillAllowed = async () => {
        const now = await decideView(deps, authorization);
        return now.kind === "allowed" && decision.kind === "allowed" && now.ids === decision.ids;
      };
      switch (decision.kind) {
        case "refused":
          return decision.response;
        case "allowed":
          return show(
            c,
            decision.ids === "whole" ? load : async () => shorten(await load()),
            decision.ids,
            isStillAllowed,
          );
      }
    };

  const page = forViewers(async function showPage(c, look) {
    // The page comes also while the store is away: it says so, and recovers by itself.
    return await writePage(c, look().then(renderHtml), "");
  });
  const writePage = async (c: Context, made: Promise<string>, root: string, isStill = false): Promise<Response> => {
    const main = await made.catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return null;
      throw error;
    });
    return c.body(String(renderPage(main, root, isStill)), 200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": await contentSecurityPolicy(),
      "referrer-policy": "no-referrer",
      ...unstored,
    });
  };
  /**
   * One job, one run, one whole line, or what was found: pages of their own, and views of the same
   * page.
   */
  const view = forViewers(async function showView(c, _look, ids) {
    const query = parseQuery(c);
    if (query.kind === "refused") return query.response;
    const asked = parseView(`${c.req.path.slice(1)}?${new URLSearchParams([...query.value])}`);
    if (asked === null) return refuse("no_such_route");
    return await writePage(c, views.render(asked, ids), rootOf(asked));
  });
  const json = forViewers(async (c, look) =>
    c.body(renderJson(await look()), 200, { "content-type": "application/json", ...unstored }),
  );
  const text = forViewers(async (c, look) => c.text(renderPlain(await look()), 200, unstored));

  /** For whoever wants to know before enqueuing. */
  const profile = forViewers(async function showProfile(c) {
    const profileKey = c.req.param("profileKey") ?? "";
    if (!(await deps.administration.profiles()).includes(profileKey)) return refuse("profile_unknown");
    const view = await deps.administration.overview(profileKey, 0);
    const { available, servable } = view.capacity.totals(view.now);
    const free = view.paused === null ? available : 0;
    const runnersBefore = view.paused === null ? view.wantedRunners + 1 - free : null;
    const body = {
      profile_key: profileKey,
      paused: view.paused !== null,
      waiting_jobs: view.waitingJobs,
      wanted_runners: view.wantedRunners,
      free_runners: free,
      servable_runners: servable,
      /** of one more job for one runner */
      estimate: writeEstimate(estimateWait(deps.freedRate(profileKey), runnersBefore)),
    };
    return c.json(body, 200, unstored);
  });

  /** The whole line, page by page, for scripts. */
  const line = forViewers(async function showLine(c, _look, ids) {
    const query = parseQuery(c, ["page"]);
    if (query.kind === "refused") return query.response;
    const page = Number(query.value.get("page") ?? "1");
    if (!Number.isInteger(page) || page < 1 || page > maxLinePages) {
      return refuse("malformed_parameter", `page: a whole number from 1 to ${maxLinePages}`);
    }
    const loaded = await loadLinePage(deps, c.req.param("profileKey") ?? "", page);
    if (loaded === null) return refuse("profile_unknown");
    const { profile_key, waiting, runners_wanted, jobs } = loaded.profile;
    const shown = ids === "whole" ? jobs : jobs.map(shortenId);
    const body = { at: loaded.at, unique_ids: ids, profile_key, page, waiting, runners_wanted, jobs: shown };
    return c.json(body, 200, unstored);
  });

  /** A day or a week, by profile and repository. */
  const stats = forViewers(async function showStats(c) {
    const query = parseQuery(c, ["period", "profile"]);
    if (query.kind === "refused") return query.response;
    const period = query.value.get("period") ?? "day";
    if (!isPeriod(period)) return refuse("malformed_parameter", "period: day or week");
    return c.json(await loadStats(period, query.value.get("profile")), 200, unstored);
  });

  /** What the Link of a 503 leads to; for everybody, since it says nothing of this queue. */
  const reasons = (c: Context): Promise<Response> => writePage(c, Promise.resolve(String(renderReasons())), "", true);

  /** `as=html`: what the page shows, when it changes. Else the document, every second. */
  const events = forViewers(async function showEvents(c, look, ids, isStillAllowed) {
    const query = parseQuery(c);
    if (query.kind === "refused") return query.response;
    const isHtml = query.value.get("as") === "html";
    const path = query.value.get("view");
    const asked = path === undefined ? null : parseView(path);
    if (path !== undefined && (asked === null || !isHtml)) return refuse("no_such_route");
    if (viewers >= mostViewers) return comeBack("too_many_viewers", 5);
    if (deps.isDraining()) return comeBack("draining", 2);
    // Hono answers HEAD by the handler of GET, and reads no body: nothing would ever end it.
    if (c.req.raw.method === "HEAD")
      return new Response(null, { headers: { "content-type": "text/event-stream", ...unstored } });
    viewers += 1;
    return streamEvents(
      (over) => newsOf(() => loadNews(asked, isHtml, look, ids), isStillAllowed, over),
      () => {
        viewers -= 1;
      },
    );
  });

  const loadNews = async (asked: View | null, isHtml: boolean, look: () => Promise<Dashboard>, ids: ShownIds) =>
    asked === null ? (isHtml ? renderHtml : renderJson)(await look()) : await views.render(asked, ids);

  /**
   * Whatever is new, once a second. Who may no longer look (a reload took their token away) is let
   * go.
   */
  async function* newsOf(
    loadText: () => Promise<string>,
    isStillAllowed: () => Promise<boolean>,
    over: AbortSignal,
  ): AsyncGenerator<string> {
    let last: string | null = "";
    let saidAt = 0;
    for (; !deps.isDraining() && !over.aborted && (await isStillAllowed()); await delay(systemClock, everyMs)) {
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

  /**
   * What happened: newest first, by run, repository, job or profile. For operators: it goes through
   * everything that is kept.
   */
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
    const known = (await deps.administration.profiles()).filter((key) => profile === undefined || key === profile);
    const found = await Promise.all(
      known.map(async (key) =>
        (await deps.administration.history(key, mostEntries))
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
    return c.json({ entries: entries.slice(0, limit) }, 200, unstored);
  };

  return { page, view, profile, line, stats, reasons, json, text, events, history, forget };
}

/** One rendering for all who look at the same document. */
function onceForEach<T>(render: (dashboard: Dashboard) => T): (dashboard: Dashboard) => T {
  const rendered = new WeakMap<Dashboard, { readonly as: T }>();
  return (dashboard) => {
    const known = rendered.get(dashboard) ?? { as: render(dashboard) };
    rendered.set(dashboard, known);
    return known.as;
  };
}
