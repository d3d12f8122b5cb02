// What runs now is one truth for all instances, and costs next to nothing while nothing changes.
import { expect, it } from "vitest";
import { createRunnersAtWork } from "../../src/dispatch/runners-at-work.ts";
import { createDocuments } from "../../src/dispatch/running/documents.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { testSettings } from "../support/settings.ts";

const busy = { id: "1", isBusy: true, reservedFor: ["a"] };
const reserved = { ...busy, isBusy: false };

function startInstances() {
  let now = 1_790_000_000_000;
  const store = createEmbeddedStore(testSettings(), () => now);
  let looks = 0;
  let writes = 0;
  const documents = createDocuments({
    readDocument: (name) => {
      looks += 1;
      return store.readDocument(name);
    },
    swapDocument: (...args) => {
      writes += 1;
      return store.swapDocument(...args);
    },
  });
  const create = () =>
    createRunnersAtWork({
      documents,
      booking: { find: async () => null },
      runner: { run: () => Promise.reject(new Error("no job is known")) } as never,
      observe: (event) => expect(event).toBe("no trouble"),
      clock: { now: () => now } as never,
    });
  const settle = async () => {
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  };
  return {
    create,
    settle,
    pass: (ms: number) => {
      now += ms;
    },
    costs: () => ({ looks, writes }),
  };
}

it("an instance whose last look is old finds what another one wrote, also where it sees what it saw before", async () => {
  const { create, settle, pass } = startInstances();
  const [one, other] = [create(), create()];
  const shown = async () => (await one.read(["ci0"])).map(({ isBusy, job }) => ({ isBusy, job }));
  one.note("ci0", [reserved]);
  await settle();
  other.note("ci0", [busy]);
  await settle();
  expect(await shown()).toEqual([{ isBusy: true, job: null }]);
  pass(10_000);
  one.note("ci0", [reserved]);
  await settle();
  expect(await shown()).toEqual([{ isBusy: false, job: null }]);
});

it("dashboards that show the same cost one look in ten seconds, and one write in an hour", async () => {
  const { create, settle, pass, costs } = startInstances();
  const one = create();
  for (let second = 0; second <= 3_700; second++) {
    one.note("ci0", [busy]);
    await settle();
    pass(1_000);
  }
  expect(costs().writes).toBe(2);
  expect(costs().looks).toBeLessThanOrEqual(372);
  // so it never ends while its monitor is heard
  expect(await one.read(["ci0"])).toHaveLength(1);
});
