// `node scripts/screenshot.ts`: makes docs/dashboard.png anew, from a document that tells of a busy
// day. Needs Chromium.
import { parseArgs } from "node:util";
import { busyDay } from "../test/dashboard/busy-day.ts";
import { startPageServer } from "../test/dashboard/page-server.ts";
import { launchChromium } from "../test/support/chromium.ts";

const usage = `Usage: node scripts/screenshot.ts [--dark] [--width 1440] [--height 1190] [--full] [file]

Takes a picture of the dashboard on a busy day (default: docs/dashboard.png of this repository).
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
else await takePicture(positionals[0] ?? new URL("../docs/dashboard.png", import.meta.url).pathname);

async function takePicture(path: string): Promise<void> {
  const at = "2026-11-21T12:34:56.000Z";
  await using server = await startPageServer(busyDay(at));
  await using browser = await launchChromium();
  const page = await browser.newPage({
    viewport: { width: Number(values.width), height: Number(values.height) },
    colorScheme: values.dark ? "dark" : "light",
    timezoneId: "UTC",
  });
  await page.clock.setFixedTime(at);
  await page.goto(server.url);
  await page.locator("#live.good").waitFor();
  await page.screenshot({ path, fullPage: values.full });
}
