// `npm run build`: the package as it is published, in dist/: one bundle of plain JavaScript for any
// Node from 22.18 on, without dependencies; queuectl once more as one file; and the licences of the
// packages in it. `npm pack ./dist` makes the tarball; the image is made of the same files.
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BuildOptions, build, type Metafile } from "esbuild";
import packageJson from "../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../", import.meta.url));
const { values } = parseArgs({ options: { out: { type: "string", default: join(root, "dist") } } });
const out = values.out;

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "bin"), { recursive: true });
const shared = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  // Names stay, so that a stack in the log can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  // Packages that are CommonJS ask for Node's own modules by require.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
  plugins: [
    {
      // 290 kB of messages in fifty languages, of which we speak none but English.
      name: "one-language",
      setup: ({ onLoad }) => onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: "export {};" })),
    },
  ],
} satisfies BuildOptions;
const { metafile } = await build({
  ...shared,
  // serve is also the process that the demo starts; agent is for people to import.
  entryPoints: { "runner-queue": "scripts/runner-queue.ts", serve: "src/main.ts", agent: "src/agent/agent.ts" },
  outdir: out,
  splitting: true,
  metafile: true,
});
// queuectl once more, by itself: one file that can be copied to where only Node is.
await build({
  ...shared,
  entryPoints: ["scripts/queuectl.ts"],
  outfile: join(out, "queuectl.mjs"),
  banner: { js: `#!/usr/bin/env node\n${shared.banner.js}` },
});
chmodSync(join(out, "queuectl.mjs"), 0o755);
for (const name of readdirSync(join(root, "scripts/package")).filter((name) => name.endsWith(".cjs"))) {
  copyFileSync(join(root, "scripts/package", name), join(out, "bin", name));
  chmodSync(join(out, "bin", name), 0o755);
}
copyFileSync(join(root, "scripts/package/agent.d.ts"), join(out, "agent.d.ts"));
for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) copyFileSync(join(root, name), join(out, name));
writeFileSync(join(out, "THIRD-PARTY-LICENSES.txt"), collectLicences(metafile));
writeFileSync(join(out, "package.json"), `${JSON.stringify(describePackage(), null, 2)}\n`);

function describePackage() {
  const { name, version, description, license, type, engines } = packageJson;
  const bin = { "runner-queue": "bin/runner-queue.cjs", queuectl: "bin/queuectl.cjs" };
  const exports = { "./agent": { types: "./agent.d.ts", default: "./agent.js" } };
  return { name, version, description, license, type, engines, bin, exports };
}

/** What each package in the bundle asks for in return. */
function collectLicences({ inputs }: Metafile): string {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^(?:.*node_modules\/)((?:@[^/]+\/)?[^/]+)/.exec(path)?.slice(0, 1) ?? []),
  );
  const texts = [...folders].sort().map((folder) => {
    const own = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      name: string;
      version: string;
      license: string;
    };
    const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name));
    const text = file === undefined ? `Licence: ${own.license}` : readFileSync(join(root, folder, file), "utf8");
    return `${own.name} ${own.version}\n\n${text.trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}
