// Who sees what of the operator's view. It is open to anyone, unless DASHBOARD_TOKEN closes it.
// Browsers send that by Basic (any name, the token as the password), scripts as a bearer; an
// operator's token opens it too. Ids are whole for those who sent one of the two, and shortened for
// strangers.
import { type BearerCheck, parseBearer } from "../auth/bearer.ts";
import { refuse } from "../http/problem.ts";

export interface ViewAccess {
  /** null: closed to nobody */
  readonly viewers: () => BearerCheck | null;
  readonly operators: BearerCheck;
}

export type ViewDecision =
  | { readonly kind: "refused"; readonly response: Response }
  | { readonly kind: "allowed"; readonly ids: "whole" | "shortened" };

export async function decideView(access: ViewAccess, authorization: string | undefined): Promise<ViewDecision> {
  const presented = parseBearer(authorization) ?? parseBasicPassword(authorization);
  if (presented !== null) {
    if (await access.operators.isKnown(presented)) return { kind: "allowed", ids: "whole" };
    if (await access.viewers()?.isKnown(presented)) return { kind: "allowed", ids: "whole" };
  }
  if (access.viewers() === null) return { kind: "allowed", ids: "shortened" };
  const challenge = { "www-authenticate": 'Basic realm="runner-queue", charset="UTF-8"' };
  return { kind: "refused", response: refuse("viewer_unknown", undefined, challenge) };
}

/** The password of RFC 7617 credentials, or null. */
function parseBasicPassword(authorization: string | undefined): string | null {
  const encoded = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return null;
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    const at = text.indexOf(":");
    return at < 0 ? null : text.slice(at + 1);
  } catch {
    // not base64 after all
    return null;
  }
}
