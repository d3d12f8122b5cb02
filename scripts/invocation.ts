// How people call our programs: by npm in a clone, by their own names where the package is
// installed. Help texts say it as it is for their reader.

/** A bundle is plain JavaScript. */
export const isSource = import.meta.url.endsWith(".ts");

export type ProgramName = "agent" | "demo" | "fleet" | "self-test" | "check-monitor" | "queuectl";

/** What stands in front of a program's own arguments. */
export function invocationOf(name: ProgramName): string {
  if (isSource) return `npm run ${name} --`;
  return name === "queuectl" ? name : `runner-queue ${name}`;
}

/** For options whose output other programs read: npm prints two lines of its own. */
export const quietHint = isSource ? ". Say npm run --silent, or npm prints too" : "";
