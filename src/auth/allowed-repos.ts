// Which repositories may enqueue without a token of ours: ALLOWED_REPOS. An entry that ends in a
// slash names an owner, any other one repository; both whole, never as the beginning of a longer
// name, and without regard to case, as GitHub compares them.

/** @param qualifiedRepo owner/repo, checked before */
export function isRepoAllowed(allowed: readonly string[], qualifiedRepo: string): boolean {
  const repo = qualifiedRepo.toLowerCase();
  const owner = repo.slice(0, repo.indexOf("/") + 1);
  return allowed.some((entry) => {
    const one = entry.toLowerCase();
    return one.endsWith("/") ? one === owner : one === repo;
  });
}
