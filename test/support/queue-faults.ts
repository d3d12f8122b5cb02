// Queues that break one promise each, made of the real service and a meddler in front of it: which
// check of the self-test is there to notice, and what it says then.
import type { CheckName } from "../../scripts/self-test/command.ts";
import type { Meddling, PassingReply } from "./meddler.ts";
import { apiToken } from "./service.ts";

export interface QueueFault {
  readonly that: string;
  readonly fails: CheckName;
  readonly seen: RegExp;
  readonly take?: true;
  /** A fresh one for every run: some count. */
  readonly meddling: () => Meddling;
}

type Change = (reply: PassingReply) => PassingReply;

/** Changes the replies to one route. */
function changing(method: string, path: RegExp, change: Change, which: (reply: PassingReply) => boolean = () => true) {
  return (): Meddling => ({
    reply: (reply, asked) => (asked.method === method && path.test(asked.path) && which(reply) ? change(reply) : reply),
  });
}

/** Changes the replies to one route from the second on. */
function changingLater(method: string, path: RegExp, change: Change) {
  return (): Meddling => {
    let seen = 0;
    return changing(method, path, (reply) => (++seen > 1 ? change(reply) : reply))();
  };
}

const withStatus =
  (status: number, body = ""): Change =>
  ({ headers }) => ({ status, headers, body });
const withBody =
  (change: (body: string) => string): Change =>
  ({ body, ...rest }) => ({ ...rest, body: change(body) });
const withFields = (fields: object) => withBody((body) => JSON.stringify({ ...JSON.parse(body), ...fields }));
const withType =
  (type: string): Change =>
  ({ headers, ...rest }) => ({ ...rest, headers: { ...headers, "content-type": type } });
const answer = (change: (runners: unknown[]) => unknown) =>
  withBody((body) => JSON.stringify(change(JSON.parse(body) as unknown[])));
const isOk = ({ status }: PassingReply) => status === 200;
const isRefusal = ({ status }: PassingReply) => status >= 400;
const shows =
  (state: string) =>
  ({ body }: PassingReply) =>
    body.includes(`"state":"${state}"`);
const problem =
  (code: string) =>
  ({ body }: PassingReply) =>
    body.includes(`"code":"${code}"`);

/** Every ticket opens every job: it is replaced by the right one on its way. */
function mindingNoTicket(): Meddling {
  const ticketOf = new Map<string, string>();
  return {
    request: (asked) => {
      const [, id] = /^\/take\/([^?]+)/.exec(asked.path) ?? [];
      const ticket = ticketOf.get(id ?? "");
      return ticket === undefined ? asked : { ...asked, path: `/take/${id}?token=${ticket}` };
    },
    reply: (reply, { path }) => {
      const [, id] = /enqueue.*unique_id=([^&]+)/.exec(path) ?? [];
      if (id !== undefined && reply.status === 200) ticketOf.set(id, reply.body);
      return reply;
    },
  };
}

