// The dashboard as a page. To be written.
import { html } from "hono/html";
import type { Dashboard } from "./dashboard-data.ts";

export function renderMain(dashboard: Dashboard) {
  return html`<p>${dashboard.at}</p>`;
}

/** @param main what renderMain gave, or null while the store is away */
export function renderPage(main: string | null) {
  return html`<!doctype html><title>runner-queue</title><main>${main ?? ""}</main>`;
}

export async function contentSecurityPolicy(): Promise<string> {
  return "default-src 'none'";
}
