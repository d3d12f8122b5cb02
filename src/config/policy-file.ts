// POLICY_FILE: YAML, or JSON, which is YAML too. Parsed here into the policy that the rules read;
// whatever it says that nobody would act on is refused, with the path and a sentence. An operator
// must never believe in a limit that is not there.
import { parseDocument } from "yaml";
import { z } from "zod";
import { matchesGlob } from "../queue/policy/glob.ts";
import { type Policy, placements } from "../queue/policy/policy.ts";
import { type LoadText, tryToLoad } from "./sources.ts";

export type PolicyResult =
  | { readonly kind: "policy"; readonly policy: Policy }
  | { readonly kind: "problems"; readonly problems: readonly string[] };

interface NoPolicy {
  readonly kind: "none";
  readonly policy: undefined;
}

export const maxPolicyBytes = 65_536;
/** Of one mapping. Each pattern is compared with all before it: 500 take some 40 ms. */
const maxNames = 500;
/** The parser's time grows with the square of it. No policy is deeper than four. */
const maxNesting = 50;

/**
 * Weights that differ by more would only say "never", which no share may; and virtual time stays a
 * whole number that JavaScript can count in.
 */
const weightWords = "is not a number from 0.001 to 1000";
const weight = z.number(weightWords).min(0.001, weightWords).max(1000, weightWords);
const countWords = "is not a whole number above 0";
const count = z.int(countWords).min(1, countWords);
const preferWords = "is not a number, 0 or more (1 where nothing is said)";

const limits = { max_runners: count.optional(), max_waiting: count.optional() };
const share = { weight: weight.optional(), ...limits };

/** A mapping that may say these words and no others. */
function wordsOf<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape).join(", ");
  const object = z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `says ${issue.keys?.map((key) => JSON.stringify(key)).join(", ")}, which means nothing here (${known} do)`
        : `is not a mapping of ${known}`,
  });
  return z.preprocess((value) => (value instanceof Map ? Object.fromEntries(value) : value), object);
}

/** A mapping from names to what holds for each, in the order of the file. */
function namesOf<Rule extends z.ZodType>(form: RegExp, formWords: string, rule: Rule) {
  return z
    .map(z.string(), rule, "is not a mapping of names")
    .superRefine((rules, context) => {
      if (rules.size > maxNames) {
        context.addIssue({ code: "custom", message: `has more than ${maxNames} names: patterns say it shorter` });
        return z.NEVER;
      }
      for (const name of rules.keys())
        if (!form.test(name)) context.addIssue({ code: "custom", path: [name], message: `is not ${formWords}` });
    })
    .default(new Map());
}

/** Names that are patterns: each must have a chance to be the first that matches. */
function patternsOf<Rule extends z.ZodType>(form: RegExp, formWords: string, rule: Rule) {
  return namesOf(form, formWords, rule).superRefine((rules, context) => {
    const patterns = rules.size > maxNames ? [] : [...rules.keys()];
    patterns.forEach((pattern, at) => {
      const first = patterns.slice(0, at).find((one) => matchesGlob(one.toLowerCase(), pattern.toLowerCase()));
      if (first === undefined) return;
      const message = `never counts, for ${JSON.stringify(first)} stands before it and matches all that it matches`;
      context.addIssue({ code: "custom", path: [pattern], message });
    });
  });
}

const claimPattern = z.string("is not a text").min(1, "is empty").max(500, "is longer than 500 characters").optional();
const match = wordsOf({
  event_name: claimPattern,
  ref_protected: z.boolean("is neither true nor false").optional(),
  workflow_ref: claimPattern,
}).refine((claims) => Object.keys(claims).length > 0, "says nothing: name a claim");

const repositoryPattern = /^[A-Za-z0-9*][A-Za-z0-9_*-]{0,38}\/[A-Za-z0-9._*-]{1,100}$/;
const ownerPattern = /^[A-Za-z0-9*][A-Za-z0-9_*-]{0,38}$/;
const plainName = /^[A-Za-z0-9._-]{1,64}$/;
const nameWords = "1 to 64 of A-Z a-z 0-9 . _ -";

