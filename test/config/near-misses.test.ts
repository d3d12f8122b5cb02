// A setting with a typing error is silently its default, which may be an open dashboard: so near
// misses are told, and grave ones stop the start.
import { expect, it } from "vitest";
import { distanceBetween } from "../../src/config/near-misses.ts";
import { parseConfig } from "../../src/config.ts";

const least = { MONITORS: "http://127.0.0.1:1", API_TOKENS: "a-token-long-enough" };

it.each([
  ["DASHBORD_TOKEN", "DASHBOARD_TOKEN"],
  ["DASHBOARD_TOKENS", "DASHBOARD_TOKEN"],
  ["dashboard_token", "DASHBOARD_TOKEN"],
  ["DASHBAORD_TOKNE", "DASHBOARD_TOKEN"],
  ["OPERATOR_TOKEN", "OPERATOR_TOKENS"],
  ["ALLOWED_REPO", "ALLOWED_REPOS"],
  ["OIDC_AUDIENCES", "OIDC_AUDIENCE"],
  ["DASHBORD_TOKEN_FILE", "DASHBOARD_TOKEN_FILE"],
])("%s stops the start: it is about access, and %s is not set", (name, meant) => {
  expect(parseConfig({ ...least, [name]: "x" })).toEqual({
    kind: "problems",
    problems: [`${name} is no setting: did you mean ${meant}?`],
  });
});

it("a required setting that is misspelt is asked for once, by its right name", () => {
  expect(parseConfig({ MONITOR: "http://127.0.0.1:1", API_TOKEN: "a-token-long-enough" })).toEqual({
    kind: "problems",
    problems: ["MONITOR is no setting: did you mean MONITORS?", "API_TOKEN is no setting: did you mean API_TOKENS?"],
  });
});

it.each([
  ["MAX_WAITS", "MAX_WAIT"],
  ["LOGLEVEL", "LOG_LEVEL"],
  ["ABANDON_AFTRE", "ABANDON_AFTER"],
  ["REDIS_URI", "REDIS_URL"],
  ["GITHUB_TOKENS", "GITHUB_TOKEN"],
])("%s is warned of", (name, meant) => {
  const parsed = parseConfig({ ...least, [name]: "x" });
  expect(parsed).toMatchObject({ advice: [`${name} is no setting: did you mean ${meant}?`] });
});

it("a name is no near miss where the setting itself is set, or where it is empty", () => {
  expect(parseConfig({ ...least, API_TOKEN: "x", MONITOR: "x", DASHBORD_TOKEN: " " })).toMatchObject({ advice: [] });
});

it("what is in everybody's environment is nobody's near miss", () => {
  const foreign = [
    "HOSTNAME HOSTS HOME PATH PORTS USER SHELL PWD OLDPWD LANG LC_ALL TERM TZ TMPDIR MAIL LOGNAME EDITOR SHLVL XDG_STATE_HOME",
    "NODE_ENV NODE_PATH NODE_OPTIONS NODE_VERSION npm_config_cache npm_package_name npm_lifecycle_event INIT_CWD",
    "KUBERNETES_PORT KUBERNETES_SERVICE_HOST REDIS_PORT REDIS_SERVICE_HOST REDIS_PORT_6379_TCP MONITOR_PORT QUEUE_PORT",
    "GITHUB_ACTIONS GITHUB_ENV GITHUB_PATH GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_SHA GITHUB_WORKSPACE GITHUB_OUTPUT",
    "ACTIONS_ID_TOKEN_REQUEST_URL RUNNER_NAME RUNNER_OS CI DEBUG http_proxy HTTPS_PROXY NO_PROXY NO_COLOR FORCE_COLOR",
    "OTEL_EXPORTER_OTLP_HEADERS OTEL_SERVICE_NAME LOG_DIR LOG_FILE DATA_DIR BASE_URL API_KEY API_URL CONFIG_DIR",
    "JOURNAL_STREAM INVOCATION_ID SYSTEMD_EXEC_PID NOTIFY_SOCKET LISTEN_FDS CREDENTIALS_DIRECTORY DOCKER_HOST SSH_AUTH_SOCK",
  ]
    .join(" ")
    .split(" ");
  const environment = Object.fromEntries(foreign.map((name) => [name, "x"]));
  expect(parseConfig({ ...environment, ...least })).toMatchObject({ kind: "config", advice: [] });
});

it.each([
  ["", "", 0],
  ["AB", "BA", 1],
  ["ABC", "AC", 1],
  ["ABC", "ABCD", 1],
  ["ABC", "AXC", 1],
  ["ABCD", "BADC", 2],
  ["ABC", "XYZ", 3],
  ["A", "ABCDE", 3],
])("from %j to %j it takes %d letters", (a, b, distance) => {
  expect(distanceBetween(a, b)).toBe(distance);
});
