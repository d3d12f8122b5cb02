// Signs a JWT in whatever way its header says, also those that no honest issuer would use, so that
// tests can hold them out.
import { createHmac, type KeyObject, sign } from "node:crypto";

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** An `alg` that is not known here, or absent, is signed with RS256. */
export function signJwt(header: Record<string, unknown>, claims: Record<string, unknown>, keys: KeyPair): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${makeSignature(header.alg, Buffer.from(signed), keys).toString("base64url")}`;
}

function makeSignature(alg: unknown, signed: Buffer, { privateKey, publicKey }: KeyPair): Buffer {
  switch (alg) {
    case "none":
      return Buffer.alloc(0);
    case "HS256":
      // The classic forgery: everybody knows the public key.
      return createHmac("sha256", publicKey.export({ format: "pem", type: "spki" }))
        .update(signed)
        .digest();
    default:
      return sign(alg === "RS512" ? "sha512" : "sha256", signed, privateKey);
  }
}

function encode(part: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
