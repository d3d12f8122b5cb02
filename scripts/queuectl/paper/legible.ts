// What others wrote, made harmless for a terminal. The one place where that is done, and so also
// where the token is struck out, whoever wrote it down.
import { stripVTControlCharacters } from "node:util";
import { strikeOut } from "../../secret-mask.ts";

const longestText = 400;

/** One line without anything that moves, colours, hides or turns around text. */
export function makeLegible(text: string, token: string | null): string {
  // First what hides letters, then the token: one in pieces would else be put together again.
  const plain = stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}]+/gu, "");
  return withoutSecret(plain, token).slice(0, longestText);
}

export function withoutSecret(text: string, token: string | null): string {
  return token === null ? text : strikeOut(text, token);
}
