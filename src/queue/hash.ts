// A small number for a text, the same everywhere: to spread, and to notice a change. No secret
// hangs on it.

/** FNV-1a over the characters, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
