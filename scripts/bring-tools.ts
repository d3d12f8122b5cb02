// Brings what only development needs (devDependencies), unless it is there: `npm ci` installs what
// runs the queue and its demo, and no more (.npmrc). Runs before npm's test, types, lint and build;
// every package is held to its checksum in the lock file.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import packageJson from "../package.json" with { type: "json" };

const root = new URL("../", import.meta.url);
const missing = Object.entries(packageJson.devDependencies).filter(
  ([name, version]) => installedVersionOf(name) !== version,
);
if (missing.length > 0 && lstatSync(new URL("node_modules", root), { throwIfNoEntry: false })?.isSymbolicLink()) {
  // npm would put a folder in the link's place.
  console.error(`Missing, where node_modules leads to: ${missing.map(([name]) => name).join(", ")}.`);
} else if (missing.length > 0) {
  console.error(`Installing what development needs (${missing.length} packages, and theirs): once, a minute or so.`);
  const args = ["install", "--include=dev", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  const isShellNeeded = process.platform === "win32";
  const { status } = spawnSync("npm", args, {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: isShellNeeded,
  });
  process.exitCode = status ?? 1;
}

function installedVersionOf(name: string): string | null {
  const manifest = new URL(`node_modules/${name}/package.json`, root);
  if (!existsSync(manifest)) return null;
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
