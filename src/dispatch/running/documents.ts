// Documents that belong to no profile, as values: read, decide, swap; and again where somebody was
// faster.
import type { z } from "zod";
import { type MaybePromise, type Store, type StoredDocument, StoreUnavailable } from "../../queue/store.ts";

const maxTries = 20;
const none: StoredDocument = { text: null, writtenAt: 0, now: 0 };

export interface ReadValue<T> {
  /** null: there is none, or nothing that this version understands */
  readonly value: T | null;
  readonly writtenAt: number;
  readonly now: number;
}

export interface Documents {
  read<T>(name: string, schema: z.ZodType<T>): Promise<ReadValue<T>>;
  /**
   * Changes a document. `decide` sees what is there and the store's clock; null from it leaves
   * everything as it is.
   * @param keptForMs null: until somebody changes it
   * @param isProbablyNew there is hardly ever one: decided as if there were none, at the time 0,
   * and looked at only where there is one after all
   */
  change<T>(
    name: string,
    schema: z.ZodType<T>,
    keptForMs: number | null,
    decide: (value: T | null, now: number, writtenAt: number) => T | null,
    isProbablyNew?: boolean,
  ): Promise<ReadValue<T>>;
}

export function createDocuments(store: Pick<Store, "readDocument" | "swapDocument">): Documents {
  return {
    read: async (name, schema) => {
      const { text, writtenAt, now } = await store.readDocument(name);
      return { value: parse(text, schema), writtenAt, now };
    },
    change: async (name, schema, keptForMs, decide, isProbablyNew = false) => {
      let { text, writtenAt, now } = isProbablyNew ? none : await store.readDocument(name);
      for (let tries = 0; tries < maxTries; tries++) {
        const value = parse(text, schema);
        const next = decide(value, now, writtenAt);
        if (next === null) return { value, writtenAt, now };
        const reply = await (store.swapDocument(name, text, JSON.stringify(next), keptForMs) as MaybePromise<
          Awaited<ReturnType<Store["swapDocument"]>>
        >);
        if (reply.isSwapped) return { value: next, writtenAt: reply.writtenAt, now: reply.now };
        ({ text, writtenAt, now } = reply);
      }
      throw new StoreUnavailable(`the document ${name} does not hold still`);
    },
  };
}

function parse<T>(text: string | null, schema: z.ZodType<T>): T | null {
  if (text === null) return null;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
