// A directory for one test's files, and what real jq makes of them: the workflow steps that follow
// read the answer with it.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Gone when the test is over. */
export async function createTestDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "runner-queue-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export interface JqEnd {
  readonly exitCode: number;
  /** One line for each JSON document that the file holds. */
  readonly documents: readonly string[];
}

/** `jq -c -e . <file>`. jq is content with several documents in a row: count them. */
export function loadWithJq(file: string): Promise<JqEnd> {
  return new Promise((resolve, reject) => {
    execFile("jq", ["-c", "-e", ".", file], (error, stdout) => {
      if (error !== null && typeof error.code !== "number") return reject(error);
      const documents = stdout.split("\n").filter((line) => line !== "");
      resolve({ exitCode: typeof error?.code === "number" ? error.code : 0, documents });
    });
  });
}
