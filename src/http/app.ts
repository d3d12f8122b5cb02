// The application: every route in one place, the same on every runtime. It knows no store, no monitor and no Node.
import { type Context, Hono } from "hono";
import { type Observe, StoreUnavailable } from "../queue/ports.ts";
import { createEnqueueRoute } from "./enqueue-route.ts";
import { createJobsRoutes, type JobsDeps } from "./jobs-route.ts";
import { describeApi } from "./openapi.ts";
import { comeBack, refuse } from "./problem.ts";
import { createTakeRoute, type TakeDeps } from "./take-route.ts";
import { createTokenlessRoute, type TokenlessDeps } from "./tokenless-route.ts";

export interface AppDeps extends TokenlessDeps, TakeDeps, JobsDeps {
  /** every monitor was asked once */
  readonly isFleetAsked: () => boolean;
  readonly isDraining: () => boolean;
  readonly version: string;
  readonly observe: Observe;
}

export function createApp(deps: AppDeps): Hono {
  const app = new Hono();
  const enqueue = createEnqueueRoute(deps);
  const jobs = createJobsRoutes(deps);

  app.post("/take/:uniqueId", createTakeRoute(deps));
  app.post("/profile/:profileKey/enqueue", enqueue);
  app.post("/profile/:profileKey/enqueue/:runnerCount", enqueue);
  app.post("/enqueue", createTokenlessRoute(deps));
  app.get("/jobs/:uniqueId", jobs.show);
  app.delete("/jobs/:uniqueId", jobs.cancel);
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", async function ready(c) {
    if (deps.isDraining()) return comeBack("draining", 1);
    await deps.store.ping();
    return deps.isFleetAsked() ? c.text("ready\n") : comeBack("starting", 1);
  });
  let description: string | undefined;
  app.get("/openapi.json", (c) => {
    description ??= JSON.stringify(describeApi(deps.maxRunnerCount, deps.version));
    return c.body(description, 200, { "content-type": "application/json" });
  });

  app.notFound(function nothingHere(c) {
    const allowed = methodsOf(app, c);
    return allowed.length === 0
      ? refuse("no_such_route")
      : refuse("method_not_allowed", `Use ${allowed.join(" or ")}`, { allow: allowed.join(", ") });
  });
  app.onError(function failed(error) {
    if (error instanceof StoreUnavailable) {
      deps.observe({ kind: "trouble", where: "store", error });
      return comeBack("store_unavailable", 2);
    }
    deps.observe({ kind: "trouble", where: "http", error });
    return comeBack("internal_error", 5);
  });
  return app;
}

/** The methods that the path of this request knows. */
function methodsOf(app: Hono, c: Context): string[] {
  const segments = c.req.path.split("/");
  const methods = app.routes
    .filter(({ path }) => {
      const pattern = path.split("/");
      return (
        pattern.length === segments.length && pattern.every((part, i) => part.startsWith(":") || part === segments[i])
      );
    })
    .map(({ method }) => method);
  return [...new Set(methods)];
}
