// Strikes a secret out of what is printed, whoever wrote it down.

/**
 * Shorter than this, letters alone are a word that prose may well hold: "rotate the secret key"
 * says nothing of a token "secret".
 */
const minSecretWord = 16;

/**
 * A token that is a common word is struck out only where it is sent as a token: there is nothing to
 * hide in the word itself.
 */
export function strikeOut(text: string, secret: string): string {
  if (secret === "") return text;
  if (secret.length >= minSecretWord || !/^[A-Za-z]+$/.test(secret)) return text.replaceAll(secret, "***");
  return text.replace(new RegExp(`(\\bbearer +|\\btoken["']?[=:] *["']?)${secret}\\b`, "gi"), "$1***");
}
