// The monitor's routes: who answers which request. The dashboard asks for no token and does not
// wait for the one thread; /policy/override does wait for it, which is what makes it a barrier
// behind earlier takes. What can be got can be asked for its head.
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerGarbage, answerJson, answerPage, answerReport, resetConnection } from "./http-answers.ts";
import type { MonitorState } from "./monitor-state.ts";
import type { Dashboard } from "./runner-json.ts";
import { notPickedUp, takeRoute } from "./take-route.ts";

const notDrawn = "Monitor thread is still starting or not responding";
const takePath = /^\/profile\/([^/]+)\/take(?:\/([^/]+))?$/;

export function route(state: MonitorState, request: IncomingMessage, response: ServerResponse): void {
  // A body is of no interest, but unread it would hold up the connection.
  request.resume();
  const url = URL.parse(request.url ?? "/", "http://monitor");
  const isRead = request.method === "GET" || request.method === "HEAD";
  const [, profile, count] = takePath.exec(url?.pathname ?? "") ?? [];
  if (url !== null && request.method === "POST" && profile !== undefined) {
    takeRoute(state, request, response, url, decode(profile), count);
  } else if (isRead && url?.pathname === "/dashboard.json") {
    dashboardRoute(state, response);
  } else if (isRead && url?.pathname === "/policy/override") {
    overrideRoute(state, response);
  } else {
    answerPage(response, 404);
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
    answerPage(response, 404);
    return;
  }
  state.thread.run({
    waitAtMostMs: state.habits.lostCallerMs,
    tooLate: () => answerReport(response, 500, notPickedUp),
    begin() {},
    answerAtMostMs: state.habits.answerWithinMs,
    tooSlow() {},
    durationMs: () => 0,
    end: () => answerJson(response, null),
    pauseMs: () => 0,
  });
}

function dashboardRoute(state: MonitorState, response: ServerResponse): void {
  state.dashboardsAsked += 1;
  switch (state.faults.dashboard) {
    case "hang":
      break;
    case "error500":
      answerReport(response, 500, "something broke");
      break;
    case "error503":
      answerReport(response, 503, notDrawn);
      break;
    case "unauthorized":
      answerPage(response, 401);
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

/** With 503 while it is being drawn anew. */
function answerDashboard(
  state: MonitorState,
  response: ServerResponse,
  spoil: (dashboard: Dashboard) => unknown,
): void {
  const dashboard = state.dashboard.show();
  if (dashboard === null) answerReport(response, 503, notDrawn);
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
