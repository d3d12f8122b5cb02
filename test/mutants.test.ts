// The generator of mutants: what it changes, and what it leaves alone.
import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../scripts/mutants/command-line.ts";
import { findLuaMutants } from "../scripts/mutants/lua-mutants.ts";
import { applyEdit, describeMutant } from "../scripts/mutants/mutant.ts";
import { summarise } from "../scripts/mutants/report.ts";
import { findFailure } from "../scripts/mutants/run-suite.ts";
import { beginCollecting, it as collect } from "../scripts/mutants/test-collector.ts";
import { findTypeScriptMutants } from "../scripts/mutants/typescript-mutants.ts";

const programs = (source: string) => findTypeScriptMutants("a.ts", source).map((mutant) => applyEdit(source, mutant));

describe("a mutant of TypeScript", () => {
  it.each([
    { source: "f(a < b);", expected: ["f(a <= b);", "f(a >= b);", ";"] },
    { source: "f(a && b);", expected: ["f(a || b);", "f(a);", "f(b);", ";"] },
    { source: "f(!a);", expected: ["f(a);", ";"] },
    { source: "f(3);", expected: ["f(2);", "f(4);", ";"] },
    { source: "f(0);", expected: ["f(1);", ";"] },
    { source: "f({ a, b });", expected: ["f({  b });", "f({ a,  });", ";"] },
    { source: "f(Math.min(a, b));", expected: ["f(Math.max(a, b));", ";"] },
    { source: "f(a?.b);", expected: ["f(a.b);", ";"] },
    { source: "if (a) f();", expected: ["if (true) f();", "if (false) f();", "if (a) ;"] },
    { source: 'import { a } from "./b.ts";', expected: [] },
    { source: "export type A = 1 | 2;", expected: [] },
  ])("changes one place and is a program: $source", ({ source, expected }) => {
    expect(programs(source).sort()).toEqual(expected.toSorted());
  });

  it("keeps types where they are, and says the line", () => {
    const source = "const a: number = 1;\nexport const b = (c: number): boolean => c > a;";
    const mutants = findTypeScriptMutants("a.ts", source);
    expect(mutants.map(({ line }) => line)).toContain(2);
    expect(mutants.map((mutant) => applyEdit(source, mutant))).toContain(source.replace("c > a", "c >= a"));
  });
});

it("a mutant of Lua changes words of the program, and none of its comments", () => {
  const source = '-- a < b\nif a < 1 and not b then\n  redis.call("DEL", key)\nend\n';
  const changed = findLuaMutants("a.lua", source).map((mutant) => applyEdit(source, mutant));
  expect(changed).toContain(source.replace("if a <", "if a <="));
  expect(changed).toContain(source.replace("and", "or"));
  expect(changed).toContain(source.replace("not ", " "));
  expect(changed).toContain(source.replace('redis.call("DEL", key)', ""));
  expect(changed.every((text) => text.startsWith("-- a < b\n"))).toBe(true);
});

it("a survivor that is explained is not one, and an explanation that is not needed is told", () => {
  const [first, second] = findTypeScriptMutants("a.ts", "f(a < b);");
  if (first === undefined || second === undefined) throw new Error("there are two");
  const verdicts = [
    { mutant: first, fate: "survived", by: "" },
    { mutant: second, fate: "killed", by: "a test" },
  ] as const;
  const accepted = {
    "a.ts": [first, second].map((mutant) => ({ mutant: describeMutant(mutant), why: "it is only tried" })),
  };
  expect(summarise(verdicts, {}).survivors).toHaveLength(1);
  const { survivors, total, outdated } = summarise(verdicts, accepted);
  expect([survivors, total.accepted, total.killed]).toEqual([[], 1, 1]);
  expect(outdated).toEqual([{ file: "a.ts", mutant: describeMutant(second) }]);
});

it("a test that finds nothing to look at passes, and the first one that fails is named", async () => {
  const suite = beginCollecting();
  collect("skips", (context) => (context as { skip: (why: string) => never }).skip("there is no store here"));
  expect(await findFailure(suite)).toBeNull();
  collect("has time", { timeout: 9_000 }, () => {});
  expect(await findFailure(suite)).toBeNull();
  collect("fails", () => {
    throw new Error("no");
  });
  expect(await findFailure(suite)).toBe("fails: no");
});

it.each([
  { args: ["--path", "src/http"], expected: "wrong" },
  { args: ["--processes", "0"], expected: "wrong" },
  { args: ["--nonsense"], expected: "wrong" },
  { args: ["--help"], expected: "help" },
  { args: ["--path", "./src/queue/line/", "--json"], expected: "run" },
])("the command line $args is $expected", ({ args, expected }) => {
  expect(parseCommandLine(args).kind).toBe(expected);
});
