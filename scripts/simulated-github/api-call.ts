// One request to the API as its route sees it.
import { type Answer, notFound } from "./answer.ts";
import { type Caller, refuseCaller, type Wish } from "./caller.ts";
import type { GithubState } from "./github-state.ts";
import type { Repository, Run } from "./repositories.ts";
import type { SeenRequest } from "./request-log.ts";

export interface ApiCall {
  readonly state: GithubState;
  readonly seen: SeenRequest;
  readonly url: URL;
  readonly caller: Caller;
  /** What the groups of the route's path matched, unescaped. */
  readonly path: Readonly<Record<string, string>>;
}

/** Of the path's owner and repo. What nobody knows is not there for strangers either. */
export function withRepository(call: ApiCall, wish: Wish, then: (repository: Repository) => Answer): Answer {
  const { state, caller, path } = call;
  const repository = state.repositories.find(`${path.owner}/${path.repo}`);
  if (repository === null) return notFound;
  return refuseCaller(caller, wish, repository) ?? then(repository);
}

export function withRun(call: ApiCall, wish: Wish, then: (run: Run) => Answer): Answer {
  return withRepository(call, wish, (repository) => {
    const run = repository.runs.get(call.path.id ?? "");
    return run === undefined ? notFound : then(run);
  });
}
