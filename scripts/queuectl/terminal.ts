// Where queuectl's texts go.

/** Where its texts go, each with a line break after it. */
export interface Terminal {
  print(text: string): void;
  complain(text: string): void;
  /** What somebody looks at, and may be drawn upon; null: what is printed goes elsewhere. */
  readonly screen: Screen | null;
}

/** Asked each time: a window may change its size. */
export interface Screen {
  widthCharacters(): number;
  heightLines(): number;
}
