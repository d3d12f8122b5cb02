// Settings that the schema knows and this version does nothing with yet. They stand in no table of
// the documents, and a start with one of them says so: an operator must never believe in a limit or
// a key that is not there. Whoever builds the feature takes its name out.

export const settingsNotYetServed = [] as const;
export type SettingNotYetServed = (typeof settingsNotYetServed)[number];

export function isServed(name: string): boolean {
  return !settingsNotYetServed.some((one) => one === name);
}

export function adviseOnNotYetServed(isSet: (name: SettingNotYetServed) => boolean): string[] {
  return settingsNotYetServed.filter(isSet).map((name) => `${name} is set, but this version does not use it yet`);
}
