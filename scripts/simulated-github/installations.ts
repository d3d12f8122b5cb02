// Where the simulated GitHub App is installed, and the tokens that its installations were given.
import { randomBytes } from "node:crypto";

export interface Installation {
  readonly id: number;
  readonly owner: string;
}

export interface InstallationToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface Installations {
  /** Owners are found in any case. */
  findByOwner(owner: string): Installation | null;
  findById(id: number): Installation | null;
  giveToken(installation: Installation): InstallationToken;
  /** Null: never given out, expired or revoked. */
  findByToken(token: string): Installation | null;
  revokeAll(): void;
}

const firstId = 4001;

export function createInstallations(owners: readonly string[], tokenTtlMs: number): Installations {
  const installations = owners.map((owner, index) => ({ id: firstId + index, owner }));
  const tokens = new Map<string, { readonly installation: Installation; readonly until: number }>();

  return {
    findByOwner: (owner) => installations.find((one) => one.owner.toLowerCase() === owner.toLowerCase()) ?? null,
    findById: (id) => installations.find((one) => one.id === id) ?? null,
    giveToken(installation) {
      const token = `ghs_${randomBytes(18).toString("hex")}`;
      const until = Date.now() + tokenTtlMs;
      tokens.set(token, { installation, until });
      return { token, expiresAt: new Date(until) };
    },
    findByToken(token) {
      const given = tokens.get(token);
      return given !== undefined && Date.now() < given.until ? given.installation : null;
    },
    revokeAll: () => tokens.clear(),
  };
}