export const queueFaults: readonly QueueFault[] = [
  {
    that: "is not ready",
    fails: "reachable",
    seen: /^\/readyz was answered 503$/,
    meddling: changing("GET", /^\/readyz/, ({ headers: _ }) => ({ status: 503, headers: {}, body: "" })),
  },
  {
    that: "describes itself in half a document",
    fails: "reachable",
    seen: /^\/openapi\.json was answered 200 with unexpected JSON$/,
    meddling: changing(
      "GET",
      /^\/openapi/,
      withBody((body) => body.slice(0, 100)),
    ),
  },
  {
    that: "ends its ticket with a newline",
    fails: "one runner",
    seen: /^enqueue was answered 200, but not with one ticket/,
    meddling: changing(
      "POST",
      /enqueue/,
      withBody((body) => `${body}\n`),
    ),
  },
  {
    that: "sends its ticket as a page",
    fails: "one runner",
    seen: /^enqueue was answered 200 as text\/html, not as text\/plain$/,
    meddling: changing("POST", /enqueue/, withType("text/html; charset=utf-8")),
  },
  {
    that: "does not know the position of a waiting job",
    fails: "one runner",
    seen: /as queued, position null$/,
    meddling: changing("GET", /^\/jobs/, withFields({ position: null })),
  },
  {
    that: "shows the job of somebody else",
    fails: "one runner",
    seen: /^GET \/jobs shows another job/,
    meddling: changing("GET", /^\/jobs/, withFields({ unique_id: "another" })),
  },
  {
    that: "cannot give places up",
    fails: "one runner",
    seen: /^DELETE \/jobs was answered 500; a place may be left in line/,
    meddling: changing("DELETE", /^\/jobs/, withStatus(500)),
  },
  {
    that: "keeps a cancelled job in line",
    fails: "one runner",
    seen: /^GET \/jobs shows a cancelled job as queued$/,
    meddling: changing("GET", /^\/jobs/, withFields({ state: "queued" }), shows("cancelled")),
  },
  {
    that: "lets a waiting take have a body",
    fails: "one runner",
    seen: /^take was answered 503 no_capacity with a body of text\/plain, which curl would leave/,
    take: true,
    meddling: changing("POST", /^\/take/, () => ({
      status: 503,
      headers: { "content-type": "text/plain", "x-queue-reason": "no_capacity", "retry-after": "1" },
      body: "wait",
    })),
  },
  {
    that: "answers a take with no runner",
    fails: "one runner",
    seen: /^take was answered null/,
    take: true,
    meddling: changing(
      "POST",
      /^\/take/,
      withBody(() => "null"),
    ),
  },
  {
    that: "answers a take with something else than a runner",
    fails: "one runner",
    seen: /^take was answered 200 with unexpected JSON/,
    take: true,
    meddling: changing(
      "POST",
      /^\/take/,
      withBody(() => '{"ok":true}'),
    ),
  },
  {
    that: "gives one runner three times",
    fails: "three at once",
    seen: /^take was answered 1 distinct runners, not 3$/,
    take: true,
    meddling: changing(
      "POST",
      /^\/take/,
      answer(([first]) => [first, first, first]),
      isOk,
    ),
  },
  {
    that: "gives two runners of three",
    fails: "three at once",
    seen: /^take was answered 2 distinct runners, not 3$/,
    take: true,
    meddling: changing(
      "POST",
      /^\/take/,
      answer((runners) => runners.slice(1)),
      isOk,
    ),
  },
  {
    that: "forgets that the runners were taken",
    fails: "three at once",
    seen: /^GET \/jobs shows a job that has its runners as queued$/,
    take: true,
    meddling: changing("GET", /^\/jobs/, withFields({ state: "queued" }), shows("taken")),
  },
  {
    that: "refuses the impossible under another name",
    fails: "unsatisfiable",
    seen: /^enqueue of 100 runners was answered 422 sorry: .*; 422 unsatisfiable was expected$/,
    meddling: changing("POST", /enqueue/, withFields({ code: "sorry" }), isRefusal),
  },
  {
    that: "lets the impossible wait",
    fails: "unsatisfiable",
    seen: /^enqueue of 100 runners was answered 500; 422 unsatisfiable was expected/,
    meddling: changing("POST", /enqueue/, withStatus(500), isRefusal),
  },
  {
    that: "lets a wrong bearer in",
    fails: "unauthorised",
    seen: /^enqueue with a wrong bearer was answered 200 with a body/,
    meddling: () => ({ request: (asked) => (asked.bearer === null ? asked : { ...asked, bearer: apiToken }) }),
  },
  {
    that: "lets everybody in",
    fails: "unauthorised",
    seen: /^enqueue without a bearer was answered 200 with a body/,
    meddling: () => ({ request: (asked) => ({ ...asked, bearer: apiToken }) }),
  },
  {
    that: "refuses with a page",
    fails: "unauthorised",
    seen: /^enqueue without a bearer was answered 401 with a body of text\/html; 401 bearer_missing was expected$/,
    meddling: changing("POST", /enqueue/, withType("text/html"), isRefusal),
  },
  {
    that: "says another status in the body",
    fails: "unauthorised",
    seen: /^enqueue without a bearer was answered 401, but its body says another status$/,
    meddling: changing("POST", /enqueue/, withFields({ status: 400 }), isRefusal),
  },
  {
    that: "minds no ticket",
    fails: "unauthorised",
    seen: /^take with another job's ticket was answered 404 job_cancelled/,
    meddling: mindingNoTicket,
  },
  {
    that: "knows jobs that never were",
    fails: "unauthorised",
    seen: /^take of a job that was never enqueued was answered 200/,
    meddling: changing("POST", /^\/take/, withStatus(200, "{}"), problem("job_unknown")),
  },
  {
    that: "never lets go of the silent",
    fails: "abandoned",
    seen: /^still queued after \d+\.\d s of silence; ABANDON_AFTER is taken for 5\.0 s \(--abandon-after\)$/,
    meddling: changing("GET", /^\/jobs/, withFields({ state: "queued", position: 1 })),
  },
  {
    that: "lets go of the silent too soon",
    fails: "abandoned",
    seen: /^abandoned after only [0-4]\.\d s of silence/,
    meddling: changing("GET", /^\/jobs/, withFields({ state: "abandoned", position: null })),
  },
  {
    that: "gives a runner to nobody",
    fails: "abandoned",
    seen: /^GET \/jobs shows a job that nobody asked for as taken$/,
    meddling: changing("GET", /^\/jobs/, withFields({ state: "taken", position: null })),
  },
  {
    that: "lets the abandoned wait on",
    fails: "abandoned",
    seen: /^take after that was answered 503; 404 job_abandoned was expected$/,
    meddling: changing("POST", /^\/take/, withStatus(503)),
  },
  {
    that: "gives another ticket the second time",
    fails: "replayed",
    seen: /^the same enqueue got another ticket/,
    meddling: changingLater(
      "POST",
      /enqueue/,
      withBody((body) => `${body.slice(0, -1)}~`),
    ),
  },
  {
    that: "lets one unique_id be two jobs",
    fails: "replayed",
    seen: /^enqueue of the same unique_id for another run was answered 200 with a body/,
    meddling: changing("POST", /enqueue/, withStatus(200, "x".repeat(20)), ({ status }) => status === 409),
  },
  {
    that: "answers the same take in other words",
    fails: "replayed",
    seen: /^the same take again got another answer$/,
    take: true,
    meddling: () => {
      let answers = 0;
      return changing(
        "POST",
        /^\/take/,
        (reply) => (++answers > 1 ? withBody((body) => `${body} `)(reply) : reply),
        isOk,
      )();
    },
  },
];
