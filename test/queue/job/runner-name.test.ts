// What GitHub calls a runner, as far as its monitor said.
import { expect, it } from "vitest";
import { nameAtGithub } from "../../../src/queue/job/runner-name.ts";

const named = (name: unknown) => ({ id: 1, runner: { registration: { name } } });

it.each([
  { name: "alone", body: named("linux.2@ci0"), expected: "linux.2@ci0" },
  { name: "a list of one", body: [named("linux.2@ci0")], expected: "linux.2@ci0" },
  { name: "not of a list of two", body: [named("a"), named("b")], expected: null },
  { name: "as long as GitHub's names are", body: named("x".repeat(64)), expected: "x".repeat(64) },
  { name: "not longer", body: named("x".repeat(65)), expected: null },
  { name: "not empty", body: named(""), expected: null },
  { name: "not with a blank", body: named("a b"), expected: null },
  { name: "not a number", body: named(7), expected: null },
  { name: "where there is none", body: { id: 1, runner: {} }, expected: null },
  { name: "of null", body: null, expected: null },
])("is read from its JSON: $name", ({ body, expected }) => {
  expect(nameAtGithub(JSON.stringify(body))).toBe(expected);
});

it("what is no JSON names nobody", () => {
  expect(nameAtGithub("{")).toBeNull();
});
