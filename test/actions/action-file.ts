// An action.yml of ours, as far as tests read it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

export async function loadAction(name: string): Promise<Action> {
  return parse(await readFile(join(actionsFolder, name, "action.yml"), "utf8")) as Action;
}

export const actionsFolder = join(import.meta.dirname, "../../.github/actions");

export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string | number>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly "continue-on-error"?: boolean;
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs?: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}
