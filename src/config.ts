// The environment, parsed once. One schema is the settings table of the README, the defaults and the checks; all problems are
// reported at once, in words, and never with the value of a secret.
import { createPrivateKey } from "node:crypto";
import { z } from "zod";

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const durationPattern = /^(\d{1,9})(ms|s|m|h)$/;

const duration = z
  .string()
  .trim()
  .regex(durationPattern, "is not a duration: write a whole number and ms, s, m or h, such as 30s")
  .transform((text) => {
    const [, figure, unit] = durationPattern.exec(text) ?? [];
    return Number(figure) * units[unit as keyof typeof units];
  });
const positiveDuration = duration.refine((ms) => ms > 0, "must be longer than 0");
const count = (least: number, most: number) =>
  z
    .string()
    .trim()
    .regex(/^\d{1,9}$/, "is not a whole number")
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be from ${least} to ${most}`);
const headerSafe = /^[\x21-\x7e]+$/;
const secrets = z
  .string()
  .transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  )
  .refine((tokens) => tokens.length > 0, "has no token in it")
  .refine(
    (tokens) => tokens.every((token) => headerSafe.test(token)),
    "holds a token with a space or a character outside ASCII",
  );
const httpUrl = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "");

/** A base URL that paths are put behind. */
const baseUrl = z
  .string()
  .trim()
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && httpUrl(text) && url.username + url.password + url.search + url.hash === "";
  }, "is not http(s)://host[:port][/path]")
  .transform((text) => text.replace(/\/+$/, ""));

const monitorList = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ""))
  .transform((parts, context) => {
    const monitors = parts.map((part, at) => {
      const [, name, url] = /^(?:([A-Za-z0-9._-]{1,64})=)?(.+)$/.exec(part) ?? [];
      const parsed = URL.parse(url ?? "");
      if (parsed === null || !httpUrl(url ?? "") || parsed.username + parsed.password !== "" || parsed.search !== "") {
        context.addIssue(`has an entry (number ${at + 1}) that is not [name=]http(s)://host[:port][/path]`);
        return { name: "", url: "" };
      }
      return {
        name: name ?? parsed.host.replaceAll(":", "-").replace(/[^A-Za-z0-9._-]/g, ""),
        url: parsed.href.replace(/\/+$/, ""),
      };
    });
    if (monitors.length === 0) context.addIssue("names no monitor");
    const names = monitors.flatMap(({ name }) => (name === "" ? [] : [name]));
    if (new Set(names).size < names.length)
      context.addIssue("names two monitors alike: give each a name of its own, name=url");
    return monitors;
  });

