// A monitor that fetches its takes, driven by hand: each call is made when a test says so, and shows
// what came back.
import { monitorToken } from "./service.ts";

export interface PulledOffer {
  readonly leg: string;
  readonly unique_id: string;
  readonly profile_key: string;
  readonly runners: number;
  readonly qualified_repo: string;
  readonly run_id: string;
}

export interface Fetched {
  readonly offers: readonly PulledOffer[];
  readonly withdrawn: readonly string[];
  readonly settled: readonly string[];
  readonly drained: boolean;
}

export interface Call {
  readonly status: number;
  readonly code: string | undefined;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever came, for a test to look at
  readonly body: any;
}

export interface FetchSaid {
  readonly idle?: number;
  readonly target?: number;
  readonly reservations?: readonly object[];
  readonly settled?: readonly object[];
  readonly boot?: string;
  readonly seq?: number;
  readonly wait?: number;
  readonly key?: string;
  readonly signal?: AbortSignal;
}

/** @param urls of instances; calls go to the first unless `at` says otherwise */
export function createPullingMonitor(name: string, token = monitorToken) {
  let seq = 0;
  const call = async (url: string, path: string, body: unknown, more: { key?: string; signal?: AbortSignal } = {}) => {
    const response = await fetch(`${url}/monitors/${name}/${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(more.key !== undefined && { "x-runner-request-key": more.key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(more.signal !== undefined && { signal: more.signal }),
    });
    const text = await response.text();
    const parsed = text === "" ? undefined : JSON.parse(text);
    const reply: Call = { status: response.status, code: parsed?.code, headers: response.headers, body: parsed };
    return reply;
  };
  return {
    nextSeq: () => ++seq,
    fetch: async (url: string, said: FetchSaid = {}): Promise<Call> => {
      const {
        idle = 1,
        target = Math.max(1, idle),
        reservations = [],
        settled = [],
        boot = "b1",
        wait,
        key,
        signal,
      } = said;
      const body = {
        boot,
        seq: said.seq ?? ++seq,
        profiles: { linux: { idle, healthy: target, target } },
        reservations,
        settled,
      };
      return await call(url, `fetch${wait === undefined ? "" : `?wait=${wait}`}`, body, {
        ...(key !== undefined && { key }),
        ...(signal !== undefined && { signal }),
      });
    },
    accept: async (url: string, leg: string, boot = "b1", at = ++seq): Promise<Call> =>
      await call(url, `legs/${leg}/accept?boot=${boot}&seq=${at}`, undefined),
    settle: async (
      url: string,
      leg: string,
      outcome: "taken" | "refused",
      ids: readonly (string | number)[] = [],
      boot = "b1",
    ): Promise<Call> =>
      await call(url, `legs/${leg}/settle`, { boot, seq: ++seq, outcome, runners: ids.map((id) => runnerOf(id)) }),
    raw: call,
  };
}

/** A runner as a monitor tells of it. */
export function runnerOf(id: string | number) {
  return { id, runner: { registration: { name: `linux.${id}` } } };
}
