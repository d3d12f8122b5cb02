// A queue's document as JSON that is as harmless in a terminal as it is in a pipe: the same value,
// but what would command the terminal is written as \u, and the token is struck out.
import { withoutSecret } from "./legible.ts";

/** On one line. */
export function writeJson(document: unknown, token: string | null): string {
  const text = JSON.stringify(withoutToken(document, token));
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

function withoutToken(value: unknown, token: string | null): unknown {
  if (typeof value === "string") return withoutSecret(value, token);
  if (Array.isArray(value)) return value.map((one) => withoutToken(one, token));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [withoutSecret(name, token), withoutToken(one, token)]),
  );
}

function escapeCharacter(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
