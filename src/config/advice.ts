// What is valid, and yet hardly what was meant.
import type { SettledSettings } from "./settings.ts";
import { minTokenLength } from "./value-kinds.ts";

export function adviseOn(config: SettledSettings): readonly string[] {
  const hasCredentials = config.GITHUB_TOKEN !== undefined || config.GITHUB_APP_ID !== undefined;
  const names = new Set(config.MONITORS.map(({ name }) => name));
  const advice: readonly (readonly [isDue: boolean, words: string])[] = [
    [
      config.ALLOWED_REPOS.length > 0 && !hasCredentials,
      "ALLOWED_REPOS is set, but neither GITHUB_TOKEN nor a GitHub App: GitHub hands out no artifact without",
    ],
    [
      config.GITHUB_TOKEN !== undefined && config.GITHUB_APP_ID !== undefined,
      "GITHUB_TOKEN and GITHUB_APP_ID are both set: GitHub is asked as the App",
    ],
    [
      config.OIDC_AUDIENCE !== undefined && config.ALLOWED_REPOS.length === 0,
      "OIDC_AUDIENCE is set, but ALLOWED_REPOS is empty: no workflow may enqueue with its OIDC token",
    ],
    [
      config.REDIS_URL !== undefined && config.DATA_FILE !== undefined,
      "REDIS_URL and DATA_FILE are both set: everything is kept in Redis, and the file is not used",
    ],
    [
      config.MONITOR_TOKENS.some(({ monitor }) => !names.has(monitor)),
      "MONITOR_TOKENS has a token for a monitor that MONITORS does not name",
    ],
    [
      config.POLICY?.monitors.some(({ name }) => !names.has(name)) === true,
      "POLICY_FILE prefers a monitor that MONITORS does not name",
    ],
  ];
  return [...advice.flatMap(([isDue, words]) => (isDue ? [words] : [])), ...adviseOnShortTokens(config)];
}

function adviseOnShortTokens(config: SettledSettings): string[] {
  const tokensOf: Readonly<Record<string, readonly (string | undefined)[]>> = {
    API_TOKENS: [...config.API_TOKENS, ...config.SCOPED_API_TOKENS.map(({ token }) => token)],
    MONITOR_API_TOKEN: [config.MONITOR_API_TOKEN],
    MONITOR_TOKENS: config.MONITOR_TOKENS.map(({ token }) => token),
    OPERATOR_TOKENS: config.OPERATOR_TOKENS ?? [],
    DASHBOARD_TOKEN: [config.DASHBOARD_TOKEN],
    TICKET_KEYS: config.TICKET_KEYS ?? [],
    GITHUB_WEBHOOK_SECRETS: config.GITHUB_WEBHOOK_SECRETS ?? [],
  };
  return Object.entries(tokensOf)
    .filter(([, tokens]) => tokens.some((token) => token !== undefined && token.length < minTokenLength))
    .map(([name]) => `${name} has fewer than ${minTokenLength} characters, which can be guessed: use 32 random bytes`);
}
