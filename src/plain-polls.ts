// Plain polls on Node, answered past the framework (http/polls/polls.ts). A poll is plain if its request
// line and its one Host header are spelt as every client spells them, and no body follows. All else
// is left to the application, which knows what to say to it.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Polls } from "./http/polls/polls.ts";
import type { Reply } from "./http/problem.ts";

/** Whether a request was a plain poll: then it is answered, now or later. */
export type AnswerPlainPoll = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

/** An id that begins with a dot may be a way through folders: the application looks at those. */
const idAndQuery = /^([A-Za-z0-9_-][\w.-]{0,127})(?:\?([\w.=&%+~-]*))?$/;
/** A name or an IPv4 address, perhaps with a port. */
const plainHost = /^[\w.-]+(?::\d{1,5})?$/;

/** @param beforeReply called right before a reply's headers are written */
export function createPlainPolls(polls: Polls, beforeReply: (outgoing: ServerResponse) => void): AnswerPlainPoll {
  const prefix = `${polls.basePath === "/" ? "" : polls.basePath}/take/`;
  const send = (outgoing: ServerResponse, { status, headers, body }: Reply): void => {
    beforeReply(outgoing);
    if (body === null) outgoing.writeHead(status, headers).end();
    else outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
  };
  let known: { readonly outgoing: ServerResponse; readonly reply: Reply }[] = [];
  const sendAll = (): void => {
    const all = known;
    known = [];
    for (const { outgoing, reply } of all) send(outgoing, reply);
  };
  /** At the end of the event loop's turn: replies to polls that came in together leave together. */
  const sendSoon = (outgoing: ServerResponse, reply: Reply): void => {
    if (known.length === 0) setImmediate(sendAll);
    known.push({ outgoing, reply });
  };
  return function answerPlainPoll(incoming, outgoing) {
    const target = incoming.url ?? "";
    if (incoming.method !== "POST" || !target.startsWith(prefix)) return false;
    const match = idAndQuery.exec(target.slice(prefix.length));
    const [, uniqueId, query = ""] = match ?? [];
    if (uniqueId === undefined || !isPlain(incoming)) return false;
    const { headers } = incoming;
    let gone: AbortSignal | undefined;
    const clientGone = (): AbortSignal => {
      gone ??= goneSignal(outgoing);
      return gone;
    };
    const reply = polls.answer({
      uniqueId,
      query,
      header: (name) => headers[name]?.toString(),
      caller: () => polls.identifyCaller(incoming.socket.remoteAddress, headers["x-forwarded-for"]?.toString()),
      clientGone,
    });
    if (reply instanceof Promise) void reply.then((late) => send(outgoing, late));
    else sendSoon(outgoing, reply);
    return true;
  };
}

/** One Host header, as names are spelt, at most one ticket in a header, and no body. */
function isPlain({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  let authorizations = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    // told apart by their lengths first: this is done for every header of every poll
    const name = rawHeaders[at] ?? "";
    const value = rawHeaders[at + 1] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") {
      if (!plainHost.test(value)) return false;
      hosts += 1;
    } else if (name.length === 13) authorizations += name.toLowerCase() === "authorization" ? 1 : 0;
    else if (name.length === 14 && name.toLowerCase() === "content-length" && value !== "0") return false;
    else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") return false;
  }
  return hosts === 1 && authorizations <= 1;
}

function goneSignal(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (outgoing.destroyed) gone.abort();
  else outgoing.once("close", () => (outgoing.writableFinished ? undefined : gone.abort()));
  return gone.signal;
}
