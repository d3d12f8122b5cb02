// Something that does not work: told once for as long as it lasts, and once when it is over.
export interface Trouble {
  /** @param words what is wrong; null: all is well */
  tell(words: string | null): void;
}

export function createTrouble(say: (words: string) => void, overWords: string): Trouble {
  let told: string | null = null;
  return {
    tell: (words) => {
      if (words === told) return;
      told = words;
      say(words ?? overWords);
    },
  };
}
