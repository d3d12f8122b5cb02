// The ways in which the simulated GitHub may fail. Tests switch them at any time; a request suffers
// what is set at its receipt. Where several are set that answer an API request, the first of this
// interface wins.

export interface GithubFaults {
  /**
   * The faults of the API, down to `deny`, strike only requests whose path, with query, matches;
   * null: all of them.
   */
  only: RegExp | null;
  /** An API request is answered this much later. */
  slowMs: number;
  /** A TCP reset instead of an answer. */
  reset: boolean;
  /** Never answered; the connection stays open. */
  hang: boolean;
  /**
   * Asked too much at once, whatever is left of the hourly budget. Absent status: 403; GitHub uses
   * both.
   */
  secondaryLimit: { readonly retryAfterSeconds: number; readonly status?: 403 | 429 } | null;
  /** Every API request is answered so. */
  status: number | null;
  /** 200, and a page of HTML. */
  garbage: boolean;
  /** 200, and JSON that never ends, sent as fast as it is read. */
  hugeJson: boolean;
  /** "permissions": the credentials are good, but not for this. */
  deny: "permissions" | null;
  /**
   * A GitHub Enterprise Server of old, to which `?name=` means nothing: it lists every artifact of
   * the run.
   */
  ignoresName: boolean;
  /** The redirect to an artifact's zip goes there instead. */
  redirectTo: string | null;
  /** The blob redirects to itself. */
  redirectLoop: boolean;
  blobStatus: number | null;
  blobHang: boolean;
  /** The blob never stops, sent as fast as it is read. */
  endlessBlob: boolean;
  jwksStatus: number | null;
  jwksHang: boolean;
}

export const noFaults: Readonly<GithubFaults> = {
  only: null,
  slowMs: 0,
  reset: false,
  hang: false,
  secondaryLimit: null,
  status: null,
  garbage: false,
  hugeJson: false,
  deny: null,
  ignoresName: false,
  redirectTo: null,
  redirectLoop: false,
  blobStatus: null,
  blobHang: false,
  endlessBlob: false,
  jwksStatus: null,
  jwksHang: false,
};
