// Values of a label that come from outside: profiles, monitors, accounts. Only so many are told
// apart, for every one is a series that Prometheus keeps; what is not known, or came when there
// were too many, counts under one name together.

/** What all others are called. No profile, monitor or account can be called that. */
export const others = "(other)";

/** More profiles than any fleet has, and few enough to be viewed once a second. */
export const mostProfiles = 200;

export interface KnownLabels {
  /** From now on this value is told apart, if there is room; returns the label. */
  admit(value: string): string;
  /** The label of a value that may or may not be known. */
  labelOf(value: string): string;
  isKnown(value: string): boolean;
  /**
   * Calls back for each new one: a series that begins at 0 shows its first increase, one that
   * begins at 1 hides it.
   */
  onNew(listener: (label: string) => void): void;
}

export function createKnownLabels(most: number): KnownLabels {
  const known = new Set<string>();
  const listeners: ((label: string) => void)[] = [];
  const labelOf = (value: string): string => (known.has(value) ? value : others);
  return {
    admit: (value) => {
      if (!known.has(value) && known.size < most) {
        known.add(value);
        for (const listener of listeners) listener(value);
      }
      return labelOf(value);
    },
    labelOf,
    isKnown: (value) => known.has(value),
    onNew: (listener) => void listeners.push(listener),
  };
}
