#!/usr/bin/env node
// `queuectl` is `runner-queue ctl`.
"use strict";

process.argv.splice(2, 0, "ctl");
require("./runner-queue.cjs");
