// Whether one more job may begin, by how many that are over are remembered.
import { expect, it } from "vitest";
import { isMemoryFull } from "../../src/queue/admission.ts";

it.each([
  { name: "one below the limit, whoever made them", all: 999, ofRepository: 999, expected: false },
  { name: "at the limit, and this repository made a hundredth", all: 1_000, ofRepository: 10, expected: false },
  { name: "at the limit, and this repository made more", all: 1_000, ofRepository: 11, expected: true },
  { name: "one below twice the limit, and it made none", all: 1_999, ofRepository: 0, expected: false },
  { name: "at twice the limit nobody goes on", all: 2_000, ofRepository: 0, expected: true },
  { name: "a hundredth is exact", all: 200_000, ofRepository: 2_001, max: 200_000, expected: true },
  { name: "and one less", all: 200_000, ofRepository: 2_000, max: 200_000, expected: false },
])(
  "whoever fills the memory is held back, and hardly anybody else: $name",
  ({ all, ofRepository, max = 1_000, expected }) => {
    expect(isMemoryFull({ all, ofRepository }, { maxRememberedJobs: max })).toBe(expected);
  },
);
