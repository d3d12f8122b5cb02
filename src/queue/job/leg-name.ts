// What a leg is called where a monitor speaks of it: it says itself where it belongs, so that no
// index has to be kept.

export interface LegParts {
  readonly profileKey: string;
  readonly uniqueId: string;
  readonly claimId: string;
}

/** None of the parts holds a tilde. */
export function nameOfLeg({ profileKey, uniqueId, claimId }: LegParts): string {
  return `${profileKey}~${uniqueId}~${claimId}`;
}

/** The parts of a leg's name, or null where it cannot be one. */
export function parseLegName(name: string): LegParts | null {
  const [, profileKey = "", uniqueId = "", claimId = ""] =
    /^([A-Za-z0-9._-]{1,64})~([A-Za-z0-9._-]{1,128})~([A-Za-z0-9._-]{1,64})$/.exec(name) ?? [];
  return profileKey === "" ? null : { profileKey, uniqueId, claimId };
}
