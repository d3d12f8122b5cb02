// What the page may show besides the dashboard, and the path of each: one job, one run, one whole
// line, a day or a week, or what was found.
import { profileKeySchema, runIdSchema, uniqueIdSchema } from "../../auth/job-schemas.ts";
import { maxLinePages } from "../line-data.ts";
import { isPeriod, type Period } from "../over-time/stats.ts";

export type View =
  | { readonly kind: "job"; readonly uniqueId: string }
  | { readonly kind: "run"; readonly runId: string }
  | { readonly kind: "line"; readonly profileKey: string; readonly page: number }
  | { readonly kind: "stats"; readonly period: Period }
  | { readonly kind: "search"; readonly text: string };

const maxSearch = 140;

/**
 * Null where there is no such view. @param path below the dashboard, with its query: "jobs/7",
 * "lines/linux?page=2"
 */
export function parseView(path: string): View | null {
  const [place = "", query = ""] = path.split("?", 2);
  const [kind, name = "", ...more] = place.split("/");
  const parameters = new URLSearchParams(query);
  if (more.length > 0) return null;
  switch (kind) {
    case "jobs":
      return uniqueIdSchema.safeParse(name).success ? { kind: "job", uniqueId: name } : null;
    case "runs":
      return runIdSchema.safeParse(name).success ? { kind: "run", runId: name } : null;
    case "lines": {
      const page = Number(parameters.get("page") ?? "1");
      const isPage = Number.isInteger(page) && page >= 1 && page <= maxLinePages;
      return isPage && profileKeySchema.safeParse(name).success ? { kind: "line", profileKey: name, page } : null;
    }
    case "stats": {
      const period = parameters.get("period") ?? "day";
      return name === "" && isPeriod(period) ? { kind: "stats", period } : null;
    }
    case "search":
      return name === "" ? { kind: "search", text: (parameters.get("q") ?? "").trim().slice(0, maxSearch) } : null;
    default:
      return null;
  }
}

/** How a view's main part is reached from it, for links: all of them are relative. */
export function rootOf(view: View): "" | "../" {
  return view.kind === "search" || view.kind === "stats" ? "" : "../";
}
