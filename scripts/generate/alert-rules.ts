// Prometheus's alert rules, made from the tables of docs/operations.md: one for each metric that
// has an alert there, with what to do then.

interface Rule {
  readonly name: string;
  readonly expression: string;
  readonly forSeconds: string | null;
  readonly means: string;
}

/** @param operations the text of docs/operations.md */
export function renderAlertRules(operations: string): string {
  const rules = operations.split("\n").flatMap(parseRow);
  const entries = rules.map(({ name, expression, forSeconds, means }) =>
    [
      `      - alert: ${name}`,
      `        expr: ${JSON.stringify(expression)}`,
      ...(forSeconds === null ? [] : [`        for: ${forSeconds}`]),
      "        annotations:",
      `          summary: ${JSON.stringify(means)}`,
    ].join("\n"),
  );
  return `# Alerts of docs/operations.md, for Prometheus's rule_files. Written by \`npm run generate\`.
groups:
  - name: runner-queue
    rules:
${entries.join("\n")}
`;
}

/** \`| metric | says | alert | then |\`; nothing where the metric has no alert of its own. */
function parseRow(line: string): Rule[] {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  const [, metric = "", , alert = "", then = ""] = cells;
  const [, name] = /^`runner_queue_(\w+)`$/.exec(metric) ?? [];
  const [, expression, forSeconds] = /^`([^`]+)`(?: for (\d+[smh]))?$/.exec(alert) ?? [];
  if (name === undefined || expression === undefined) return [];
  const words = name.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return [
    {
      name: `RunnerQueue${words.join("")}`,
      expression,
      forSeconds: forSeconds ?? null,
      means: then.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1").replaceAll("`", ""),
    },
  ];
}
