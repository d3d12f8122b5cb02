// Reloads one after the other: the service has the last word, and what it refuses is tried again as
// a change the next time.
import { Writable } from "node:stream";
import { expect, it } from "vitest";
import type { Reloadable } from "../../src/config/reload.ts";
import { createSettingsReloader } from "../../src/config/settings-reloader.ts";
import { type Config, parseConfig } from "../../src/config.ts";
import { createLog } from "../../src/logging.ts";

const environment = { CONFIG_FILE: "/c", API_TOKENS: "a-token-long-enough" };

function startReloader(service: Pick<Reloadable, "reload">) {
  let file = "MONITORS=ci0=http://10.0.0.1";
  const loadText = () => file;
  const first = parseConfig(environment, loadText);
  if (first.kind === "problems") throw new Error(first.problems.join("\n"));
  const lines: { msg: string }[] = [];
  const notes: boolean[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const reload = createSettingsReloader(first.config, {
    environment,
    loadText,
    service: { ...service, noteReload: (isDone) => notes.push(isDone) },
    log: createLog("info", stream),
  });
  return {
    lines,
    notes,
    reload,
    reloadWith: async (text: string) => {
      file = text;
      lines.length = 0;
      await reload();
      return lines;
    },
  };
}

const twoHosts = "MONITORS=ci0=http://10.0.0.1 ci1=http://10.0.0.2";

it("hands the service what may change, once, and says what changed", async () => {
  const given: Config[] = [];
  const { reloadWith } = startReloader({
    reload: async (config: Config) => {
      given.push(config);
      return [];
    },
  });
  expect(await reloadWith(`${twoHosts}\nMAX_WAIT=7s`)).toMatchObject([
    { msg: "changed settings need a restart", settings: ["MAX_WAIT"] },
    { msg: "settings reloaded", changed: ["MONITORS"] },
  ]);
  expect(await reloadWith(`${twoHosts}\nMAX_WAIT=7s`)).toMatchObject([
    { settings: ["MAX_WAIT"] },
    { msg: "settings reloaded", changed: [] },
  ]);
  expect(given.map(({ MONITORS, MAX_WAIT }) => [MONITORS.length, MAX_WAIT])).toEqual([[2, 25_000]]);
});

it("what the service refuses, by words or by a fault, is a change again the next time", async () => {
  const answers = [async () => ["POLICY_FILE: no"], () => Promise.reject(new TypeError("broken")), async () => []];
  const { reloadWith, notes } = startReloader({ reload: () => answers.shift()?.() ?? Promise.resolve([]) });
  expect(await reloadWith(twoHosts)).toMatchObject([
    { msg: "settings not reloaded: nothing changes", problems: ["POLICY_FILE: no"] },
  ]);
  expect(await reloadWith(twoHosts)).toMatchObject([
    { msg: "settings not reloaded: nothing changes", error: "TypeError" },
  ]);
  expect(await reloadWith(twoHosts)).toMatchObject([{ msg: "settings reloaded", changed: ["MONITORS"] }]);
  expect(notes, "and whoever watches the service is told each time").toEqual([false, false, true]);
});

it("two signals at once are two reloads, one after the other", async () => {
  const order: string[] = [];
  const { reload, reloadWith } = startReloader({
    reload: async () => {
      order.push("begins");
      await new Promise(setImmediate);
      order.push("ends");
      return ["not today"];
    },
  });
  await Promise.all([reloadWith(twoHosts), reload()]);
  expect(order).toEqual(["begins", "ends", "begins", "ends"]);
});
