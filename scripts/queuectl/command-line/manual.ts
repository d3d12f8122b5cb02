// What queuectl can do: every command, what it is about, and the options that it knows.
import { quietHint } from "../../invocation.ts";

export const optionHelp = {
  profile: ["--profile <key>", "only this profile"],
  all: ["--all", "also the last jobs that are over"],
  note: ["--note <text>", "why, for whoever wonders later: one line, at most 300 characters"],
  until: ["--until <when>", "ends by itself: after 90s, 30m, 2h, 3d, or at 2026-01-31T18:00:00Z"],
  by: ["--by <who>", "who does it (your name at this computer)"],
  run: ["--run <digits>", "only this run, and what operators did to its profile in its time"],
  repo: ["--repo <owner/repo>", "only this repository, likewise"],
  id: ["--id <unique_id>", "only this job, likewise"],
  state: [
    "--state <state>",
    "only jobs in this state: queued, claimed; with --all taken, failed, abandoned, cancelled",
  ],
  limit: ["--limit <n>", "only the last n entries, at most 2000 (200; with --since 2000)"],
  since: ["--since <time>", "only what happened in the last 90s, 10m, 2h, 1d"],
} as const;
export const commonHelp = {
  queue: ["--queue <url>", "where the queue is (RUNNER_QUEUE_URL, or else http://127.0.0.1:8002)"],
  token: ["--token <text>", "one of its OPERATOR_TOKENS. Better: the environment variable RUNNER_QUEUE_TOKEN, for a"],
  json: ["--json", `print the queue's own document, one JSON value${quietHint}`],
  help: ["--help", "print this; after a command, print what is said of it"],
  version: ["--version", "print the version, with no command"],
} as const;
type OptionName = keyof typeof optionHelp;

export interface Command {
  /** What stands behind the name; null: nothing does. */
  readonly argument: "<monitor>" | "<profile>" | "<unique_id>" | "<run_id>" | "<shell>" | null;
  /** An option that it cannot do without. */
  readonly needs: "--note <text>" | null;
  readonly options: readonly OptionName[];
  readonly needsToken: boolean;
  readonly summary: string;
  readonly more: string;
}

export const manual = {
  status: {
    argument: null,
    needs: null,
    options: [],
    needsToken: false,
    summary: "one line per profile, one per monitor",
    more: "Idle and target are what the monitors last said; claimed is asked for, or reserved and not yet seen there.",
  },
  jobs: {
    argument: null,
    needs: null,
    options: ["profile", "repo", "state", "all"],
    needsToken: false,
    summary: "the line: who waits, at which position, how long and why",
    more: "The first 100 of each profile; with --profile, --repo or --state the first 2000. --all adds the last 100 that are over.",
  },
  monitors: {
    argument: null,
    needs: null,
    options: [],
    needsToken: false,
    summary: "each monitor: its state, who drains it, what came of its takes",
    more: "A second table has its runners by profile; available are those that may be claimed now.",
  },
  drain: {
    argument: "<monitor>",
    needs: "--note <text>",
    options: ["note", "until", "by"],
    needsToken: true,
    summary: "stop takes at a monitor; jobs go to the others",
    more: "At once and through every instance; with Redis also over restarts. Takes under way go on. Again is fine: the last word counts.",
  },
  resume: {
    argument: "<monitor>",
    needs: null,
    options: ["note", "by"],
    needsToken: true,
    summary: "let takes at a drained monitor go on",
    more: "Fine where it is not drained.",
  },
  pause: {
    argument: "<profile>",
    needs: "--note <text>",
    options: ["note", "until", "by"],
    needsToken: true,
    summary: "serve no job of a profile; all keep their places",
    more: "At once and through every instance; with Redis also over restarts. Jobs are enqueued as ever. Again is fine: the last word counts.",
  },
  unpause: {
    argument: "<profile>",
    needs: null,
    options: ["note", "by"],
    needsToken: true,
    summary: "serve a paused profile again, in order",
    more: "Fine where it is not paused.",
  },
  "forget-monitor": {
    argument: "<monitor>",
    needs: null,
    options: ["note", "by"],
    needsToken: true,
    summary: "forget a monitor that is no longer in MONITORS",
    more: "By itself that happens two minutes after the last instance asked it.",
  },
  "forget-profile": {
    argument: "<profile>",
    needs: null,
    options: ["note", "by"],
    needsToken: true,
    summary: "forget a profile that no monitor keeps and nobody waits for",
    more: "With its history. It is known again as soon as a monitor shows it.",
  },
  expedite: {
    argument: "<unique_id>",
    needs: "--note <text>",
    options: ["note", "by"],
    needsToken: true,
    summary: "put a waiting job to the front of its profile's line",
    more: "Several stand in the order in which that was done. Again changes nothing.",
  },
  cancel: {
    argument: "<unique_id>",
    needs: null,
    options: ["note", "by"],
    needsToken: true,
    summary: "give a job's place in line up",
    more: "A job that has its runners already cannot be cancelled.",
  },
  rerun: {
    argument: "<unique_id>",
    needs: null,
    options: ["note", "by"],
    needsToken: true,
    summary: "get a job its runners once more, because GitHub re-runs it",
    more: "Only one that had its runners. With a webhook the queue hears of re-runs by itself (docs/connect-github.md).",
  },
  why: {
    argument: "<unique_id>",
    needs: null,
    options: [],
    needsToken: true,
    summary: "why a job waits, or waited, and what each monitor said",
    more: "The queue remembers it as long as the job's end: TOMBSTONE_TTL, an hour as shipped. Then history has what happened.",
  },
  explain: {
    argument: "<unique_id>",
    needs: null,
    options: [],
    needsToken: true,
    summary: "by which rule a job stands where it stands, and who is ahead",
    more: "Where a policy shares the line, also who may still pass it, and where it would be by plain order of enqueue.",
  },
  run: {
    argument: "<run_id>",
    needs: null,
    options: [],
    needsToken: true,
    summary: "every job of one run of a workflow: its state, its wait, its runners",
    more: "As far as the history goes: the last 2000 entries of each profile.",
  },
  history: {
    argument: null,
    needs: null,
    options: ["run", "repo", "id", "profile", "limit", "since"],
    needsToken: true,
    summary: "what happened, oldest first: to a run, a repository, a job, a profile",
    more: "The queue remembers the last 2000 entries of each profile.",
  },
  watch: {
    argument: null,
    needs: null,
    options: [],
    needsToken: false,
    summary: "status, again every 2 seconds, until Ctrl-C",
    more: "Where it is no terminal: what changes, a line each. With --json one document per line.",
  },
  completion: {
    argument: "<shell>",
    needs: null,
    options: [],
    needsToken: false,
    summary: "what makes bash, zsh or fish complete commands and options",
    more: "For bash: source <(queuectl completion bash). For zsh the same with zsh; for fish: queuectl completion fish | source",
  },
} as const satisfies Record<string, Command>;
export type CommandName = keyof typeof manual;

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(manual, text);
}
