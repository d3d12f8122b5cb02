// Moments in words, and how far two are apart: the same on the page and in a terminal.

/** 2026-01-31 18:00:00 UTC */
export function describeMoment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** ms from one time to another */
export function msBetween(earlier: string, later: string): number {
  return Date.parse(later) - Date.parse(earlier);
}
