// What the embedded store keeps of a profile beside its jobs and its fleet.
import { freedRateUnknown } from "../../queue/fleet/freed-rate.ts";
import { noFlows } from "../../queue/line/shares.ts";
import { noSilence } from "../../queue/line/silence.ts";
import type { ProfileHead } from "../../queue/profile.ts";

export interface KeptHead {
  readonly epoch: string;
  readonly room: number;
  readonly version: number;
  readonly head: ProfileHead;
  readonly noted: number;
}

export const noHead: ProfileHead = {
  paused: null,
  silence: noSilence,
  freedRate: freedRateUnknown,
  chart: [],
  virtualTime: null,
  flows: noFlows,
};

/** What an older version kept lacks what it did not know. */
export function withWholeHead(kept: KeptHead): KeptHead {
  return { ...kept, head: { ...noHead, ...kept.head } };
}
