// Mistyped names. A setting with a typing error is silently its default, and the default may be an
// open dashboard.
import { groupOf, isSecret, isSettingName, type SettingName, settingNames } from "./settings.ts";

export interface NearMiss {
  readonly given: string;
  /** The setting that was meant. */
  readonly setting: SettingName;
  /** As it should have been written: the setting, or its `_FILE`. */
  readonly meant: string;
  /** Whether the start must stop: it is about access, or is required. */
  readonly isGrave: boolean;
}

/** Names so short are near to too much: HOST, PORT. */
const minNameLength = 5;
const maxDistance = 2;

/**
 * Only settings that are not set can have been missed. `givenNames` are of variables that are not
 * empty.
 */
export function findNearMisses(givenNames: readonly string[], isSet: (name: SettingName) => boolean): NearMiss[] {
  const missing = settingNames.filter((name) => name.length >= minNameLength && !isSet(name));
  const candidates = missing.flatMap((setting) =>
    (isSecret(setting) ? [setting, `${setting}_FILE`] : [setting]).map((meant) => ({ setting, meant })),
  );
  return givenNames
    .filter((given) => !isSettingName(given))
    .flatMap((given): NearMiss[] => {
      const near = candidates
        .map((candidate) => ({ ...candidate, distance: distanceBetween(given.toUpperCase(), candidate.meant) }))
        .filter(({ distance }) => distance <= maxDistance)
        .sort((a, b) => a.distance - b.distance)[0];
      if (near === undefined) return [];
      const { setting, meant } = near;
      return [{ given, setting, meant, isGrave: ["required", "access"].includes(groupOf(setting)) }];
    });
}

/**
 * Damerau's distance: letters added, left out, changed, or swapped with their neighbour. Anything
 * above maxDistance is only said to be above it where the lengths tell so much.
 */
export function distanceBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > maxDistance) return maxDistance + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const costs = [at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (isSame ? 0 : 1)];
      row.push(Math.min(...costs, ...(isSwapped ? [at(beforeLast, j - 2) + 1] : [])));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
