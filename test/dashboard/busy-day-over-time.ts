// The same busy house as in busy-day.ts, over a day: the figures behind docs/over-time.png. No two
// calls differ.
import { describeStats, hoursOf, type Stats } from "../../src/dashboard/over-time/stats.ts";
import type { HourCounts } from "../../src/queue/store.ts";

/** @param at the document's time */
export function busyDayOverTime(at: string): Stats {
  const now = Date.parse(at);
  const hours = hoursOf("day", now);
  // a day has its noon, a queue its rush
  const rushAt = (hour: number) => 0.5 - 0.5 * Math.cos((((hour % 24) - 3) / 24) * 2 * Math.PI);
  const countsOf = (most: number, repositories: readonly string[]) =>
    hours.map((hour, i): HourCounts => {
      const rush = rushAt(hour);
      const counts: Record<string, number> = {
        m: 60,
        w: Math.round(60 * 9 * rush ** 3),
        i: Math.round(60 * 6 * (1 - rush)),
      };
      const add = (name: string, by: number) => {
        if (by > 0) counts[name] = (counts[name] ?? 0) + by;
      };
      for (let job = 0; job < Math.round(most * rush); job++) {
        const repository = repositories[(job * job + i) % repositories.length] ?? "servo/servo";
        add(`t${Math.round(3 + 9 * rush + ((job * 7 + i) % 5))}/${repository}`, 1);
      }
      add("x", i === 16 ? most : 0);
      add("c/servo/servo", i % 4 === 0 ? Math.round((most / 16) * rush) : 0);
      if (most < 20) return counts;
      add("f/servo/servo", i % 7 === 2 ? 1 : 0);
      add("a/jdm/servo", i % 5 === 1 ? Math.round(2 * rush) : 0);
      add("r/servo/stylo", rush > 0.9 ? 2 : 0);
      return counts;
    });
  const repositories = ["servo/servo", "servo/servo", "servo/stylo", "servo/mozjs", "servo/servo", "jdm/servo"];
  return describeStats("day", now, [
    ["servo-macos13", countsOf(7, ["servo/servo", "jdm/servo"])],
    ["servo-ubuntu2204", countsOf(48, repositories)],
  ]);
}
