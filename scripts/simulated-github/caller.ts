// Who asks, by the Authorization header, and what they may.
import { type Answer, badCredentials, notForThisIntegration, requiresAuthentication } from "./answer.ts";
import type { GithubState } from "./github-state.ts";
import type { Installation } from "./installations.ts";
import type { Repository } from "./repositories.ts";

export type Caller =
  | { readonly kind: "anonymous" }
  | { readonly kind: "person" }
  | { readonly kind: "installation"; readonly installation: Installation }
  /** Neither, or no longer; may be an App's JWT, which is good for the App's own routes only. */
  | { readonly kind: "stranger"; readonly bearer: string };

/**
 * `read`: what is public. `download`: public too, but only for those who say who they are. `write`:
 * not for our App.
 */
export type Wish = "read" | "download" | "write";

export function identifyCaller(state: GithubState, authorization: string | undefined): Caller {
  if (authorization === undefined) return { kind: "anonymous" };
  const bearer = /^(?:bearer|token) +(\S+)$/i.exec(authorization)?.[1] ?? "";
  if (bearer !== "" && bearer === state.personalToken) return { kind: "person" };
  const installation = state.installations.findByToken(bearer);
  return installation === null ? { kind: "stranger", bearer } : { kind: "installation", installation };
}

/** Null: nothing against it. A token for one owner's repositories is good for no other's. */
export function refuseCaller(caller: Caller, wish: Wish, repository: Repository): Answer | null {
  switch (caller.kind) {
    case "person":
      return null;
    case "anonymous":
      return wish === "read" ? null : requiresAuthentication;
    case "stranger":
      return badCredentials;
    case "installation": {
      const isItsOwn = caller.installation.owner.toLowerCase() === repository.owner.toLowerCase();
      return isItsOwn && wish !== "write" ? null : notForThisIntegration;
    }
  }
}
