// What we use of Cloudflare's runtime. Its own types declare globals that clash with Node's.
declare module "cloudflare:workers" {
  export interface SqlStorage {
    exec(query: string, ...bindings: readonly (string | number)[]): Iterable<Record<string, string | number>>;
  }
  export interface DurableObjectStorage {
    readonly sql: SqlStorage;
    /** Runs the work in a transaction; one inside another is a part of it. */
    transactionSync<T>(work: () => T): T;
  }
  export interface DurableObjectState {
    readonly storage: DurableObjectStorage;
    /** Ends this life of the object; its storage stays. */
    abort(reason: string): void;
    blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>;
  }
  export abstract class DurableObject<Env> {
    constructor(ctx: DurableObjectState, env: Env);
    protected readonly ctx: DurableObjectState;
    protected readonly env: Env;
  }
}
