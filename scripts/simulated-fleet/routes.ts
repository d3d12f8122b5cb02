// The monitor's routes: who answers which request. The dashboard asks for no token and does not wait for the one thread;
// /policy/override does wait for it, which is what makes it a barrier behind earlier takes.
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerGarbage, answerJson, answerText, resetConnection } from "./http-answers.ts";
import type { MonitorState } from "./monitor-state.ts";
import type { Dashboard } from "./runner-json.ts";
import { takeRoute } from "./take-route.ts";

const takePath = /^\/profile\/([^/]+)\/take(?:\/([^/]+))?$/;

export function route(state: MonitorState, request: IncomingMessage, response: ServerResponse): void {
  // A body is of no interest, but unread it would hold up the connection.
  request.resume();
  const url = URL.parse(request.url ?? "/", "http://monitor");
  const [, profile, count] = takePath.exec(url?.pathname ?? "") ?? [];
  if (url !== null && request.method === "POST" && profile !== undefined) {
    takeRoute(state, request, response, url, decode(profile), count);
  } else if (request.method === "GET" && url?.pathname === "/dashboard.json") {
    dashboardRoute(state, response);
  } else if (request.method === "GET" && url?.pathname === "/policy/override") {
    overrideRoute(state, response);
  } else {
    answerText(response, 404, "Not found");
  }
}

/** A malformed escape names no profile, and so is answered as one that does not exist. */
function decode(pathPart: string): string {
  try {
    return decodeURIComponent(pathPart);
  } catch {
    return pathPart;
  }
}

function overrideRoute(state: MonitorState, response: ServerResponse): void {
  state.overridesAsked += 1;
  if (!state.habits.overrideRoute) {
    answerText(response, 404, "Not found");
    return;
  }
  state.thread.run({
    waitAtMostMs: state.habits.lostCallerMs,
    durationMs: () => 0,
    begin() {},
    end: () => answerJson(response, null),
    tooLate: () => answerText(response, 503, "Channel error: timed out waiting on send operation"),
  });
}

function dashboardRoute(state: MonitorState, response: ServerResponse): void {
  state.dashboardsAsked += 1;
  switch (state.faults.dashboard) {
    case "hang":
      break;
    case "error500":
      answerText(response, 500, "Internal error");
      break;
    case "error503":
      answerText(response, 503, "");
      break;
    case "unauthorized":
      answerText(response, 401, "Unauthorized");
      break;
    case "garbage":
      answerGarbage(response);
      break;
    case "reset":
      resetConnection(response);
      break;
    case "badProfile":
      answerDashboard(state, response, withBadProfile);
      break;
    case "badRunner":
      answerDashboard(state, response, withBadRunner);
      break;
    case "none":
      answerDashboard(state, response, (dashboard) => dashboard);
      break;
  }
}

/** With an empty 503 while it is being drawn anew. */
function answerDashboard(
  state: MonitorState,
  response: ServerResponse,
  spoil: (dashboard: Dashboard) => unknown,
): void {
  const dashboard = state.dashboard.show();
  if (dashboard === null) answerText(response, 503, "");
  else answerJson(response, spoil(dashboard));
}

/** The first profile's counts are absurd. */
function withBadProfile(dashboard: Dashboard): unknown {
  const [first] = Object.keys(dashboard.profile_runner_counts);
  const absurd = { target: null, healthy: "many", idle: -3, reserved: 1e300, busy: [] };
  return {
    ...dashboard,
    profile_runner_counts: { ...dashboard.profile_runner_counts, ...(first === undefined ? {} : { [first]: absurd }) },
  };
}

/** An absurd entry comes before the runners, all of which are still there. */
function withBadRunner(dashboard: Dashboard): unknown {
  const absurd = { id: "none", runner: { registration: { labels: "self-hosted", busy: 7 } } };
  return { ...dashboard, runners: [absurd, ...dashboard.runners] };
}
