// As much of GitHub's expression language as our actions use: names, strings, `!`, `==`, `&&`, `||`
// and the status functions. Whatever else an action comes to use is an error here, not a guess.

/** A tree of strings, as the contexts `inputs` and `steps` are. */
export type Context = { readonly [name: string]: Context | string };

export interface JobStatus {
  /** Of the steps so far. */
  readonly hasFailed: boolean;
  readonly isCancelled: boolean;
}

type Value = string | boolean;

/** Replaces every `${{ ... }}` in `text`. */
export function interpolate(text: string, context: Context, status: JobStatus): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_whole, expression: string) =>
    String(evaluate(expression, context, status)),
  );
}

/** An `if:`, with or without `${{ }}`. One that asks no status function runs on success only. */
export function decideIf(condition: string | undefined, context: Context, status: JobStatus): boolean {
  const expression = (condition ?? "success()").trim().replace(/^\$\{\{(.*)\}\}$/s, "$1");
  const asksStatus = /\b(success|failure|always|cancelled)\s*\(/.test(expression);
  const whole = asksStatus ? expression : `success() && (${expression})`;
  return isTrue(evaluate(whole, context, status));
}

function evaluate(expression: string, context: Context, status: JobStatus): Value {
  const tokens = [...expression.matchAll(/\s*('(?:[^']|'')*'|[A-Za-z_][\w.-]*|&&|\|\||==|[!()])/gy)].map(
    ([, token]) => token ?? "",
  );
  if (tokens.join("").length !== expression.replace(/('(?:[^']|'')*')|\s+/g, "$1").length) {
    throw new Error(`the tests do not know this expression: ${expression}`);
  }
  let at = 0;
  const isNext = (token: string): boolean => tokens[at] === token && ++at > 0;

  function either(): Value {
    let left = both();
    while (isNext("||")) {
      const right = both();
      left = isTrue(left) ? left : right;
    }
    return left;
  }
  function both(): Value {
    let left = equality();
    while (isNext("&&")) {
      const right = equality();
      left = isTrue(left) ? right : left;
    }
    return left;
  }
  function equality(): Value {
    const left = single();
    return isNext("==") ? String(left).toLowerCase() === String(single()).toLowerCase() : left;
  }
  function single(): Value {
    if (isNext("!")) return !isTrue(single());
    if (isNext("(")) {
      const inner = either();
      if (!isNext(")")) throw new Error(`a bracket is open: ${expression}`);
      return inner;
    }
    const token = tokens[at++] ?? "";
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (isNext("(")) {
      if (!isNext(")")) throw new Error(`the tests know no function with arguments: ${expression}`);
      return statusFunction(token, status);
    }
    return lookUp(token, context);
  }

  const value = either();
  if (at !== tokens.length) throw new Error(`the tests do not know this expression: ${expression}`);
  return value;
}

/**
 * Within an action success() and failure() look at its own steps only: a cancelled job changes
 * neither (actions/runner, SuccessFunction.cs).
 */
function statusFunction(name: string, { hasFailed, isCancelled }: JobStatus): boolean {
  switch (name) {
    case "always":
      return true;
    case "cancelled":
      return isCancelled;
    case "failure":
      return hasFailed;
    case "success":
      return !hasFailed;
    default:
      throw new Error(`the tests know no function ${name}`);
  }
}

/** What is not there is empty, as at GitHub; but the context itself must be. */
function lookUp(path: string, context: Context): string {
  const [root = "", ...names] = path.split(".");
  if (context[root] === undefined) throw new Error(`no context ${root} in ${path}`);
  let value: Context | string | undefined = context[root];
  for (const name of names) value = typeof value === "object" ? value[name] : undefined;
  return typeof value === "string" ? value : "";
}

function isTrue(value: Value): boolean {
  return value !== "" && value !== false;
}
