// What is printed at the end: by file how many mutants there were and how many were killed, and
// every survivor.
import { type AcceptedSurvivors, findReason } from "./accepted-survivors.ts";
import { describeMutant, type Verdict } from "./mutant.ts";

export interface FileFigures {
  readonly file: string;
  readonly mutants: number;
  readonly killed: number;
  readonly timedOut: number;
  readonly accepted: number;
  readonly survived: number;
}

export interface Report {
  readonly files: readonly FileFigures[];
  readonly total: FileFigures;
  readonly survivors: readonly { readonly file: string; readonly line: number; readonly mutant: string }[];
  /**
   * of the list of accepted survivors: tests notice them by now, or the code does not say that any
   * more
   */
  readonly outdated: readonly { readonly file: string; readonly mutant: string }[];
}

export function summarise(verdicts: readonly Verdict[], accepted: AcceptedSurvivors): Report {
  const survivors = verdicts.filter(({ fate }) => fate === "survived");
  const unexplained = survivors.filter(({ mutant }) => findReason(accepted, mutant) === null);
  const figures = (file: string, ofFile: readonly Verdict[]): FileFigures => {
    const count = (fate: Verdict["fate"]) => ofFile.filter((one) => one.fate === fate).length;
    const survived = ofFile.filter((one) => unexplained.includes(one)).length;
    return {
      file,
      mutants: ofFile.length,
      killed: count("killed"),
      timedOut: count("timed out"),
      accepted: count("survived") - survived,
      survived,
    };
  };
  const files = [...new Set(verdicts.map(({ mutant }) => mutant.file))];
  const stillSurvive = new Set(survivors.map(({ mutant }) => `${mutant.file} ${describeMutant(mutant)}`));
  return {
    files: files.map((file) =>
      figures(
        file,
        verdicts.filter(({ mutant }) => mutant.file === file),
      ),
    ),
    total: figures("all", verdicts),
    survivors: unexplained.map(({ mutant }) => ({
      file: mutant.file,
      line: mutant.line,
      mutant: describeMutant(mutant),
    })),
    outdated: files.flatMap((file) =>
      (accepted[file] ?? [])
        .filter(({ mutant }) => !stillSurvive.has(`${file} ${mutant}`))
        .map(({ mutant }) => ({ file, mutant })),
    ),
  };
}

export function renderReport({ files, total, survivors, outdated }: Report): string {
  const percent = ({ mutants, killed, timedOut }: FileFigures) =>
    mutants === 0 ? "-" : `${(((killed + timedOut) / mutants) * 100).toFixed(1)} %`;
  const rows = [...files, total].map((one) => [
    one.file,
    String(one.mutants),
    percent(one),
    String(one.timedOut),
    String(one.accepted),
    String(one.survived),
  ]);
  const table = [
    ["file", "mutants", "killed", "of them by time", "survive, explained", "survive"],
    ["---", "---:", "---:", "---:", "---:", "---:"],
    ...rows,
  ];
  const lines = table.map((cells) => `| ${cells.join(" | ")} |`);
  const survived = survivors.map(({ file, line, mutant }) => `${file}:${line} ${mutant}`);
  const gone = outdated.map(({ file, mutant }) => `${file} ${mutant}`);
  return [
    ...lines,
    ...(survived.length > 0 ? ["", "Nobody notices:", ...survived] : []),
    ...(gone.length > 0 ? ["", "In accepted-survivors.json, and not surviving:", ...gone] : []),
  ].join("\n");
}
