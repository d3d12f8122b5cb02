// The embedded store's due times: each name once, at its latest word.
import { expect, it } from "vitest";
import { DueTimes } from "../../src/store/embedded/due-times.ts";

it("a name that was set away from a time and back to it is due once, at every look", () => {
  const due = new DueTimes();
  due.set("a", 10);
  due.set("a", 20);
  due.set("a", 10);
  due.set("b", 10);
  expect(due.dueBy(10, 10)).toEqual(["a", "b"]);
  expect(due.dueBy(10, 10)).toEqual(["a", "b"]);
  // twins do not use the limit up
  expect(due.dueBy(10, 2)).toEqual(["a", "b"]);
});

it("a name whose last word is later is not due yet, and one that was taken back never", () => {
  const due = new DueTimes();
  due.set("a", 10);
  due.set("a", 20);
  due.set("b", 10);
  due.set("b", null);
  expect(due.dueBy(19, 10)).toEqual([]);
  expect(due.dueBy(20, 10)).toEqual(["a"]);
});
