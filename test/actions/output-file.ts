// What a step writes to $GITHUB_OUTPUT, read as GitHub reads it.

/** `name=value` lines and `name<<end` blocks; the last of a name counts. */
export function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    const [, name, sign, rest] = /^([^=<]*)(=|<<)(.*)$/s.exec(line) ?? [];
    if (name === undefined || rest === undefined) throw new Error(`GitHub would not read this output: ${line}`);
    if (sign === "=") {
      outputs[name] = rest;
      continue;
    }
    const block: string[] = [];
    while (lines[++at] !== rest) {
      if (at >= lines.length) throw new Error(`the output ${name} has no end`);
      block.push(lines[at] ?? "");
    }
    outputs[name] = block.join("\n");
  }
  return outputs;
}
