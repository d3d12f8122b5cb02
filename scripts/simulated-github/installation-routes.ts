// The routes of a GitHub App, all of which want its JWT: where it is installed, and a token for
// there.
import { type Answer, json, notFound, refusal } from "./answer.ts";
import type { ApiCall } from "./api-call.ts";
import { type AppIdentity, checkAppJwt } from "./app-jwt.ts";
import { writeInstallation, writeInstallationToken } from "./installation-json.ts";

export function findRepositoryInstallation(call: ApiCall): Promise<Answer> {
  const { state, path } = call;
  return asApp(call, (app) => {
    const repository = state.repositories.find(`${path.owner}/${path.repo}`);
    return repository === null ? notFound : answerInstallation(call, app, repository.owner);
  });
}

export function findAccountInstallation(call: ApiCall): Promise<Answer> {
  return asApp(call, (app) => answerInstallation(call, app, call.path.owner ?? ""));
}

export function createAccessToken(call: ApiCall): Promise<Answer> {
  const { installations } = call.state;
  return asApp(call, () => {
    const installation = installations.findById(Number(call.path.id));
    return installation === null ? notFound : json(201, writeInstallationToken(installations.giveToken(installation)));
  });
}

async function asApp({ state, seen, caller }: ApiCall, then: (app: AppIdentity) => Answer): Promise<Answer> {
  const { app } = state;
  // As strict as GitHub, which refuses even good tokens of another kind here.
  const jwt = caller.kind === "stranger" ? caller.bearer : "";
  const checked = app === null ? null : await checkAppJwt(jwt, app, Math.floor(Date.now() / 1000));
  if (app !== null && checked?.kind === "good") return then(app);
  const why = checked?.kind === "bad" ? checked.why : "There is no such App";
  state.log.object(seen, why);
  return refusal(401, why);
}

function answerInstallation({ state }: ApiCall, app: AppIdentity, owner: string): Answer {
  const installation = state.installations.findByOwner(owner);
  return installation === null ? notFound : json(200, writeInstallation(state.url, app.id, installation));
}
