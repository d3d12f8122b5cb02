// Who is who, by what they send: every check that is made of the settings' secrets, in one place,
// so that a reload replaces all of them in one step. A request that is under way has been let in
// already and goes on.
import { type ApiToken, type ApiTokenCheck, createApiTokenCheck, ticketSecretsOf } from "./api-token.ts";
import { type BearerCheck, createBearerCheck, createTokenMatcher } from "./bearer.ts";
import { createTickets, type Tickets } from "./ticket.ts";

export interface CredentialSettings {
  readonly apiTokens: readonly ApiToken[];
  readonly operatorTokens: readonly string[];
  /** What monitors know us by, and we them. */
  readonly monitorToken: string;
  /** Of single monitors; those that are named here have no other. */
  readonly monitorTokens: readonly { readonly monitor: string; readonly token: string }[];
  /** Undefined: the dashboard is open to anyone. */
  readonly dashboardToken: string | undefined;
  /** Undefined: tickets are signed with the API tokens. */
  readonly ticketKeys: readonly string[] | undefined;
}

/** Who a monitor's bearer speaks for. */
export interface MonitorCallerCheck {
  /** Whether it is the bearer of this monitor. */
  isKnownFor(monitor: string, presented: string): Promise<boolean>;
}

export interface Credentials {
  readonly apiTokens: ApiTokenCheck;
  readonly operators: BearerCheck;
  readonly monitorCallers: MonitorCallerCheck;
  readonly tickets: Tickets;
  /** Null: the dashboard is closed to nobody. */
  viewers(): BearerCheck | null;
  /** From the moment that it resolves only the new secrets are good. */
  replace(settings: CredentialSettings): Promise<void>;
}

export async function createCredentials(initial: CredentialSettings): Promise<Credentials> {
  let current = await createChecks(initial);
  const follow = (checkOf: (checks: Checks) => BearerCheck): BearerCheck => ({
    isKnown: (presented) => checkOf(current).isKnown(presented),
    isKnownElsewhere: (presented) => checkOf(current).isKnownElsewhere(presented),
  });
  return {
    apiTokens: { identify: (presented) => current.apiTokens.identify(presented) },
    operators: follow(({ operators }) => operators),
    monitorCallers: {
      isKnownFor: (monitor, presented) => current.monitorCallers.isKnownFor(monitor, presented),
    },
    tickets: {
      issue: (ticket) => current.tickets.issue(ticket),
      verify: (text) => current.tickets.verify(text),
    },
    viewers: () => current.viewers,
    replace: async (settings) => {
      current = await createChecks(settings);
    },
  };
}

type Checks = Awaited<ReturnType<typeof createChecks>>;

async function createChecks(settings: CredentialSettings) {
  const { apiTokens, operatorTokens, dashboardToken, ticketKeys } = settings;
  return {
    apiTokens: await createApiTokenCheck(apiTokens),
    operators: await createBearerCheck(
      operatorTokens,
      apiTokens.map(({ token }) => token),
    ),
    monitorCallers: await createMonitorCallerCheck(settings),
    tickets: await createTickets(ticketSecretsOf(ticketKeys, apiTokens)),
    viewers: dashboardToken === undefined ? null : await createBearerCheck([dashboardToken]),
  };
}

async function createMonitorCallerCheck({
  monitorToken,
  monitorTokens,
}: Pick<CredentialSettings, "monitorToken" | "monitorTokens">): Promise<MonitorCallerCheck> {
  const own = monitorTokens.map(({ monitor, token }) => ({ token, value: monitor }));
  const matcher = await createTokenMatcher<string | null>([...own, { token: monitorToken, value: null }]);
  return {
    isKnownFor: async (monitor, presented) => {
      const speaksFor = await matcher.match(presented);
      const hasOwn = monitorTokens.some((one) => one.monitor === monitor);
      return speaksFor.includes(hasOwn ? monitor : null);
    },
  };
}
