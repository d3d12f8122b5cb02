// How often each kind of fault changed what came of something: somebody was told something else, or
// something was done that would not have been done, than if that one fault had not been there. A
// fault that nobody noticed is not counted.

export const faultKinds = {
  client_lost_request: "a request to the queue never arrived: its client heard nothing until its time was up",
  client_lost_reply: "the queue served a request, and its client heard nothing",
  client_late_request: "a request arrived when its client had given it up",
  client_late_reply: "an answer came when its client had given up",
  client_doubled_request: "a request was served twice",
  store_lost_request: "a command never arrived at the store: the instance took it for away",
  store_lost_reply: "the store carried out a command, and the instance took it for away",
  store_late_request: "the store carried out a command that its instance had given up",
  store_late_reply: "an answer of the store came when its instance had given up",
  store_doubled_request: "a command that writes was carried out twice",
  monitor_lost_request: "a request to a monitor never arrived",
  monitor_lost_reply: "a monitor served a request, and the instance heard nothing",
  monitor_late_request: "a request arrived at a monitor when its instance had given it up",
  monitor_late_reply: "an answer of a monitor came when its instance had given up",
  partition: "a message did not get through a partition",
  pause: "an instance went on after a pause and something had been waiting for longer than it was to wait",
  crash: "an instance died with requests or claims in its hands",
  restart_changed_monitors: "an instance came back and knew other monitors than others that serve",
  clock_step: "the store's clock was set and an instance noticed",
  store_restart: "the store restarted with all that it knew, and a profile began a new epoch",
  store_rollback: "the store lost its last writes, and what was written had been answered",
  store_wipe: "the store lost everything, and a ticket brought its job back",
  store_away: "the store refused a command",
  monitor_down: "a monitor refused a connection",
  monitor_slow: "a monitor worked on a take for so long that it told its caller an error",
  take_refused: "a monitor answered `null`, or an error, to a take that it had a runner for",
  take_labelled_unsaid: "a monitor reserved a runner and did not say so",
  dashboard_failed: "a monitor gave an error for its dashboard, or none",
  client_hung_up: "a client left while its request was being served",
} as const;
export type FaultKind = keyof typeof faultKinds;

export interface FaultTally {
  bit(kind: FaultKind): void;
  readonly counts: Readonly<Record<FaultKind, number>>;
}

export function createFaultTally(): FaultTally {
  const counts = noFaultsCounted();
  return {
    bit: (kind) => {
      counts[kind] += 1;
    },
    counts,
  };
}

export function noFaultsCounted(): Record<FaultKind, number> {
  return Object.fromEntries(Object.keys(faultKinds).map((kind) => [kind, 0])) as Record<FaultKind, number>;
}
