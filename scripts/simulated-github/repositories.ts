// What the simulated GitHub knows: public repositories, their runs, and the artifacts and jobs of
// those.

export interface Repository {
  readonly id: number;
  readonly owner: string;
  /** owner/repo, as it was first spelled. */
  readonly fullName: string;
  readonly runs: Map<string, Run>;
}

export interface Run {
  readonly id: string;
  readonly repository: Repository;
  readonly jobs: Job[];
  isCancelled: boolean;
}

export interface Artifact {
  readonly id: number;
  readonly run: Run;
  readonly name: string;
  readonly zip: Uint8Array;
  readonly createdAt: Date;
  readonly isExpired: boolean;
  readonly claimedSize: number;
}

export interface Job {
  readonly id: number;
  readonly name: string;
  readonly createdAt: Date;
  status: "queued" | "in_progress" | "completed";
  /** Which attempt of its run, from 1. */
  readonly attempt: number;
  readonly labels: readonly string[];
}

export interface Repositories {
  addRun(fullName: string, runId: string): Run;
  /** Owners and repositories are found in any case. */
  find(fullName: string): Repository | null;
  addArtifact(artifact: Omit<Artifact, "id">): Artifact;
  artifact(id: number): Artifact | null;
  /** Newest first. */
  artifactsOf(run: Run): Artifact[];
  removeArtifact(id: number): void;
  /** Returns the job's id. */
  putJob(run: Run, job: Pick<Job, "name" | "status"> & Partial<Pick<Job, "attempt" | "labels">>): number;
  removeRun(run: Run): void;
}

export function createRepositories(): Repositories {
  const repositories = new Map<string, Repository>();
  const artifacts = new Map<number, Artifact>();
  let lastId = 1000;

  function addRepository(fullName: string): Repository {
    const [owner = "", name = "", ...rest] = fullName.split("/");
    if (owner === "" || name === "" || rest.length > 0) throw new Error(`"${fullName}" is no owner/repo`);
    const repository = { id: ++lastId, owner, fullName, runs: new Map<string, Run>() };
    repositories.set(fullName.toLowerCase(), repository);
    return repository;
  }

  return {
    addRun(fullName, runId) {
      if (!/^[1-9]\d*$/.test(runId) || !Number.isSafeInteger(Number(runId))) throw new Error(`"${runId}" is no run id`);
      const repository = repositories.get(fullName.toLowerCase()) ?? addRepository(fullName);
      const run = repository.runs.get(runId) ?? { id: runId, repository, jobs: [], isCancelled: false };
      repository.runs.set(runId, run);
      return run;
    },
    find: (fullName) => repositories.get(fullName.toLowerCase()) ?? null,
    addArtifact(artifact) {
      const added = { ...artifact, id: ++lastId };
      artifacts.set(added.id, added);
      return added;
    },
    artifact: (id) => artifacts.get(id) ?? null,
    artifactsOf: (run) =>
      [...artifacts.values()]
        .filter((artifact) => artifact.run === run)
        .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || b.id - a.id),
    removeArtifact: (id) => void artifacts.delete(id),
    putJob(run, { name, status, attempt = 1, labels = ["self-hosted"] }) {
      const known = run.jobs.find((job) => job.name === name && job.attempt === attempt);
      if (known !== undefined) {
        known.status = status;
        return known.id;
      }
      run.jobs.push({ id: ++lastId, name, status, attempt, labels, createdAt: new Date() });
      return lastId;
    },
    removeRun: (run) => void run.repository.runs.delete(run.id),
  };
}
