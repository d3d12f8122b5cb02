// Enqueue of many jobs of one profile at once: their places follow one another, and nobody comes in
// between. All of it is one change, written as a whole or not at all.
import type { AdmissionRefusal } from "../admission.ts";
import type { Change, Decision, Operation, ProfileView } from "../profile.ts";
import { withParts } from "../profile.ts";
import { type EnqueueCommand, type EnqueueReply, enqueueOperation } from "./enqueue.ts";

export interface TogetherReply {
  /** false: nothing was written, for one of the replies stands in the way of all */
  readonly isDone: boolean;
  /** in order; where it is not done, what each would have been */
  readonly replies: readonly EnqueueReply[];
}

/**
 * @param commands of this profile, no id twice
 * @param isAllWanted a refusal of one is a refusal of all
 */
export function enqueueTogetherOperation(
  profileKey: string,
  commands: readonly EnqueueCommand[],
  isAllWanted: boolean,
): Operation<TogetherReply> {
  return {
    name: "enqueue",
    profileKey,
    reads: {
      jobs: commands.map(({ request }) => ({ uniqueId: request.uniqueId, order: null })),
      places: commands.length,
      sizes: true,
      flows: true,
    },
    decide: (view) => {
      const decisions: Decision<EnqueueReply>[] = [];
      let seen: ProfileView = view;
      for (const [at, command] of commands.entries()) {
        seen = withParts(seen, { place: view.place + at });
        const decision = enqueueOperation(command).decide(seen);
        decisions.push(decision);
        seen = seenAfter(seen, command, decision);
      }
      const replies = decisions.map(({ answer }) => answer);
      if (replies.some((reply) => standsInTheWay(reply, isAllWanted))) return { answer: { isDone: false, replies } };
      const changes = decisions.flatMap(({ change }) => (change === undefined ? [] : [change]));
      const answer = { isDone: true, replies };
      return changes.length === 0 ? { answer } : { answer, change: joinChanges(changes) };
    },
  };
}

/**
 * Whether the reply to one means that nothing is to be written: "not now" always, and where all or
 * none are wanted every refusal, too.
 */
export function standsInTheWay(
  { kind }: { readonly kind: EnqueueReply["kind"] | AdmissionRefusal },
  isAllWanted: boolean,
): boolean {
  switch (kind) {
    case "accepted":
      return false;
    case "full":
    case "run_full":
    case "repository_full":
    case "too_many_remembered":
    case "fleet_unknown":
    case "settling":
    case "booking_too_old":
      return true;
    case "conflict":
    case "id_used":
    case "unsatisfiable":
    case "above_limit":
    case "class_unknown":
    case "too_long":
      return isAllWanted;
  }
}

/** What the next one finds: those before it are in line. */
function seenAfter(
  view: ProfileView,
  { request }: EnqueueCommand,
  { answer, change }: Decision<EnqueueReply>,
): ProfileView {
  const head = change?.head === undefined ? view.head : { ...view.head, ...change.head };
  const isToCome = answer.kind === "booking_too_old" || (answer.kind === "accepted" && answer.isNew);
  if (!isToCome) return withParts(view, { head });
  const line = [...view.sizes.line, { need: request.runnerCount, jobs: 1 }];
  return withParts(view, { head, sizes: { ...view.sizes, line } });
}

/** Of what an enqueue changes. Each new one leaves the line less room for others. */
function joinChanges(changes: readonly Change[]): Change {
  const limits = changes.flatMap(({ relies }) => (typeof relies?.maxWaiting === "number" ? [relies.maxWaiting] : []));
  const maxWaiting = limits.length === 0 ? null : Math.min(...limits) - (limits.length - 1);
  const heads = changes.flatMap(({ head }) => (head === undefined ? [] : [head]));
  return {
    jobs: changes.flatMap(({ jobs = [] }) => jobs),
    history: changes.flatMap(({ history = [] }) => history),
    ...(heads.length > 0 && { head: Object.assign({}, ...heads) }),
    relies: { maxWaiting },
  };
}
