// Whether a GitHub App's JWT is one that GitHub takes. Its rules, and its words where it does not:
// RS256, `iss` the App's id, `iat` not in the future, `exp` at most ten minutes from now.
import { createPublicKey } from "node:crypto";
import { compactVerify } from "jose";

export type AppJwt = { readonly kind: "good" } | { readonly kind: "bad"; readonly why: string };

export interface AppIdentity {
  readonly id: string;
  readonly publicKeyPem: string;
}

const longestLifeSeconds = 600;

export async function checkAppJwt(jwt: string, app: AppIdentity, nowSeconds: number): Promise<AppJwt> {
  const claims = await readClaims(jwt, app.publicKeyPem);
  if (claims === null) return bad("A JSON web token could not be decoded");
  const { iss, iat, exp } = claims;
  if (String(iss) !== app.id) return bad("'Issuer' claim ('iss') must be the App's id");
  if (!Number.isInteger(iat) || Number(iat) > nowSeconds) {
    return bad("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
  }
  if (!Number.isInteger(exp) || Number(exp) <= nowSeconds) {
    return bad(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (Number(exp) > nowSeconds + longestLifeSeconds) {
    return bad("'Expiration time' claim ('exp') is too far in the future");
  }
  return { kind: "good" };
}

async function readClaims(jwt: string, publicKeyPem: string): Promise<Record<string, unknown> | null> {
  try {
    const { payload } = await compactVerify(jwt, createPublicKey(publicKeyPem), { algorithms: ["RS256"] });
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof claims === "object" && claims !== null ? { ...claims } : null;
  } catch {
    return null;
  }
}

function bad(why: string): AppJwt {
  return { kind: "bad", why };
}
