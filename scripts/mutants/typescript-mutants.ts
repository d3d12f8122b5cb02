// The mutants of a TypeScript file: every place where one of the operators below applies. Types are
// stripped first, in place, so that offsets stay those of the file.
import { stripTypeScriptTypes } from "node:module";
import { type AnyNode, parse } from "acorn";
import { applyEdit, type Edit, type Mutant, mutantsOf } from "./mutant.ts";

interface Change extends Edit {
  readonly operator: string;
}

/** Warns once that Node calls this experimental. */
export const stripTypes = (source: string): string => stripTypeScriptTypes(source);

const parseModule = (source: string) => parse(source, { ecmaVersion: "latest", sourceType: "module" });

export function findTypeScriptMutants(file: string, source: string): Mutant[] {
  const stripped = stripTypes(source);
  const changes: Change[] = [];
  visit(parseModule(stripped), null, (node, parent) => changes.push(...changesAt(node, parent, stripped)));
  return mutantsOf(
    file,
    source,
    changes.filter((change) => isProgram(applyEdit(stripped, change))),
  );
}

function isProgram(source: string): boolean {
  try {
    parseModule(source);
    return true;
  } catch {
    return false;
  }
}

function visit(node: AnyNode, parent: AnyNode | null, look: (node: AnyNode, parent: AnyNode | null) => void): void {
  look(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === "object" && "type" in child) visit(child as AnyNode, node, look);
    }
  }
}

const binaryTwins: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "**": ["*"],
  "^": ["|"],
};
const logicalTwins: Readonly<Record<string, string>> = { "&&": "||", "||": "&&", "??": "&&" };
const assignmentTwins: Readonly<Record<string, string>> = { "+=": "-=", "-=": "+=", "*=": "/=" };
const methodTwins: Readonly<Record<string, string>> = {
  min: "max",
  max: "min",
  floor: "ceil",
  ceil: "floor",
  some: "every",
  every: "some",
};
/** Methods without which there is still something to go on with. */
const droppable = new Set([
  "filter",
  "sort",
  "toSorted",
  "slice",
  "reverse",
  "toLowerCase",
  "trim",
  "padStart",
  "toSpliced",
]);

const whole = (node: AnyNode, operator: string, replacement: string): Change => ({
  start: node.start,
  end: node.end,
  replacement,
  operator,
});

function changesAt(node: AnyNode, parent: AnyNode | null, source: string): Change[] {
  const text = (part: AnyNode) => source.slice(part.start, part.end);
  switch (node.type) {
    case "BinaryExpression":
      return (binaryTwins[node.operator] ?? []).map((twin) =>
        between(node.left, node.right, node.operator, twin, source),
      );
    case "LogicalExpression": {
      const twin = logicalTwins[node.operator];
      const swapped = twin === undefined ? [] : [between(node.left, node.right, node.operator, twin, source)];
      if (node.operator === "??") return swapped;
      return [...swapped, whole(node, "condition", text(node.left)), whole(node, "condition", text(node.right))];
    }
    case "IfStatement":
    case "ConditionalExpression":
      return ["true", "false"].map((value) => whole(node.test, "condition", value));
    case "WhileStatement":
      return [whole(node.test, "condition", "false")];
    case "UnaryExpression":
      return node.operator === "!" || node.operator === "-" ? [whole(node, "negation", text(node.argument))] : [];
    case "UpdateExpression":
      return [
        whole(
          node,
          "arithmetic",
          text(node).replace(/\+\+|--/, (sign) => (sign === "++" ? "--" : "++")),
        ),
      ];
    case "AssignmentExpression": {
      const twin = assignmentTwins[node.operator];
      return twin === undefined ? [] : [between(node.left, node.right, node.operator, twin, source)];
    }
    case "Literal":
      return literalChanges(node, parent);
    case "TemplateLiteral":
      return [whole(node, "text", '""')];
    case "ArrayExpression":
      return node.elements.length > 0 ? [whole(node, "list emptied", "[]")] : [];
    case "ObjectExpression":
      return node.properties.map((property) => ({
        ...withComma(property, source),
        replacement: "",
        operator: "property removed",
      }));
    case "ArrowFunctionExpression":
      return node.expression ? [whole(node.body, "result", "undefined")] : [];
    case "ExpressionStatement":
      return "directive" in node && node.directive !== undefined ? [] : [whole(node, "statement removed", ";")];
    case "ReturnStatement":
    case "ThrowStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return [whole(node, "statement removed", ";")];
    case "ChainExpression":
      return [...text(node).matchAll(/\?\.(?=[A-Za-z_#])/g)].map(({ index }) => ({
        start: node.start + index,
        end: node.start + index + 2,
        replacement: ".",
        operator: "optional chain",
      }));
    case "CallExpression":
      return callChanges(node, text);
    default:
      return [];
  }
}

function between(left: AnyNode, right: AnyNode, from: string, to: string, source: string): Change {
  const start = left.end + source.slice(left.end, right.start).indexOf(from);
  const operator =
    /[<>=]/.test(from) && !from.endsWith("=") ? "comparison" : from.length > 1 ? "operator" : "arithmetic";
  return { start, end: start + from.length, replacement: to, operator };
}

function literalChanges(node: AnyNode & { type: "Literal" }, parent: AnyNode | null): Change[] {
  const isKey = parent?.type === "Property" && parent.key === node && !parent.computed;
  const isName = parent?.type === "ImportDeclaration" || parent?.type === "ExportNamedDeclaration";
  if (isKey || isName) return [];
  if (typeof node.value === "boolean") return [whole(node, "constant", String(!node.value))];
  // lists of words are types written down
  if (typeof node.value === "string" && parent?.type === "ArrayExpression") return [];
  if (typeof node.value === "string") return [whole(node, "text", node.value === "" ? '"mutated"' : '""')];
  if (typeof node.value !== "number") return [];
  const values = node.value === 0 ? [1] : [node.value - 1, node.value + 1];
  return values.map((value) => whole(node, "constant", String(value)));
}

function callChanges(node: AnyNode & { type: "CallExpression" }, text: (part: AnyNode) => string): Change[] {
  const { callee } = node;
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return [];
  const { name } = callee.property;
  const twin = methodTwins[name];
  if (twin !== undefined) return [whole(callee.property, "method", twin)];
  return droppable.has(name) ? [whole(node, "method removed", text(callee.object))] : [];
}

/** A property with the comma behind it. */
function withComma(property: AnyNode, source: string): { readonly start: number; readonly end: number } {
  const comma = /^\s*,/.exec(source.slice(property.end));
  return { start: property.start, end: property.end + (comma?.[0].length ?? 0) };
}
