// What a command line asks for, once it is read.

import type { Paper } from "../paper/paper.ts";
import type { Connection } from "./connection.ts";

export type QueuectlCommand =
  | LookCommand
  | WatchCommand
  | JobsCommand
  | ActCommand
  | JobActCommand
  | WhyCommand
  | RunCommand
  | HistoryCommand;

export interface LookCommand extends Connection {
  readonly name: "status" | "monitors";
}

export interface WatchCommand extends Connection {
  readonly name: "watch";
}

export interface JobsCommand extends Connection {
  readonly name: "jobs";
  readonly profile: string | null;
  readonly repo: string | null;
  readonly state: string | null;
  /** Also jobs that are over. */
  readonly isAll: boolean;
}

export type ActName = "drain" | "resume" | "pause" | "unpause" | "forget-monitor" | "forget-profile";

export interface ActCommand extends Connection {
  readonly name: ActName;
  /** A monitor's name, or a profile's key. */
  readonly what: string;
  readonly note: string;
  readonly by: string;
  /** As it was given: the queue knows what it means. */
  readonly until: string | null;
}

export interface JobActCommand extends Connection {
  readonly name: "cancel" | "rerun" | "expedite";
  readonly uniqueId: string;
  readonly note: string;
  readonly by: string;
}

/** About one job, with nothing more to say. */
export interface WhyCommand extends Connection {
  readonly name: "why" | "explain";
  readonly uniqueId: string;
}

/** About all jobs of one run. */
export interface RunCommand extends Connection {
  readonly name: "run";
  readonly runId: string;
}

/** Null where it is not to be narrowed. */
export interface HistoryCommand extends Connection {
  readonly name: "history";
  readonly run: string | null;
  readonly repo: string | null;
  readonly id: string | null;
  readonly profile: string | null;
  readonly limit: number | null;
  readonly sinceMs: number | null;
}

/** What came of one: its document, ready to be printed for people or as it is. */
export interface Done {
  readonly document: unknown;
  /** Lines for people. */
  readonly render: (paper: Paper) => readonly string[];
}