const policySchema = wordsOf({
  default: wordsOf(share).default({}),
  repositories: patternsOf(repositoryPattern, "owner/repo, where * may stand for any part", wordsOf(share)),
  owners: patternsOf(ownerPattern, "an owner, where * may stand for any part", wordsOf(limits)),
  classes: namesOf(plainName, nameWords, wordsOf({ ...share, match: match.optional() })),
  monitors: namesOf(plainName, nameWords, wordsOf({ prefer: z.number(preferWords).min(0, preferWords) })),
  placement: z.enum(placements, `is neither ${placements.join(" nor ")}`).optional(),
});

/** The policy in the file, if there is a file. Problems go on where the setting's name ends. */
export function loadPolicy(path: string | undefined, loadText: LoadText): PolicyResult | NoPolicy {
  if (path === undefined) return { kind: "none", policy: undefined };
  const read = tryToLoad(path, loadText);
  return read.kind === "failed" ? refuse(read.why) : parsePolicy(read.text);
}

/** All that is wrong is said at once. */
export function parsePolicy(text: string): PolicyResult {
  if (new TextEncoder().encode(text).length > maxPolicyBytes) return refuse(`is longer than ${maxPolicyBytes} bytes`);
  const read = readYaml(text);
  if (read.kind === "problems") return read;
  if (read.value === null) return refuse("is empty: write {} where no rule is wanted");
  const parsed = policySchema.safeParse(read.value);
  if (!parsed.success)
    return { kind: "problems", problems: parsed.error.issues.map(({ path, message }) => describe(path, message)) };
  const { default: preset, repositories, owners, classes, monitors, placement } = parsed.data;
  return {
    kind: "policy",
    policy: {
      default: shareOf(preset),
      repositories: [...repositories].map(([pattern, rule]) => ({ pattern, ...shareOf(rule) })),
      owners: [...owners].map(([pattern, rule]) => ({ pattern, ...limitsOf(rule) })),
      classes: [...classes].map(([name, rule]) => ({ name, ...shareOf(rule), ...matchOf(rule.match) })),
      monitors: [...monitors].map(([name, { prefer }]) => ({ name, prefer })),
      ...(placement !== undefined && { placement }),
    },
  };
}

function readYaml(text: string) {
  if (isTooDeep(text)) return refuse(`cannot be read: it is nested deeper than ${maxNesting}`);
  // stringKeys: an owner may be called 123
  const document = parseDocument(text, { stringKeys: true });
  const faults = [...document.errors, ...document.warnings];
  const [first] = faults;
  if (first !== undefined) return refuse(`cannot be read: ${first.message.split("\n")[0]?.replace(/:$/, "")}`);
  try {
    return { kind: "value", value: document.toJS({ mapAsMap: true }) as unknown } as const;
  } catch (error) {
    return refuse(`cannot be read: ${error instanceof Error ? error.message : ""}`);
  }
}

/** Open brackets, and dashes in a row, which nest as well. Those in texts count, too: few have any. */
function isTooDeep(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === "[" || character === "{") open += 1;
    else if (character === "]" || character === "}") open -= 1;
    if (open > maxNesting) return true;
  }
  return new RegExp(`([-?:][ \\t]+){${maxNesting}}`).test(text);
}

function refuse(problem: string): { readonly kind: "problems"; readonly problems: readonly string[] } {
  return { kind: "problems", problems: [problem] };
}

/** `repositories."servo/*".weight is not a number ...` */
function describe(path: readonly PropertyKey[], message: string): string {
  const words = path.map(String).map((word) => (/^\w+$/.test(word) ? word : JSON.stringify(word)));
  return path.length === 0 ? message : `${words.join(".")} ${message}`;
}

interface LimitWords {
  readonly max_runners?: number | undefined;
  readonly max_waiting?: number | undefined;
}

function limitsOf({ max_runners, max_waiting }: LimitWords) {
  return {
    ...(max_runners !== undefined && { maxRunners: max_runners }),
    ...(max_waiting !== undefined && { maxWaiting: max_waiting }),
  };
}

function shareOf({ weight, ...limits }: LimitWords & { readonly weight?: number | undefined }) {
  return { ...(weight !== undefined && { weight }), ...limitsOf(limits) };
}

function matchOf(claims: z.output<typeof match> | undefined) {
  if (claims === undefined) return {};
  const { event_name, ref_protected, workflow_ref } = claims;
  return {
    match: {
      ...(event_name !== undefined && { eventName: event_name }),
      ...(ref_protected !== undefined && { refProtected: ref_protected }),
      ...(workflow_ref !== undefined && { workflowRef: workflow_ref }),
    },
  };
}
