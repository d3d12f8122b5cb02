// Every check by its name.
import type { Check } from "./check.ts";
import { checkAbandoned } from "./checks/abandoned.ts";
import { checkOneRunner } from "./checks/one-runner.ts";
import { checkReachable } from "./checks/reachable.ts";
import { checkReplayed } from "./checks/replayed.ts";
import { checkRerun } from "./checks/rerun.ts";
import { checkThreeAtOnce } from "./checks/three-at-once.ts";
import { checkUnauthorised } from "./checks/unauthorised.ts";
import { checkUnsatisfiable } from "./checks/unsatisfiable.ts";
import type { CheckName } from "./command.ts";

export const checks: Readonly<Record<CheckName, Check>> = {
  reachable: checkReachable,
  "one runner": checkOneRunner,
  "three at once": checkThreeAtOnce,
  unsatisfiable: checkUnsatisfiable,
  unauthorised: checkUnauthorised,
  abandoned: checkAbandoned,
  replayed: checkReplayed,
  "re-run": checkRerun,
};
