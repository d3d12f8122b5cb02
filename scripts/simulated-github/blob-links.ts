// The signed URLs of artifacts' zips: whoever has one may read, without any other credentials,
// until it is over.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface BlobLinks {
  /** Path and query. */
  linkTo(artifactId: number): string;
  /** The artifact of a link that is good, else null. */
  artifactOf(url: URL): number | null;
}

export function createBlobLinks(ttlMs: number): BlobLinks {
  const secret = randomBytes(32);
  const sign = (path: string, until: string) =>
    createHmac("sha256", secret).update(`${path} ${until}`).digest("base64url");

  return {
    linkTo(artifactId) {
      const path = `/blob/${artifactId}`;
      const until = String(Date.now() + ttlMs);
      return `${path}?se=${until}&sig=${sign(path, until)}`;
    },
    artifactOf(url) {
      const until = url.searchParams.get("se") ?? "";
      const expected = Buffer.from(sign(url.pathname, until));
      const given = Buffer.from(url.searchParams.get("sig") ?? "");
      const isSigned = expected.length === given.length && timingSafeEqual(expected, given);
      return isSigned && Date.now() < Number(until) ? Number(url.pathname.slice("/blob/".length)) : null;
    },
  };
}
