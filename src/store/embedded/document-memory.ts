// Documents of the embedded store that belong to no profile.
import type { StoredDocument, SwapReply } from "../../queue/store.ts";
import { DueTimes } from "./due-times.ts";
import type { Persistence } from "./persistence.ts";

interface KeptDocument {
  readonly text: string;
  readonly writtenAt: number;
  /** null: it is kept until somebody changes it */
  readonly until: number | null;
}

export class DocumentMemory {
  readonly #persistence: Persistence;
  readonly #documents = new Map<string, KeptDocument>();
  readonly #ends = new DueTimes();

  constructor(persistence: Persistence) {
    this.#persistence = persistence;
    for (const [name, kept] of persistence.entries("document/")) this.#set(name, kept as KeptDocument);
  }

  read(name: string, now: number): StoredDocument {
    const known = this.#documents.get(name);
    const isKept = known !== undefined && (known.until === null || known.until > now);
    return isKept ? { text: known.text, writtenAt: known.writtenAt, now } : { text: null, writtenAt: 0, now };
  }

  swap(name: string, expected: string | null, next: string | null, keptForMs: number | null, now: number): SwapReply {
    const known = this.read(name, now);
    if (known.text !== expected) return { isSwapped: false, ...known };
    const kept =
      next === null ? null : { text: next, writtenAt: now, until: keptForMs === null ? null : now + keptForMs };
    const gone = this.#ends.dueBy(now, 100).filter((other) => other !== name);
    this.#persistence.transact(() => {
      for (const other of gone) this.#persistence.remove(`document/${other}`);
      if (kept === null) this.#persistence.remove(`document/${name}`);
      else this.#persistence.put(`document/${name}`, kept);
    });
    for (const other of gone) this.#set(other, null);
    this.#set(name, kept);
    return { isSwapped: true, text: next, writtenAt: now, now };
  }

  #set(name: string, kept: KeptDocument | null): void {
    this.#ends.set(name, kept?.until ?? null);
    if (kept === null) this.#documents.delete(name);
    else this.#documents.set(name, kept);
  }
}
