// An installation of a GitHub App, and a token for it, in GitHub's words.
import { nodeId, wholeSeconds } from "./artifact-json.ts";
import type { Installation, InstallationToken } from "./installations.ts";

/** What the App asked for when it was registered. */
const permissions = { actions: "read", metadata: "read" };

export function writeInstallation(apiUrl: string, appId: string, { id, owner }: Installation): Record<string, unknown> {
  const createdAt = "2024-02-09T20:51:14Z";
  return {
    id,
    client_id: "Iv1.ab1112223334445c",
    account: writeOrganization(apiUrl, id, owner),
    repository_selection: "all",
    access_tokens_url: `${apiUrl}/app/installations/${id}/access_tokens`,
    repositories_url: `${apiUrl}/installation/repositories`,
    html_url: `https://github.com/organizations/${owner}/settings/installations/${id}`,
    app_id: Number(appId),
    app_slug: "runner-queue",
    target_id: id,
    target_type: "Organization",
    permissions,
    events: [],
    created_at: createdAt,
    updated_at: createdAt,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: null,
  };
}

export function writeInstallationToken({ token, expiresAt }: InstallationToken): Record<string, unknown> {
  return { token, expires_at: wholeSeconds(expiresAt), permissions, repository_selection: "all" };
}

function writeOrganization(apiUrl: string, id: number, login: string): Record<string, unknown> {
  const url = `${apiUrl}/users/${login}`;
  return {
    login,
    id,
    node_id: nodeId("Organization", id),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: "",
    url,
    html_url: `https://github.com/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: "Organization",
    user_view_type: "public",
    site_admin: false,
  };
}
