// What operators decide about a profile's line: whose share is how large, how much of it one may
// have at once, and which monitor is asked first. Plain data; rules stand in the order of the file,
// for the first that matches counts. No policy at all means first come, first served.

/** What one repository, owner or class may have at once. Absent: there is no limit. */
export interface Limits {
  /** runners, reserved or at work, and those that are being asked for */
  readonly maxRunners?: number | undefined;
  /** jobs in line */
  readonly maxWaiting?: number | undefined;
}

export interface Share extends Limits {
  /** above 0; absent: what `default` says, else 1 */
  readonly weight?: number | undefined;
}

export interface RepositoryRule extends Share {
  /** `owner/repo`, where `*` stands for any characters but a slash: matched without regard to case */
  readonly pattern: string;
}

export interface OwnerRule extends Limits {
  /** `owner`, with `*` as above; all repositories of the owner count together */
  readonly pattern: string;
}

/** What a workflow's verified claims have to say; all that is named has to be true. */
export interface ClassMatch {
  /** a pattern, such as `merge_group` */
  readonly eventName?: string | undefined;
  readonly refProtected?: boolean | undefined;
  /** a pattern, such as `servo/servo/.github/workflows/try.yml@refs/heads/*` */
  readonly workflowRef?: string | undefined;
}

export interface ClassRule extends Share {
  readonly name: string;
  /** absent: no claims give this class, only a caller who may name one */
  readonly match?: ClassMatch | undefined;
}

export interface MonitorRule {
  readonly name: string;
  /** higher is asked first; a monitor that is not named has 1 */
  readonly prefer: number;
}

export interface Policy {
  /** for every repository that no rule names, and for what a repository's rule leaves out */
  readonly default: Share;
  readonly repositories: readonly RepositoryRule[];
  readonly owners: readonly OwnerRule[];
  readonly classes: readonly ClassRule[];
  readonly monitors: readonly MonitorRule[];
  /** of hosts that are preferred alike; absent: "spread" */
  readonly placement?: Placement | undefined;
}

/** Jobs go to the host with the most free runners, or to the one with the fewest that are enough. */
export const placements = ["spread", "pack"] as const;
export type Placement = (typeof placements)[number];

/** Whether the policy has the class. Without a policy there are no classes. */
export function hasClass(policy: Policy | undefined, className: string): boolean {
  return policy?.classes.some(({ name }) => name === className) ?? false;
}

/** Which of two monitors is asked first: the one with the higher figure. */
export function preferenceOf(policy: Policy | undefined, monitor: string): number {
  return policy?.monitors.find(({ name }) => name === monitor)?.prefer ?? 1;
}
