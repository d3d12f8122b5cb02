// Which class a workflow's verified claims give its job.
import { matchesGlob } from "./glob.ts";
import type { ClassMatch, Policy } from "./policy.ts";

/** What GitHub says of the run in its OIDC token. Undefined: the token does not say it. */
export interface ClassClaims {
  readonly eventName?: string | undefined;
  readonly refProtected?: boolean | undefined;
  readonly workflowRef?: string | undefined;
}

/** The first class whose `match` holds, or undefined: the job has no class. */
export function resolveClass(policy: Policy | undefined, claims: ClassClaims): string | undefined {
  return policy?.classes.find(({ match }) => match !== undefined && matchesClaims(match, claims))?.name;
}

/** A claim that is missing matches no pattern, not even `*`. */
function matchesClaims(match: ClassMatch, { eventName, refProtected, workflowRef }: ClassClaims): boolean {
  return (
    matchesText(match.eventName, eventName) &&
    matchesText(match.workflowRef, workflowRef) &&
    (match.refProtected === undefined || match.refProtected === refProtected)
  );
}

function matchesText(pattern: string | undefined, text: string | undefined): boolean {
  return pattern === undefined || (text !== undefined && matchesGlob(pattern, text));
}
