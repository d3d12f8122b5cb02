// What `runner-queue serve --help` says: every setting, with its default.
import { describeSettings } from "../../src/config.ts";

export function renderServeUsage(): string {
  const served = describeSettings();
  const longest = Math.max(...served.map(({ name }) => name.length));
  const indent = " ".repeat(longest + 4);
  const settings = served.map(({ name, preset, meaning }) => {
    const text = meaning.replaceAll("`", "");
    return `  ${name.padEnd(longest)}  ${text}${preset === "" ? "" : `\n${indent}default: ${preset}`}`;
  });
  return `The queue. It listens until SIGTERM or Ctrl-C, and reads its settings anew on SIGHUP.

runner-queue serve

Settings are environment variables, or NAME=value lines of the file that CONFIG_FILE names. The first two are required:
  MONITORS="ci0=http://127.0.0.1:9000" API_TOKENS=$(openssl rand -hex 32) runner-queue serve

${settings.join("\n")}

Every secret may come from a file: API_TOKENS_FILE=/run/secrets/api-tokens. Durations take ms, s, m, h, d.`;
}
