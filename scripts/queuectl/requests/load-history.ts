// What happened to whom: the queue's history, narrowed as the command line says. Where that is to
// some jobs, what operators did to their profiles in their time belongs to the story.

import type { Done, HistoryCommand } from "../command-line/command.ts";
import { renderHistory } from "../paper/render-history.ts";
import { tellStory } from "../paper/story.ts";
import { type Answered, askQueue } from "./ask-queue.ts";
import { type Entry, type History, historySchema } from "./documents.ts";

/** As many as the queue gives at once. */
const mostEntries = 2_000;

/** Rejects with Unexpected where the queue says no, something unexpected, or nothing. */
export async function loadHistory(command: HistoryCommand): Promise<Done> {
  const { run, repo, id, profile, limit, sinceMs } = command;
  const asked = {
    ...(run === null ? {} : { run_id: run }),
    ...(repo === null ? {} : { qualified_repo: repo }),
    ...(id === null ? {} : { unique_id: id }),
    ...(profile === null ? {} : { profile }),
    limit: String(limit ?? (sinceMs === null ? 200 : mostEntries)),
  };
  const { document, at } = await askForEntries(command, asked);
  const isRecent = (entry: Entry) => sinceMs === null || Date.parse(at) - Date.parse(entry.at) <= sinceMs;
  const entries = document.entries.filter(isRecent);
  const isOfJobs = run !== null || repo !== null || id !== null;
  const told = isOfJobs && !command.json ? await loadStory(command, entries) : entries;
  const story = told.filter(isRecent).toReversed().sort(byTime);
  return { document: { ...document, entries }, render: (paper) => renderHistory(story, at, paper) };
}

/** Newest first within each profile. */
async function loadStory(command: HistoryCommand, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const profiles = [...new Set(entries.map(({ profile_key }) => profile_key))];
  const stories = await Promise.all(
    profiles.map(async (profile) => {
      const own = entries.filter(({ profile_key }) => profile_key === profile);
      const { document } = await askForEntries(command, { profile, limit: String(mostEntries) });
      return tellStory(own, document.entries);
    }),
  );
  return stories.flat();
}

function askForEntries(command: HistoryCommand, query: Record<string, string>): Promise<Answered<History>> {
  return askQueue(command, "GET", `/history.json?${new URLSearchParams(query)}`, historySchema);
}

function byTime(a: Entry, b: Entry): number {
  return Date.parse(a.at) - Date.parse(b.at);
}
