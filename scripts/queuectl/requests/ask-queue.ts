// One request to the queue, and its document; or one sentence that says why there is none.
import { z } from "zod";
import { createQueueClient, type Reply, type Request } from "../../self-test/queue-client.ts";
import { codeOfProblem, describeReply, expectJson, parseJson, Unexpected } from "../../self-test/reply.ts";

const replyWithinMs = 10_000;
const monitorsDashboardSchema = z.looseObject({ profile_runner_counts: z.looseObject({}) });

export interface Asker {
  /** Without a slash at its end. */
  readonly queueUrl: string;
  readonly token: string | null;
}

export interface Answered<T> {
  readonly document: T;
  /** By the queue's clock, to the second; where it does not tell, by ours. */
  readonly at: string;
}

/** Rejects with Unexpected where the queue says no, something unexpected, or nothing. */
export async function askQueue<T>(
  { queueUrl, token }: Asker,
  method: Request["method"],
  path: string,
  schema: z.ZodType<T>,
): Promise<Answered<T>> {
  const client = createQueueClient(queueUrl);
  const url = queueUrl + path;
  const reply = await client.send({ method, url, bearer: token ?? undefined, withinMs: replyWithinMs });
  if (reply.kind === "silence") {
    const doubt = method !== "GET" && reply.mayHaveArrived ? " It may be done all the same: look first." : "";
    throw new Unexpected(`There is no reply from ${queueUrl}: ${reply.why}.${doubt}`);
  }
  const [what = ""] = path.split("?");
  if (reply.status !== 200) throw new Unexpected(describeRefusal(what, reply));
  if (isMonitorsDashboard(reply.body)) {
    throw new Unexpected(`${queueUrl} is a monitor, not a queue: give the queue's URL to --queue.`);
  }
  const document = expectJson(what, reply, schema);
  const saidAt = Date.parse(reply.headers.get("date") ?? "");
  return { document, at: new Date(Number.isNaN(saidAt) ? Date.now() : saidAt).toISOString() };
}

/** Monitors have a /dashboard.json of their own. */
function isMonitorsDashboard(body: string): boolean {
  return monitorsDashboardSchema.safeParse(parseJson(body)).success;
}

function describeRefusal(what: string, reply: Reply): string {
  if (codeOfProblem(reply) !== null) return `The queue said no: ${describeReply(reply)}.`;
  const isRedirect = reply.status >= 300 && reply.status < 400;
  if (isRedirect || reply.body === "") return `${what} was answered ${describeReply(reply)}.`;
  return `${what} was answered ${reply.status}, but not as a queue does: check --queue, and whether the queue is up.`;
}
