import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Source {
  readonly path: string;
  readonly text: string;
  /** Text with comments and string contents replaced by spaces; lines and columns are unchanged. */
  readonly code: string;
}

export interface Import {
  readonly line: number;
  readonly specifier: string;
  readonly isType: boolean;
}

const ROOT = join(import.meta.dir, "..", "..");
const TEXT_FILES = /\.(?:tsx?|json|md|toml|yml|sh|html|css)$|(?:^|\/)(?:run|\.npmrc|\.gitignore)$/;

export function sourceOf(path: string, text: string): Source {
  let code: string | undefined;
  return {
    path,
    text,
    get code() {
      code ??= /\.tsx?$/.test(path) ? blanked(text) : text;
      return code;
    },
  };
}

export function repositorySources(): Source[] {
  const command = ["git", "ls-files", "-co", "--exclude-standard", "-z"];
  const { stdout } = Bun.spawnSync(command, { cwd: ROOT, stderr: "inherit" });
  return stdout
    .toString()
    .split("\0")
    .filter((path) => TEXT_FILES.test(path) && existsSync(join(ROOT, path)))
    .map((path) => sourceOf(path, readFileSync(join(ROOT, path), "utf8")));
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

export function importsOf(source: Source): Import[] {
  const found = source.code.matchAll(
    /^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']|\bimport\s*\(?\s*["']/gm,
  );
  return [...found].map((match) => {
    const start = match.index + match[0].length;
    const specifier = source.text.slice(start, source.text.slice(start).search(/["']/) + start);
    const isType = /^\s*(?:import|export) type\b/.test(match[0]);
    return { line: lineAt(source.text, start), specifier, isType };
  });
}

/**
 * A slash after a name or closing bracket is a division; in these contexts it begins a regular
 * expression.
 */
const BEFORE_REGEXP = /(?<=(?:^|[(,=:[!&|?{};]|=>|\breturn|\btypeof)\s*)/;
const REGEXP = /\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/;
const TOKEN = new RegExp(
  [
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[`{}]/.source,
    BEFORE_REGEXP.source + REGEXP.source,
  ].join("|"),
  "gm",
);
/** Text of a template up to its end or its next expression. */
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|$)/y;

const spaces = (text: string) => text.replaceAll(/[^\n]/g, " ");

export interface PatternLiteral {
  readonly line: number;
  readonly literal: string;
}

/** Literals of regular expressions. A slash at the end of a tag of JSX begins none. */
export function patternsIn({ text }: Source): readonly PatternLiteral[] {
  const found: PatternLiteral[] = [];
  blanked(text, (literal, index) => {
    if (!literal.startsWith("/>")) found.push({ line: lineAt(text, index), literal });
  });
  return found;
}

/**
 * Retains quotes, and the code inside the expressions of templates.
 * @param onPattern receives each literal of a regular expression
 */
function blanked(text: string, onPattern?: (literal: string, index: number) => void): string {
  const brackets: string[] = [];
  let code = "";
  let at = 0;
  const takeTemplateText = () => {
    TEMPLATE_TEXT.lastIndex = at;
    const [part] = TEMPLATE_TEXT.exec(text) ?? [""];
    at += part.length;
    if (part.endsWith("${")) brackets.push("${");
    return part.endsWith("`") ? `${spaces(part.slice(0, -1))}\`` : spaces(part);
  };
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) return code + text.slice(at);
    const [token] = match;
    code += text.slice(at, match.index);
    at = match.index + token.length;
    if (/^\/(?![/*])/.test(token)) onPattern?.(token, match.index);
    if (token === "{") brackets.push(token);
    const isTemplate = token === "`" || (token === "}" && brackets.pop() === "${");
    if (isTemplate) code += (token === "`" ? token : " ") + takeTemplateText();
    else if (token === "{" || token === "}") code += token;
    else if (/^["']/.test(token)) code += token[0] + spaces(token.slice(1, -1)) + token.at(-1);
    else code += spaces(token);
  }
}
