// A policy says what it says, or is refused with the place and a sentence.
import { expect, it } from "vitest";
import { maxPolicyBytes, parsePolicy } from "../../src/config/policy-file.ts";

const everything = `
default: {weight: 1, max_waiting: 500}
repositories:
  Servo/Servo: {weight: 3, max_runners: 10, max_waiting: 50}
  servo/*: {}
owners:
  123: {max_runners: 40}
  servo: {max_waiting: 9}
classes:
  merge: {weight: 10, match: {event_name: merge_group, ref_protected: true, workflow_ref: servo/servo/*@*}}
  bulk: {weight: 0.5, max_runners: 4}
monitors:
  fast: {prefer: 2}
placement: pack
`;

const problemsOf = (text: string) => {
  const result = parsePolicy(text);
  return result.kind === "problems" ? result.problems : [];
};

it("a policy keeps the order of the file, whatever the names look like", () => {
  expect(parsePolicy(everything)).toEqual({
    kind: "policy",
    policy: {
      default: { weight: 1, maxWaiting: 500 },
      repositories: [{ pattern: "Servo/Servo", weight: 3, maxRunners: 10, maxWaiting: 50 }, { pattern: "servo/*" }],
      owners: [
        { pattern: "123", maxRunners: 40 },
        { pattern: "servo", maxWaiting: 9 },
      ],
      classes: [
        {
          name: "merge",
          weight: 10,
          match: { eventName: "merge_group", refProtected: true, workflowRef: "servo/servo/*@*" },
        },
        { name: "bulk", weight: 0.5, maxRunners: 4 },
      ],
      monitors: [{ name: "fast", prefer: 2 }],
      placement: "pack",
    },
  });
});

it("JSON is read as well, tabs and all", () => {
  const text = JSON.stringify({ owners: { z: { max_runners: 2 }, 1: { max_runners: 1 } } }, null, "\t");
  expect(parsePolicy(text)).toMatchObject({ policy: { owners: [{ pattern: "1" }, { pattern: "z" }] } });
  expect(parsePolicy('{"owners":{"z":{},"1":{}}}')).toMatchObject({
    policy: { owners: [{ pattern: "z" }, { pattern: "1" }] },
  });
});

it("a policy that says nothing is one, an empty file is a mistake", () => {
  expect(parsePolicy("{}")).toEqual({
    kind: "policy",
    policy: { default: {}, repositories: [], owners: [], classes: [], monitors: [] },
  });
  expect(problemsOf(" \n# nothing\n")).toEqual(["is empty: write {} where no rule is wanted"]);
});

it.each([
  [
    "weights: {}",
    'says "weights", which means nothing here (default, repositories, owners, classes, monitors, placement do)',
  ],
  ["__proto__: {}", 'says "__proto__", which means nothing here'],
  [
    "repositories: {a/b: {max_runner: 1}}",
    'repositories."a/b" says "max_runner", which means nothing here (weight, max_runners, max_waiting do)',
  ],
  ["owners: {a: {weight: 1}}", 'owners.a says "weight", which means nothing here'],
  ["classes: {a: {match: {actor: me, event_name: push}}}", 'classes.a.match says "actor", which means nothing here'],
  ["monitors: {a: {prefer: 1, fill: true}}", 'monitors.a says "fill", which means nothing here (prefer do)'],
  ["default: {weight: 0}", "default.weight is not a number from 0.001 to 1000"],
  ["default: {weight: -1}", "default.weight is not a number from 0.001 to 1000"],
  ["default: {weight: .inf}", "default.weight is not a number from 0.001 to 1000"],
  ["default: {weight: .nan}", "default.weight is not a number from 0.001 to 1000"],
  ["default: {weight: '3'}", "default.weight is not a number from 0.001 to 1000"],
  ["default: {max_runners: 0}", "default.max_runners is not a whole number above 0"],
  ["default: {max_waiting: 1.5}", "default.max_waiting is not a whole number above 0"],
  ["repositories: {servo: {}}", "repositories.servo is not owner/repo, where * may stand for any part"],
  ["repositories: {'a/b/c': {}}", 'repositories."a/b/c" is not owner/repo'],
  ["repositories: {'a/b?': {}}", 'repositories."a/b?" is not owner/repo'],
  ["owners: {'a/': {}}", 'owners."a/" is not an owner'],
  ["classes: {'a b': {}}", 'classes."a b" is not 1 to 64 of A-Z a-z 0-9 . _ -'],
  ["classes: {a: {match: {}}}", "classes.a.match says nothing: name a claim"],
  ["classes: {a: {match: {event_name: 1}}}", "classes.a.match.event_name is not a text"],
  ["classes: {a: {match: {ref_protected: yes}}}", "classes.a.match.ref_protected is neither true nor false"],
  ["monitors: {a: {}}", "monitors.a.prefer is not a number, 0 or more"],
  ["monitors: {a: {prefer: .inf}}", "monitors.a.prefer is not a number, 0 or more"],
  ["repositories: [a/b]", "repositories is not a mapping of names"],
  ["owners:", "owners is not a mapping of names"],
  ["owners: {a: 3}", "owners.a is not a mapping of max_runners, max_waiting"],
  ["- a", "is not a mapping of default, repositories, owners, classes, monitors, placement"],
  ["placement: fill", "placement is neither spread nor pack"],
  [`a: ${"[".repeat(60_000)}`, "cannot be read: it is nested deeper than 50"],
  ["- ".repeat(30_000), "cannot be read: it is nested deeper than 50"],
  [
    `repositories:\n${Array.from({ length: 501 }, (_, n) => `  o/r${n}: {}`).join("\n")}`,
    "repositories has more than 500 names: patterns say it shorter",
  ],
  [
    "repositories: {'a/*': {}, a/b: {}}",
    'repositories."a/b" never counts, for "a/*" stands before it and matches all that it matches',
  ],
  ["owners: {Servo: {}, servo: {}}", 'owners.servo never counts, for "Servo" stands before it'],
  ["default: {}\ndefault: {}", "cannot be read: Map keys must be unique at line 2, column 1"],
  ['{"owners": {"a": {}, "a": {}}}', "cannot be read: Map keys must be unique at line 1, column 22"],
  ["a: [", "cannot be read: "],
  ["a: *b", "cannot be read: Unresolved alias"],
  ["a: !!foo b", "cannot be read: Unresolved tag: tag:yaml.org,2002:foo"],
  ["a: 1\n---\nb: 2", "cannot be read: Source contains multiple documents"],
])("%s: refused in words", (text, words) => {
  expect(problemsOf(text)).toEqual([expect.stringContaining(words)]);
});

it.each([
  [
    "aliases of aliases",
    `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefgh"].map((name, at) => `${name}: &${name} [${`*${"abcdefgh"[at]},`.repeat(9)}]`).join("\n")}`,
    "cannot be read: Excessive alias count",
  ],
  ["brackets in brackets", "[".repeat(60_000), "cannot be read: "],
  ["more bytes than a policy needs", `#${"x".repeat(maxPolicyBytes)}`, "is longer than 65536 bytes"],
])("%s: refused in words, and cheaply", (_what, text, words) => {
  expect(problemsOf(text)).toEqual([expect.stringContaining(words)]);
});

it("all that is wrong is said at once", () => {
  expect(problemsOf("default: {weight: 0, max_runners: 0}\nowners: {a b: {}}")).toHaveLength(3);
});
