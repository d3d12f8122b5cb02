// The application: every route in one place, the same on every runtime. It knows no store, no
// monitor and no Node.

import { type Context, Hono } from "hono";
import { BrokenOff } from "../bounded-body.ts";
import { createDashboardRoutes, type DashboardRoutesDeps } from "../dashboard/dashboard-routes.ts";
import type { Administration } from "../dispatch/administration.ts";
import type { Observe } from "../queue/events.ts";
import { StoreUnavailable } from "../queue/store.ts";
import { createCallerIdentity } from "./callers/caller.ts";
import { createGuessLimit } from "./callers/guess-limit.ts";
import { type ChangedDeps, createChangedRoute } from "./changed-route.ts";
import { createBatchRoute } from "./enqueue/batch-route.ts";
import { createEnqueueRoute } from "./enqueue/enqueue-route.ts";
import { createTokenlessRoute, type TokenlessDeps } from "./enqueue/tokenless-route.ts";
import { createJobsRoutes, type JobsDeps } from "./jobs-route.ts";
import { describeApi } from "./openapi.ts";
import { createOperatorRoutes, type OperatorDeps } from "./operator-routes.ts";
import { createPolicyRoute } from "./policy-route.ts";
import { createPolls, createTakeRoute, type Polls } from "./polls/polls.ts";
import { createTake, type TakeDeps } from "./polls/take-route.ts";
import { comeBack, notNow, type Reply, refusal, refuse, toResponse, unstored } from "./problem.ts";
import { createPullingRoutes, type PullingDeps } from "./pulling-routes.ts";
import { createRequestPath } from "./request-path.ts";
import { reasonsPath } from "./retry-messages.ts";
import type { Tally } from "./tally.ts";
import { createWebhookRoute, type WebhookDeps } from "./webhook-route.ts";

type RouteDeps = TokenlessDeps & TakeDeps & JobsDeps & DashboardRoutesDeps & OperatorDeps & ChangedDeps & PullingDeps;

/** Rises when a route, a parameter or a status that is there goes or changes its meaning. */
const apiVersion = 1;

export interface AppDeps extends Omit<RouteDeps, "guesses" | "callerOf" | "noteAct" | "freedRate"> {
  readonly administration: Administration;
  /** null: there is no webhook */
  readonly signatures: WebhookDeps["signatures"] | null;
  /** The other end's address; each runtime has its own way to tell. */
  readonly peerOf: (c: Context) => string | undefined;
  /** TRUSTED_PROXIES: whose X-Forwarded-For is believed */
  readonly trustedProxies: readonly string[];
  readonly tally: Tally;
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** every monitor was asked once */
  readonly isFleetAsked: () => boolean;
  readonly isDraining: () => boolean;
  readonly version: string;
  /** BASE_PATH; absent: `/` */
  readonly basePath?: string;
  readonly observe: Observe;
}

export interface App {
  readonly hono: Hono;
  /** for servers that tell plain polls apart */
  readonly polls: Polls;
}

