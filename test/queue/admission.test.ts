// Whether one more job may begin, by how many that are over are remembered.
import { expect, it } from "vitest";
import { isMemoryFull } from "../../src/queue/admission.ts";

const settings = { maxRememberedJobs: 1_000 };

it.each([
  { name: "one below the limit, whoever made them", all: 999, ofRepository: 999, expected: false },
  { name: "at the limit, and this repository made a hundredth", all: 1_000, ofRepository: 10, expected: false },
  { name: "at the limit, and this repository made more", all: 1_000, ofRepository: 11, expected: true },
  { name: "one below twice the limit, and it made none", all: 1_999, ofRepository: 0, expected: false },
  { name: "at twice the limit nobody goes on", all: 2_000, ofRepository: 0, expected: true },
])("whoever fills the memory is held back, and hardly anybody else: $name", ({ all, ofRepository, expected }) => {
  expect(isMemoryFull({ all, ofRepository }, settings)).toBe(expected);
});
