// How documents are written in Redis, and read back: "<revision> <JSON>". What is read was written
// by us, perhaps by another version: unknown fields are left alone, and what cannot be understood
// is a bug or a foreign key, and throws.
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { growingTo } from "../../bounded-cache.ts";
import { actSchema } from "../../queue/acts.ts";
import { snapshotSchema, takesSchema } from "../../queue/fleet/fleet.ts";
import { freedRateSchema, freedRateUnknown } from "../../queue/fleet/freed-rate.ts";
import { type Job, jobSchema } from "../../queue/job/job.ts";
import type { Entry, listNames, NeedCount } from "../../queue/line/line.ts";
import { flowsSchema, noFlows, virtualTimeSchema } from "../../queue/line/shares.ts";
import { noSilence } from "../../queue/line/silence.ts";
import type { ProfileHead } from "../../queue/profile.ts";
import type { FleetDocument, FleetValue, FrontJob, StoredJob } from "../../queue/store.ts";

const chartSchema = z.array(z.tuple([z.number(), z.number(), z.number()]));
const silenceSchema = z.object({ silentSince: z.number().nullable(), heardSince: z.number() });
const storedJobSchema = jobSchema.omit({ uniqueId: true, profileKey: true });

/** A job's document. Its id and profile are in its key. */
export function encodeJob(job: Job, revision: string): string {
  const { uniqueId: _, profileKey: __, ...rest } = job;
  return `${revision} ${JSON.stringify(rest)}`;
}

function splitDocument(text: string): { readonly revision: string; readonly json: unknown } {
  const at = text.indexOf(" ");
  return { revision: text.slice(0, at), json: JSON.parse(text.slice(at + 1)) };
}

/**
 * Jobs that were decoded lately: a waiting job is asked for again and again, and hardly ever
 * changes.
 */
export class JobDecoder {
  readonly #decoded: LRUCache<string, { readonly text: string; readonly stored: StoredJob }>;

  constructor(max = 100_000) {
    this.#decoded = new LRUCache(growingTo(max));
  }

  /** null where there is no document. */
  decode(profileKey: string, uniqueId: string, text: string): StoredJob | null {
    if (text === "") return null;
    const key = `${profileKey} ${uniqueId}`;
    const known = this.#decoded.get(key);
    if (known?.text === text) return known.stored;
    const { revision, json } = splitDocument(text);
    const job = { uniqueId, profileKey, ...storedJobSchema.parse(json) };
    const stored = { revision, job };
    this.#decoded.set(key, { text, stored });
    return stored;
  }
}

export function encodeFleetValue({ value }: FleetValue, revision: string): string {
  return value === null ? "" : `${revision} ${JSON.stringify(value)}`;
}

/** @param name "<kind>/<monitor>" */
export function decodeFleetDocument(name: string, text: string): FleetDocument | null {
  const slash = name.indexOf("/");
  const kind = name.slice(0, slash);
  const monitor = name.slice(slash + 1);
  if (kind !== "snapshot" && kind !== "takes") return null;
  if (text === "") return { kind, monitor, revision: "", value: null };
  const { revision, json } = splitDocument(text);
  if (kind === "snapshot") return { kind, monitor, revision, value: snapshotSchema.parse(json) };
  return { kind, monitor, revision, value: takesSchema.parse(json) };
}

/** The head's documents, with the texts that they were read as: a commit says what it had read. */
export class HeadDecoder {
  readonly #texts = new WeakMap<object, string>();

  decode(
    paused: string,
    silence: string,
    freedRate: string,
    chart: string,
    virtualTime: string,
    flows: string,
  ): ProfileHead {
    return {
      paused: paused === "" ? null : this.#remember(paused, actSchema.parse(JSON.parse(paused))),
      silence: silence === "" ? noSilence : this.#remember(silence, silenceSchema.parse(JSON.parse(silence))),
      freedRate:
        freedRate === "" ? freedRateUnknown : this.#remember(freedRate, freedRateSchema.parse(JSON.parse(freedRate))),
      chart: chart === "" ? noChart : this.#remember(chart, chartSchema.parse(JSON.parse(chart))),
      virtualTime:
        virtualTime === "" ? null : this.#remember(virtualTime, virtualTimeSchema.parse(JSON.parse(virtualTime))),
      flows: flows === "" ? noFlows : this.#remember(flows, flowsSchema.parse(JSON.parse(flows))),
    };
  }

  /** The text of a value that was read or written here; "" where there was none. */
  textOf(value: object | null): string {
    if (value === null || value === noSilence || value === freedRateUnknown) return "";
    if (value === noChart || value === noFlows) return "";
    return this.#texts.get(value) ?? JSON.stringify(value);
  }

  encode(value: object | null): string {
    if (value === null || value === noFlows) return "";
    return this.#texts.get(value) ?? this.#texts.set(value, JSON.stringify(value)).get(value) ?? "";
  }

  #remember<T extends object>(text: string, value: T): T {
    this.#texts.set(value, text);
    return value;
  }
}

const noChart: ProfileHead["chart"] = [];

/** "<need>:<order>:<unique_id>". */
export function memberOf({ need, order }: Entry, uniqueId: string): string {
  return `${String(need).padStart(4, "0")}:${order}:${uniqueId}`;
}

export function parseMember(member: string): FrontJob {
  const [need = "", order = ""] = member.split(":", 2);
  return { need: Number(need), order, uniqueId: member.slice(need.length + order.length + 2) };
}

/** need, jobs, need, jobs ... as pairs. */
export function parseCounts(flat: readonly number[]): readonly NeedCount[] {
  if (flat.length === 0) return noCounts;
  const counts: NeedCount[] = [];
  for (let i = 0; i < flat.length; i += 2) counts.push({ need: flat[i] ?? 0, jobs: flat[i + 1] ?? 0 });
  return counts;
}

const noCounts: readonly NeedCount[] = [];
export const noSizes = { line: noCounts, aside: noCounts, claimed: noCounts } satisfies Record<
  (typeof listNames)[number],
  readonly NeedCount[]
>;
