// Where the queue is, and who asks.

export interface Connection {
  /** Without a slash at its end. */
  readonly queueUrl: string;
  /** Null: none was given. */
  readonly token: string | null;
  readonly json: boolean;
}
