// The rules of the artifact proof, and of who is let in at all, as plain functions.
import { describe, expect, it } from "vitest";
import { isRepoAllowed } from "../../src/auth/allowed-repos.ts";
import { decideArtifact, matchProof, parseProofText } from "../../src/github/artifact-proof.ts";
import { decidePause, readBudget } from "../../src/github/github-budget.ts";
import { createLookupLimits, lookupLimits } from "../../src/github/lookup-limits.ts";

describe("ALLOWED_REPOS", () => {
  it.each([
    ["servo/servo", true],
    ["SERVO/Servo", true],
    ["servo/other", false],
    ["servo/servo2", false],
    ["servo2/servo", false],
    ["mozilla/anything", true],
    ["Mozilla/x", true],
    ["mozilla-evil/x", false],
    ["evil/mozilla", false],
  ])("lets %s in: %s", (repo, isAllowed) => {
    expect(isRepoAllowed(["Servo/servo", "mozilla/"], repo)).toBe(isAllowed);
  });

  it("lets nobody in where it is empty", () => {
    expect(isRepoAllowed([], "servo/servo")).toBe(false);
  });
});

describe("which artifact counts", () => {
  const artifact = (id: number, createdAt: number, isExpired = false) => ({ id, createdAt, isExpired, size: 300 });

  it("the newest that has not expired", () => {
    const chosen = decideArtifact(
      [artifact(1, 1000), artifact(2, 3000), artifact(3, 2000), artifact(4, 9000, true)],
      10_000,
      60_000,
    );
    expect(chosen).toMatchObject({ kind: "artifact", artifact: { id: 2 } });
  });

  it("none is missing, only expired ones are expired, an old one is too old by a millisecond", () => {
    expect(decideArtifact([], 0, 1000)).toMatchObject({ code: "artifact_missing" });
    expect(decideArtifact([artifact(1, 0, true)], 0, 1000)).toMatchObject({ code: "artifact_expired" });
    expect(decideArtifact([artifact(1, 0)], 1000, 1000)).toMatchObject({ kind: "artifact" });
    expect(decideArtifact([artifact(1, 0)], 1001, 1000)).toMatchObject({ code: "artifact_too_old" });
  });
});

describe("the text of an artifact", () => {
  const parse = (text: string) => parseProofText(new TextEncoder().encode(text));
  const good = "unique_id=u\nqualified_repo=o/r\nrun_id=7\nself_hosted_image_name=linux\n";

  it("is key=value lines; keys that we do not know are left alone, line ends may be Windows'", () => {
    expect(parse(`${good}self_hosted_runner_count=3\nfuture=a=b\n\n`)).toMatchObject({
      text: {
        uniqueId: "u",
        qualifiedRepo: "o/r",
        runId: "7",
        profileKey: "linux",
        runnerCount: "3",
        codeChallenge: null,
      },
    });
    expect(parse(good.replaceAll("\n", "\r\n"))).toMatchObject({ text: { profileKey: "linux", runnerCount: "1" } });
  });

  it("names the profile by the key of the deployed action or that of its next version, or by both alike", () => {
    const next = good.replace("self_hosted_image_name", "self_hosted_profile");
    expect(parse(next)).toMatchObject({ text: { profileKey: "linux" } });
    expect(parse(`${good}self_hosted_profile=linux\n`)).toMatchObject({ text: { profileKey: "linux" } });
    expect(parse(`${good}self_hosted_profile=\n`)).toMatchObject({ text: { profileKey: "linux" } });
    expect(parse(`${good}self_hosted_profile=windows\n`)).toMatchObject({
      code: "artifact_malformed",
      detail: "Its file names two profiles",
    });
    expect(parse(good.replace(/self_hosted.*\n/, ""))).toMatchObject({
      code: "artifact_malformed",
      detail: "Its file lacks self_hosted_image_name",
    });
  });

  it.each([
    ["not text", new Uint8Array([0xff, 0xfe, 0x00])],
    ["a line without =", `${good}hello\n`],
    ["a key given twice", `${good}run_id=8\n`],
    ["a key that is missing", good.replace("run_id=7\n", "")],
    ["a key without a value", good.replace("run_id=7", "run_id=")],
    ["an endless line", `${good}x=${"y".repeat(600)}\n`],
    ["nothing at all", ""],
  ])("%s is refused with a sentence that quotes nothing", (_, text) => {
    const result = typeof text === "string" ? parse(text) : parseProofText(text);
    expect(result).toMatchObject({ kind: "refused", code: "artifact_malformed" });
    expect(JSON.stringify(result)).not.toContain("yyy");
  });

  it("must name the very job that the request does, and know its verifier", () => {
    const text = { uniqueId: "u", qualifiedRepo: "o/r", runId: "7", profileKey: "linux", runnerCount: "1" };
    const open = { ...text, codeChallenge: null };
    const bound = { ...text, codeChallenge: "c" };
    const request = { uniqueId: "u", qualifiedRepo: "O/R", runId: "7", codeVerifier: null };
    expect(matchProof(open, request, null)).toBe("proven");
    expect(matchProof(open, { ...request, uniqueId: "U" }, null)).toMatchObject({ code: "artifact_id_mismatch" });
    expect(matchProof(open, { ...request, qualifiedRepo: "o/r2" }, null)).toMatchObject({
      code: "artifact_repository_mismatch",
    });
    expect(matchProof(open, { ...request, runId: "77" }, null)).toMatchObject({ code: "artifact_run_mismatch" });
    expect(matchProof(bound, request, null)).toMatchObject({ code: "code_verifier_wrong" });
    expect(matchProof(bound, request, "d")).toMatchObject({ code: "code_verifier_wrong" });
    expect(matchProof(bound, request, "c")).toBe("proven");
  });
});

