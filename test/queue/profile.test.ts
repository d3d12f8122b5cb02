// A view with other parts than were read: what an operation decides second sees what it decided first.
import { expect, it } from "vitest";
import { withHead, withParts } from "../../src/queue/profile.ts";
import { headOf, jobOf, viewOf } from "../support/queue-data.ts";

/** As a round has it: some parts are read only when they are asked for. */
class LazyView {
  readonly place = 7;
  get front() {
    return [{ uniqueId: "a", need: 1, order: "1" }];
  }
  get due() {
    return [jobOf({ uniqueId: "due" })];
  }
  get listed() {
    return [jobOf({ uniqueId: "listed" })];
  }
  get absent() {
    return [jobOf({ uniqueId: "absent" })];
  }
}
const { front: _, due: __, listed: ___, absent: ____, place: _____, ...calm } = viewOf();
const view = Object.assign(new LazyView(), calm);

it("another head or place leaves all else as it was read", () => {
  const { front, due, listed, absent } = view;
  const head = headOf({ virtualTime: { at: 1 } });
  expect(withHead(view, head)).toEqual({ ...view, front, due, listed, absent, head });
  expect(withParts(view, { place: 8 })).toEqual({ ...view, front, due, listed, absent, place: 8 });
});
