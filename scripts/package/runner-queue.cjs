#!/usr/bin/env node
// What npx starts. Written for a Node of any age, so that one that is too old is told so in a
// sentence; everything else is in the bundle beside this file.
"use strict";

const version = process.versions.node.split(".").map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 18)) {
  console.error(`runner-queue needs Node 22.18 or later; this is ${process.version}.`);
  process.exit(1);
}
// Start-up makes garbage once. Memory for it would be kept for ever: 25 MB that an idle queue never
// needs. So the space for young objects grows only from when the bundle is loaded.
const { setFlagsFromString } = require("node:v8");
setFlagsFromString("--semi-space-growth-factor=1");
// biome-ignore lint/correctness/useImportExtensions: the bundle is JavaScript
void import("../runner-queue.js").finally(() => setFlagsFromString("--semi-space-growth-factor=2"));