/** GitHub hands out PKCS#1, and one-line settings carry line breaks as \n; jose wants PKCS#8. */
const privateKey = z.string().transform((text, context) => {
  try {
    const key = createPrivateKey(text.trim().replaceAll("\\r", "").replaceAll("\\n", "\n"));
    const isStrong = (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
    if (key.asymmetricKeyType === "rsa" && isStrong) return key.export({ type: "pkcs8", format: "pem" }).toString();
  } catch {
    // node's message may quote the key
  }
  context.addIssue("is not an RSA private key of 2048 bits or more in PEM, as GitHub hands it out");
  return "";
});

/** Every setting: what it is for, and its default where it has one. `secret` values are never shown. */
const settingsSchema = z.object({
  HOST: z.string().min(1).default("127.0.0.1").describe("address to listen on"),
  PORT: count(0, 65535).prefault("8002").describe("port to listen on"),
  REDIS_URL: z
    .string()
    .refine(
      (text) => /^(rediss?|unix):\/\//.test(text) || text.startsWith("/"),
      "is not a redis:// or rediss:// URL or a socket path",
    )
    .optional()
    .describe("the Redis that all instances share; without it the embedded store, in memory, for one instance"),
  MONITORS: monitorList.describe("the monitors, `[name=]url`, separated by commas or spaces (required)"),
  API_TOKENS: secrets.describe("bearer tokens that may enqueue; the first signs tickets (comma-separated, required)"),
  MONITOR_API_TOKEN: z
    .string()
    .regex(headerSafe, "holds a space or a character outside ASCII")
    .optional()
    .describe("bearer for the monitors; default: the first of API_TOKENS"),
  OPERATOR_TOKENS: secrets.optional().describe("bearer tokens of operators; default: API_TOKENS"),
  DASHBOARD_TOKEN: z.string().min(1).optional().describe("closes the dashboard to whoever lacks it"),
  GITHUB_API_URL: baseUrl.prefault("https://api.github.com").describe("GitHub's REST API"),
  GITHUB_TOKEN: z
    .string()
    .trim()
    .regex(headerSafe, "holds a space or a character outside ASCII")
    .optional()
    .describe("token to look artifacts up with"),
  GITHUB_APP_ID: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, "is neither an App's id nor its client id")
    .optional()
    .describe("GitHub App to look artifacts up as"),
  GITHUB_APP_PRIVATE_KEY: privateKey
    .optional()
    .describe("the App's private key (PEM; line breaks may be written as `\\n`)"),
  ALLOWED_REPOS: z
    .string()
    .default("")
    .transform((text) =>
      text
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== ""),
    )
    .refine(
      (entries) => entries.every((entry) => /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/[A-Za-z0-9._-]{0,100}$/.test(entry)),
      "has an entry that is not owner/ or owner/repo (there are no wildcards)",
    )
    .describe("who may enqueue without a token: `owner/` or `owner/repo`, comma-separated; empty: nobody"),
  ARTIFACT_PREFIX: z
    .string()
    .regex(/^[^"<>|*?:\\/\r\n]{0,100}$/, "holds a character that no artifact's name has")
    .default("servo-ci-runners_")
    .describe("name of a proving artifact, before the unique id"),
  ARTIFACT_MAX_AGE: positiveDuration.prefault("300s").describe("how old a proving artifact may be"),
  OIDC_AUDIENCE: z.string().trim().min(1).optional().describe("audience of GitHub OIDC tokens; unset: off"),
  OIDC_ISSUER: baseUrl.prefault("https://token.actions.githubusercontent.com").describe("issuer of GitHub OIDC tokens"),
  ABANDON_AFTER: positiveDuration.prefault("30s").describe("a job whose owner did not ask for this long has left"),
  RETRY_AFTER: positiveDuration.prefault("5s").describe("when to ask again, mid-line"),
  MAX_WAIT: duration
    .prefault("25s")
    .describe("how long a take that asks for it (wait=) is held at most; clients give an attempt 30 s"),
  PRESENCE_GRACE: duration.prefault("3s").describe("how late a poll may be before its job holds nobody back"),
  TOUCH_INTERVAL: duration
    .prefault("5s")
    .describe(
      "a waiting poll writes to the store at most this often; cut to a sixth of ABANDON_AFTER where it is longer",
    ),
  ANSWER_TTL: positiveDuration
    .prefault("45s")
    .describe("how long an answer is replayed, from when the reservation began"),
  TOMBSTONE_TTL: positiveDuration
    .prefault("1h")
    .describe("how long a finished job is remembered (never less than its ticket is valid)"),
  TICKET_MAX_AGE: positiveDuration
    .prefault("1h")
    .describe("how long a ticket can bring back a job that the store lost"),
  MONITOR_POLL_INTERVAL: positiveDuration.prefault("1s").describe("each monitor is asked at most this often"),
  MONITOR_POLL_TIMEOUT: positiveDuration.prefault("1500ms").describe("how long a dashboard may take"),
  MONITOR_TAKE_TIMEOUT: positiveDuration.prefault("22s").describe("how long a take may take, plus 1 s per runner"),
  MONITOR_SETTLE: duration.prefault("25s").describe("a silent monitor may work on a take for this long"),
  UNKNOWN_HOLD: positiveDuration.prefault("90s").describe("without any evidence a leg is given up after this"),
  HOLD_TIMEOUT: positiveDuration.prefault("30s").describe("how long runners in hand wait for the rest of their job's"),
  MONITOR_MAX_INFLIGHT: count(1, 1000).prefault("2").describe("takes at one monitor at once"),
  MAX_ATTEMPTS: count(1, 1000).prefault("5").describe("refusals after which a job fails"),
  MAX_RUNNER_COUNT: count(1, 1000).prefault("100").describe("most runners of one job"),
  MAX_QUEUE_DEPTH: count(1, 100_000_000).optional().describe("most jobs waiting per profile; unset: no limit"),
  LOG_LEVEL: z
    .enum(
      ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
      "is not one of trace, debug, info, warn, error, fatal, silent",
    )
    .default("info")
    .describe("least severe log line that is written"),
  LOG_FORMAT: z
    .enum(["json", "pretty"], "is neither json nor pretty")
    .default("json")
    .describe("json for machines, pretty for a person at a terminal"),
});

export type Config = z.output<typeof settingsSchema>;

const exampleOf: Readonly<Record<string, string>> = {
  MONITORS: ", such as ci0=http://127.0.0.1:9000",
  API_TOKENS: ": one or more secrets, separated by commas",
};

export type ConfigResult =
  | { readonly kind: "config"; readonly config: Config }
  | { readonly kind: "problems"; readonly problems: readonly string[] };

/** Parses the environment. An empty variable counts as unset. Problems name the setting and what to do, never its value. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): ConfigResult {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ""),
  );
  const parsed = settingsSchema.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue): string => {
        const name = String(issue.path[0]);
        return given[name] === undefined ? `${name} is required${exampleOf[name] ?? ""}` : `${name} ${issue.message}`;
      });
  const distinct = new Set(problems);
  if ((given.GITHUB_APP_ID === undefined) !== (given.GITHUB_APP_PRIVATE_KEY === undefined)) {
    distinct.add("GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY go together: set both or neither");
  }
  return parsed.success && distinct.size === 0
    ? { kind: "config", config: parsed.data }
    : { kind: "problems", problems: [...distinct] };
}

/** What is valid, and yet hardly what was meant. */
export function adviseOn(config: Config): readonly string[] {
  const hasCredentials = config.GITHUB_TOKEN !== undefined || config.GITHUB_APP_ID !== undefined;
  return [
    ...(config.ALLOWED_REPOS.length > 0 && !hasCredentials
      ? ["ALLOWED_REPOS is set, but neither GITHUB_TOKEN nor a GitHub App: GitHub hands out no artifact without"]
      : []),
    ...(config.GITHUB_TOKEN !== undefined && config.GITHUB_APP_ID !== undefined
      ? ["GITHUB_TOKEN and GITHUB_APP_ID are both set: GitHub is asked as the App"]
      : []),
    ...(config.OIDC_AUDIENCE !== undefined && config.ALLOWED_REPOS.length === 0
      ? ["OIDC_AUDIENCE is set, but ALLOWED_REPOS is empty: no workflow may enqueue with its OIDC token"]
      : []),
  ];
}

/** Name, default and meaning of every setting, in order: the README's table is generated from it. */
export function describeSettings(): readonly {
  readonly name: string;
  readonly preset: string;
  readonly meaning: string;
}[] {
  return Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    return { name, preset: typeof json.default === "string" ? json.default : "", meaning: schema.description ?? "" };
  });
}