export function createApp(given: AppDeps): App {
  const identifyCaller = createCallerIdentity(given.trustedProxies);
  const deps = {
    ...given,
    callerOf: (c: Context) => identifyCaller(given.peerOf(c), c.req.header("x-forwarded-for")),
    guesses: createGuessLimit(() => performance.now()),
  };
  const app = new Hono({ getPath: createRequestPath(deps.basePath ?? "/") });
  const { basePath = "/" } = deps;
  // links are written once, for the root: only who lives elsewhere pays for it
  const linkBelow = (link: string) => (link.startsWith(`<${reasonsPath}`) ? `<${basePath}${link.slice(1)}` : link);
  if (basePath !== "/") {
    app.use(async function linkFromBelow(c, next) {
      await next();
      const link = c.res.headers.get("link");
      if (link !== null) c.res.headers.set("link", linkBelow(link));
    });
  }
  const take = createTake(deps);
  const enqueue = createEnqueueRoute(deps);
  const dashboard = createDashboardRoutes({ ...deps, freedRate: deps.dispatcher.freedRate });
  const jobs = createJobsRoutes({ ...deps, noteAct: dashboard.forget });
  const operate = createOperatorRoutes(deps, dashboard.forget);
  const pulling = createPullingRoutes(deps);
  const route = (
    method: "GET" | "POST" | "DELETE",
    path: string,
    handler: (c: Context) => Promise<Response> | Response,
  ) => app.on(method, path, deps.tally.count(`${method} ${path}`, handler));

  route("POST", "/take/:uniqueId", createTakeRoute(take, deps.callerOf));
  route("POST", "/profile/:profileKey/enqueue", enqueue);
  route("POST", "/profile/:profileKey/enqueue/:runnerCount", enqueue);
  route("POST", "/enqueue", createTokenlessRoute(deps));
  route("POST", "/runs/:runId/enqueue", createBatchRoute(deps));
  route("GET", "/jobs/:uniqueId", (c) => (wantsPage(c) ? dashboard.view(c) : jobs.show(c)));
  route("GET", "/jobs/:uniqueId/explain", jobs.why);
  route("DELETE", "/jobs/:uniqueId", jobs.cancel);
  route("POST", "/jobs/:uniqueId/cancel", jobs.cancel);
  route("POST", "/jobs/:uniqueId/rerun", jobs.rerun);
  route("POST", "/jobs/:uniqueId/expedite", jobs.expedite);
  route("POST", "/monitors/:monitor/drain", operate.drain);
  route("POST", "/monitors/:monitor/changed", createChangedRoute(deps));
  route("POST", "/monitors/:monitor/fetch", pulling.fetch);
  route("POST", "/monitors/:monitor/legs/:leg/accept", pulling.accept);
  route("POST", "/monitors/:monitor/legs/:leg/settle", pulling.settle);
  route("POST", "/monitors/:monitor/resume", operate.resumeMonitor);
  route("GET", "/profiles/:profileKey", dashboard.profile);
  route("GET", "/profiles/:profileKey/jobs", dashboard.line);
  route("POST", "/profiles/:profileKey/pause", operate.pause);
  route("POST", "/profiles/:profileKey/resume", operate.resumeProfile);
  if (deps.signatures !== null) {
    route("POST", "/github/webhook", createWebhookRoute({ ...deps, signatures: deps.signatures }));
  }
  route("POST", "/policy", createPolicyRoute(deps));
  route("POST", "/monitors/:monitor/forget", operate.forgetMonitor);
  route("POST", "/profiles/:profileKey/forget", operate.forgetProfile);
  route("GET", "/", dashboard.page);
  route("GET", reasonsPath, dashboard.reasons);
  for (const path of ["/runs/:runId", "/lines/:profileKey", "/search", "/stats"]) route("GET", path, dashboard.view);
  route("GET", "/dashboard.json", dashboard.json);
  route("GET", "/dashboard.txt", dashboard.text);
  route("GET", "/events", dashboard.events);
  route("GET", "/history.json", dashboard.history);
  route("GET", "/stats.json", dashboard.stats);
  route("GET", "/metrics", async function showMetrics(c) {
    const { text, contentType } = await deps.metrics();
    return c.body(text, 200, { "content-type": contentType, ...unstored });
  });
  route("GET", "/healthz", (c) => c.text("ok\n", 200, unstored));
  route("GET", "/version", (c) => c.json({ version: deps.version, api: apiVersion }, 200, unstored));
  route("GET", "/readyz", async function ready(c) {
    if (deps.isDraining()) return comeBack("draining", 1);
    await deps.administration.ping();
    return deps.isFleetAsked() ? c.text("ready\n", 200, unstored) : comeBack("starting", 1);
  });
  let description: string | undefined;
  route("GET", "/openapi.json", (c) => {
    description ??= JSON.stringify(describeApi(deps.maxRunnerCount, deps.version, deps.basePath));
    return c.body(description, 200, { "content-type": "application/json", ...unstored });
  });

  app.notFound(function nothingHere(c) {
    const allowed = methodsOf(app, c);
    return allowed.length === 0
      ? refuse("no_such_route")
      : refuse("method_not_allowed", `Use ${allowed.join(" or ")}`, { allow: allowed.join(", ") });
  });
  const replyTo = (error: unknown): Reply => {
    if (error instanceof StoreUnavailable) {
      deps.observe({ kind: "trouble", where: "store", error });
      return notNow("store_unavailable", 2);
    }
    if (error instanceof BrokenOff) return refusal("body_malformed", "The body broke off");
    deps.observe({ kind: "trouble", where: "http", error });
    return notNow("internal_error", 5);
  };
  app.onError((error) => toResponse(replyTo(error)));
  const noteReply = deps.tally.noteOf("POST /take/:uniqueId");
  return { hono: app, polls: createPolls({ take, basePath, identifyCaller, replyTo, noteReply, linkBelow }) };
}

/** A browser that goes somewhere; whoever shows a ticket wants JSON. */
function wantsPage(c: Context): boolean {
  return c.req.header("accept")?.includes("text/html") === true && c.req.query("token") === undefined;
}

/** The methods that the path of this request knows. */
function methodsOf(app: Hono, c: Context): string[] {
  const segments = c.req.path.split("/");
  const methods = app.routes
    .filter(({ path }) => {
      const pattern = path.split("/");
      return (
        pattern.length === segments.length &&
        pattern.every((part, i) => (part.startsWith(":") ? segments[i] !== "" : part === segments[i]))
      );
    })
    .map(({ method }) => method);
  return [...new Set(methods)];
}
