// What a service shows at /metrics, read by a parser that is not ours, as Prometheus would read it.
import { createRequire } from "node:module";
import { z } from "zod";

/** It has no types. */
const parseText: (text: string) => unknown = createRequire(import.meta.url)("parse-prometheus-text-format");

const familySchema = z.object({ name: z.string(), help: z.string(), type: z.string() });
const sampleSchema = z.object({ value: z.string(), labels: z.record(z.string(), z.string()).default({}) });

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "COUNTER" | "GAUGE" | "HISTOGRAM" | string;
}

export interface Sample {
  /** A histogram's samples are called after it, with _bucket, _sum or _count behind. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Labels = Readonly<Record<string, string>>;

export interface Exposition {
  readonly families: readonly Family[];
  readonly samples: readonly Sample[];
  /**
   * The only sample of this name that has at least these labels; throws where there is none, or
   * more than one.
   */
  value(name: string, labels?: Labels): number;
  /** The same, or undefined where there is none. */
  find(name: string, labels?: Labels): number | undefined;
  /** The sum of all that have at least these labels. */
  sum(name: string, labels?: Labels): number;
}

export async function scrape(url: string): Promise<Exposition> {
  const response = await fetch(`${url}/metrics`);
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
  return parseExposition(await response.text());
}

/** Throws at a line that is none. */
export function parseExposition(text: string): Exposition {
  const families = z.array(familySchema).parse(parseText(text));
  // Told that they are histograms, the parser would merge those with labels into one.
  const bare = parseText(text.replaceAll(/^#.*$/gm, ""));
  const samples = z
    .array(z.object({ name: z.string(), metrics: z.array(sampleSchema) }))
    .parse(bare)
    .flatMap(({ name, metrics }) => metrics.map(({ labels, value }) => ({ name, labels, value: Number(value) })));
  const matching = (name: string, labels: Labels) =>
    samples.filter((one) => {
      return one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value);
    });
  const find = (name: string, labels: Labels = {}): number | undefined => {
    const [only, ...more] = matching(name, labels);
    if (more.length > 0) throw new Error(`${name}${JSON.stringify(labels)} is ${more.length + 1} samples`);
    return only?.value;
  };
  return {
    families,
    samples,
    find,
    value: (name, labels = {}) => {
      const value = find(name, labels);
      if (value === undefined) throw new Error(`no sample ${name}${JSON.stringify(labels)}`);
      return value;
    },
    sum: (name, labels = {}) => matching(name, labels).reduce((sum, { value }) => sum + value, 0),
  };
}
