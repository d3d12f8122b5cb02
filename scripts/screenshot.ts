// `node scripts/screenshot.ts`: makes docs/dashboard.png and docs/over-time.png anew, from documents
// that tell of a busy day. Needs Chromium.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { renderOverTime } from "../src/dashboard/page/over-time/over-time.ts";
import { busyDay } from "../test/dashboard/busy-day.ts";
import { busyDayOverTime } from "../test/dashboard/busy-day-over-time.ts";
import { startPageServer } from "../test/dashboard/page-server.ts";
import { launchChromium } from "../test/support/chromium.ts";

const usage = `Usage: node scripts/screenshot.ts [--dark] [--width 1440] [--height 1190] [--full] [folder]

Takes pictures of the dashboard on a busy day and of that day over time (default: into docs of this repository).
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dark: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    width: { type: "string", default: "1440" },
    height: { type: "string", default: "1190" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(usage);
else await takePictures(positionals[0] ?? new URL("../docs", import.meta.url).pathname);

async function takePictures(folder: string): Promise<void> {
  const at = "2026-11-21T12:34:56.000Z";
  await using server = await startPageServer(busyDay(at), { stats: String(renderOverTime(busyDayOverTime(at))) });
  await using browser = await launchChromium();
  const page = await browser.newPage({
    viewport: { width: Number(values.width), height: Number(values.height) },
    colorScheme: values.dark ? "dark" : "light",
    timezoneId: "UTC",
  });
  await page.clock.setFixedTime(at);
  for (const [path, name, isFull] of [
    ["", "dashboard", values.full],
    ["stats", "over-time", true],
  ] as const) {
    await page.goto(server.url + path);
    await page.locator("#live.good").waitFor();
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: isFull });
  }
}