describe("GitHub's rate limits", () => {
  const now = 1_000_000_000;
  const headers = (given: Record<string, string>) => new Headers(given);
  const spent = {
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": String(now / 1000 + 600),
  };

  it("a spent budget pauses until its reset, whatever the status", () => {
    expect(decidePause(200, headers(spent), "", now)).toBe(now + 600_000);
    expect(decidePause(403, headers(spent), "", now)).toBe(now + 600_000);
  });

  it("Retry-After is obeyed; without it a secondary limit pauses a minute", () => {
    expect(decidePause(403, headers({ "retry-after": "17" }), "", now)).toBe(now + 17_000);
    expect(decidePause(429, headers({}), "", now)).toBe(now + 60_000);
    const date = new Date(now + 90_000).toUTCString();
    expect(decidePause(403, headers({ "retry-after": date }), "", now)).toBe(now + 90_000);
    expect(decidePause(403, headers({}), "You have exceeded a secondary rate limit", now)).toBe(now + 60_000);
  });

  it("a 403 about permissions is no limit, and absurd headers are none", () => {
    expect(decidePause(403, headers({ "x-ratelimit-remaining": "4000" }), "Resource not accessible", now)).toBe(0);
    expect(decidePause(403, headers({ "retry-after": "99999999999" }), "", now)).toBe(now + 3_600_000);
    expect(readBudget(headers({ ...spent, "x-ratelimit-reset": "soon" }))).toBe(null);
  });
});

describe("what look-ups cost a caller", () => {
  it("refused ones are counted and melt away; honest ones are free", () => {
    let now = 0;
    const limits = createLookupLimits(() => now);
    for (let i = 0; i < 10 * lookupLimits.caller.size; i++) {
      expect(limits.begin("honest", `run ${i % 50}`).kind).toBe("go");
      limits.forgive("honest");
    }
    for (let i = 0; i < lookupLimits.caller.size; i++) expect(limits.begin("a", "r").kind).toBe("go");
    expect(limits.begin("a", "r")).toEqual({ kind: "caller", retryAfterSeconds: 6 });
    expect(limits.begin("b", "r").kind).toBe("go");
    now += 6_000;
    expect(limits.begin("a", "r").kind).toBe("go");
    expect(limits.begin("a", "r").kind).toBe("caller");
  });

  it("a run that uploads proofs by the thousand is slowed down, and no other run with it", () => {
    const limits = createLookupLimits(() => 0);
    for (let i = 0; i < lookupLimits.run.size; i++) {
      expect(limits.begin(`address ${i}`, "greedy").kind).toBe("go");
      limits.forgive(`address ${i}`);
      limits.charge("greedy");
    }
    expect(limits.begin("another address", "greedy").kind).toBe("caller");
    expect(limits.begin("another address", "modest").kind).toBe("go");
  });

  it("a crowd of strangers spends no more than the common limit, however many they are", () => {
    let now = 0;
    const limits = createLookupLimits(() => now);
    let spent = 0;
    for (let second = 0; second < 3600; second++) {
      for (let i = 0; i < 20; i++) if (limits.begin(`stranger ${second}.${i}`, `run ${i}`).kind === "go") spent++;
      now += 1000;
    }
    expect(spent).toBeGreaterThan(1500);
    expect(spent).toBeLessThanOrEqual(2000);
  });
});
