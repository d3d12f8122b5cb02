// Makes a view's main part. What is asked for again within a second is not made again.
import type { DashboardDeps } from "../dashboard-data.ts";
import { loadLinePage } from "../line-data.ts";
import type { LoadStats } from "../over-time/stats.ts";
import { renderRunView, renderSearchView, showId } from "../page/found.ts";
import type { Markup } from "../page/fragments.ts";
import { renderJobView, renderNoJob } from "../page/job.ts";
import type { Links } from "../page/links.ts";
import { renderOverTime } from "../page/over-time/over-time.ts";
import { renderLinePage } from "../page/profile/line-page.ts";
import { runUrlOf } from "../run-url.ts";
import { rootOf, type View } from "./view.ts";
import { createViewData } from "./view-data.ts";

const keptMs = 1_000;
const maxKept = 500;
const maxFound = 100;

/** @param ids as far as the one who looks may see them */
export type RenderView = (view: View, ids: Links["ids"]) => Promise<string>;

/** Throws StoreUnavailable. */
export function createViewRenderer(
  deps: DashboardDeps,
  loadStats: LoadStats,
): { readonly render: RenderView; readonly forget: () => void } {
  const { administration, githubUrl } = deps;
  const data = createViewData(deps);
  const kept = new Map<string, { readonly at: number; readonly text: Promise<string> }>();

  const make = async (view: View, links: Links): Promise<Markup> => {
    switch (view.kind) {
      case "job": {
        if (links.ids === "shortened") return renderNoJob(true);
        const job = await administration.job(view.uniqueId);
        if (job === null) return renderNoJob(false);
        const shares = await administration.explainShare(job.job);
        return renderJobView(job, shares, runUrlOf(githubUrl, job.job.qualifiedRepo, job.job.runId));
      }
      case "run":
        return renderRunView(view.runId, await data.jobsOfRun(view.runId), links);
      case "stats":
        return renderOverTime(await loadStats(view.period));
      case "search": {
        const sought = view.text.toLowerCase();
        const found = await data.jobs(({ unique_id, run_id, qualified_repo }) => {
          if (sought === "") return false;
          const id = showId(unique_id ?? "", links).toLowerCase();
          const isId = id.startsWith(sought) || (links.ids === "shortened" && sought.startsWith(id));
          return isId || run_id === sought || qualified_repo?.toLowerCase().includes(sought) === true;
        });
        return renderSearchView(view.text, found.slice(0, maxFound), links);
      }
      case "line": {
        const { profileKey, page } = view;
        const line = await loadLinePage(deps, profileKey, page);
        if (line === null) return renderLinePage(null, page, "", links);
        const jobs = line.profile.jobs.map((job) => ({ ...job, unique_id: showId(job.unique_id, links) }));
        return renderLinePage({ ...line.profile, jobs }, page, line.at, links);
      }
    }
  };

  return {
    render: (view, ids) => {
      const key = `${ids} ${JSON.stringify(view)}`;
      const now = performance.now();
      const known = kept.get(key);
      if (known !== undefined && now - known.at < keptMs) return known.text;
      if (kept.size >= maxKept) kept.clear();
      const text = make(view, { root: rootOf(view), ids }).then(String);
      kept.set(key, { at: now, text });
      text.catch(() => kept.delete(key));
      return text;
    },
    forget: () => {
      kept.clear();
      data.forget();
    },
  };
}
