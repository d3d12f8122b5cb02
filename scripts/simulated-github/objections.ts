// What GitHub says against the form of a request to its API, or would say if it were as strict as
// its documentation: each is a violation, and some are refused too.
import { type Answer, refusal } from "./answer.ts";
import { largestPage } from "./page.ts";
import type { SeenRequest } from "./request-log.ts";

export interface Objection {
  readonly what: string;
  /** Null: only objected to. */
  readonly refusal: Answer | null;
}

const mediaType = "application/vnd.github+json";
const apiVersion = "2022-11-28";

/** @param parameters the names that the query may have, each once */
export function objectTo({ headers }: SeenRequest, url: URL, parameters: readonly string[]): Objection[] {
  return [...objectToHeaders(headers), ...objectToQuery(url, parameters)];
}

function objectToHeaders(headers: SeenRequest["headers"]): Objection[] {
  const objections: Objection[] = [];
  if ((headers["user-agent"] ?? "") === "") {
    const why = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
    objections.push({ what: "no User-Agent", refusal: refusal(403, why) });
  }
  if (headers.accept !== mediaType) objections.push({ what: `Accept is not ${mediaType}`, refusal: null });
  const version = headers["x-github-api-version"];
  if (version === undefined) objections.push({ what: "no X-GitHub-Api-Version", refusal: null });
  else if (version !== apiVersion) {
    const why = `The version "${version}" is not supported.`;
    objections.push({ what: `X-GitHub-Api-Version is not ${apiVersion}`, refusal: refusal(400, why) });
  }
  return objections;
}

function objectToQuery(url: URL, parameters: readonly string[]): Objection[] {
  const names = [...url.searchParams.keys()];
  const wrongs = [
    ...names.filter((name) => !parameters.includes(name)).map((name) => `unknown query parameter ${name}`),
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `query parameter ${name} twice`),
    ...[...url.searchParams].flatMap(([name, value]) => objectToValue(name, value) ?? []),
  ];
  return wrongs.map((what) => ({ what, refusal: null }));
}

function objectToValue(name: string, value: string): string | null {
  switch (name) {
    case "per_page":
      if (!isPositive(value)) return "per_page is no positive number";
      return Number(value) > largestPage ? `per_page > ${largestPage}` : null;
    case "page":
      return isPositive(value) ? null : "page is no positive number";
    case "filter":
      return ["latest", "all"].includes(value) ? null : "filter is neither latest nor all";
    case "direction":
      return ["asc", "desc"].includes(value) ? null : "direction is neither asc nor desc";
    default:
      return null;
  }
}

function isPositive(text: string): boolean {
  return /^[1-9]\d{0,8}$/.test(text);
}
