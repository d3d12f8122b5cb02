// Bodies that a monitor may send to harm whoever reads them, each with the word for what is wrong
// with it.
import type { JsonFault } from "../../src/bounded-json.ts";

export interface HostileBody {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly fault: JsonFault;
}

/**
 * The whole body is hostile: for dashboards and takes alike. Sizes are those of the attack that was
 * seen, or more.
 */
export const hostileBodies: readonly HostileBody[] = [
  hostile("too_deep", "7.4 MB of nested lists", "[".repeat(3_700_000) + "]".repeat(3_700_000)),
  hostile("too_deep", "a million nested objects", '{"a":'.repeat(1_000_000)),
  hostile("too_many_values", "700,000 different keys", `{${list(700_000, (n) => `"k${n}":1`)}}`),
  hostile("too_many_values", "a key given a million times", `{${list(1_000_000, () => '"a":1')}}`),
  hostile("too_many_values", "a million __proto__", `{${list(1_000_000, () => '"__proto__":[]')}}`),
  hostile("too_many_values", "two million empty lists", `[${list(2_000_000, () => "[]")}]`),
  hostile("too_large", "a text of 8 MB", `"${"x".repeat(8_000_000)}"`),
  hostile("too_large", "8 MB of escaped quotes", `"${'\\"'.repeat(4_000_000)}"`),
  hostile("too_large", "a number of 8 million digits", "1".repeat(8_000_000)),
  hostile("too_large", "8 MB of white space", " ".repeat(8_000_000)),
  { fault: "not_json", what: "bytes that are no UTF-8", bytes: new Uint8Array([0x22, 0xff, 0xfe, 0xc0, 0x80, 0x22]) },
  hostile("not_json", "text that never ends its quotes", '["abc'),
  hostile("not_json", "brackets that only close", "]".repeat(50_000)),
  hostile("not_json", "nothing at all", ""),
];

function hostile(fault: JsonFault, what: string, text: string): HostileBody {
  return { what, bytes: new TextEncoder().encode(text), fault };
}

function list(length: number, item: (n: number) => string): string {
  return Array.from({ length }, (_, n) => item(n)).join(",");
}

/** The same inside a dashboard that is otherwise good. */
export function dashboardWith(field: string): Uint8Array {
  return new TextEncoder().encode(
    `{"profile_runner_counts":{"linux":{"idle":1,"target":1}},"runners":[],"x":${field}}`,
  );
}

/** As seen: 9,800 runners with 64 labels each. */
export function crowdedDashboard(): Uint8Array {
  const labels = list(64, (n) => `{"name":"l${n}"}`);
  const runners = list(9_800, (id) => `{"id":${id},"runner":{"registration":{"labels":[${labels}]}}}`);
  return new TextEncoder().encode(`{"profile_runner_counts":{},"runners":[${runners}]}`);
}

/** The costliest that is still let in: as many different keys as there may be. */
export function costliestDashboard(): Uint8Array {
  return dashboardWith(`{${list(32_000, (n) => `"key number ${n}":${n}`)}}`);
}
