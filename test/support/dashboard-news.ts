// Waits for something on the dashboard by its own stream, which says each second what changed.
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";

/**
 * The first document that is so.
 * @param bearer for whole ids
 */
export async function untilDashboard(
  url: string,
  isSo: (dashboard: Dashboard) => boolean,
  bearer?: string,
): Promise<Dashboard> {
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(60_000)]);
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const { body } = await fetch(`${url}/events`, { headers, signal });
  let text = "";
  try {
    for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (text + piece).split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = /^event: dashboard\ndata: (.*)$/m.exec(event)?.[1];
        const dashboard = data === undefined ? null : (JSON.parse(data) as Dashboard);
        if (dashboard !== null && isSo(dashboard)) return dashboard;
      }
    }
  } finally {
    enough.abort();
  }
  throw new Error("the stream ended before it was so");
}
