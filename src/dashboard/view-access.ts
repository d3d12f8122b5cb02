// Who may see the operator's view: anyone, unless DASHBOARD_TOKEN closes it. Browsers ask for it by Basic (any name, the token as the password),
// scripts send it as a bearer; an operator's bearer opens it too.
import { type BearerCheck, parseBearer } from "../auth/bearer.ts";
import { refuse } from "../http/problem.ts";

export interface ViewAccess {
  /** null: closed to nobody */
  readonly viewers: BearerCheck | null;
  readonly operators: BearerCheck;
}

/** Null where the caller may look. */
export async function objectToViewer(access: ViewAccess, authorization: string | undefined): Promise<Response | null> {
  if (access.viewers === null) return null;
  const presented = parseBearer(authorization) ?? parseBasicPassword(authorization);
  const challenge = { "www-authenticate": 'Basic realm="runner-queue", charset="UTF-8"' };
  if (presented === null) return refuse("viewer_unknown", undefined, challenge);
  if (await access.viewers.isKnown(presented)) return null;
  if (await access.operators.isKnown(presented)) return null;
  return refuse("viewer_unknown", undefined, challenge);
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
