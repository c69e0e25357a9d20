import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Source {
  readonly path: string;
  readonly text: string;
  /** Text with comments and string contents replaced by spaces; lines and columns are unchanged. */
  readonly code: string;
}

export interface Violation {
  readonly rule: string;
  readonly path: string;
  /** Line from 1; 0 for the whole file. */
  readonly line: number;
  readonly message: string;
}

export interface Rule {
  readonly name: string;
  check(files: readonly Source[]): Violation[];
}

const ROOT = join(import.meta.dir, "..", "..");

const TEXT_FILES = /\.(?:tsx?|json|md|toml|yml|sh|html|css)$|(?:^|\/)(?:run|\.npmrc|\.gitignore)$/;

export function sourceOf(path: string, text: string): Source {
  return { path, text, code: /\.tsx?$/.test(path) ? blanked(text) : text };
}

export function repositorySources(): Source[] {
  return repositoryPaths()
    .filter((path) => TEXT_FILES.test(path) && existsSync(join(ROOT, path)))
    .map((path) => sourceOf(path, readFileSync(join(ROOT, path), "utf8")));
}

function repositoryPaths(): string[] {
  const command = ["git", "ls-files", "-co", "--exclude-standard", "-z"];
  const { stdout } = Bun.spawnSync(command, { cwd: ROOT, stderr: "inherit" });
  return stdout.toString().split("\0").filter(Boolean);
}

export function matches(
  rule: string,
  source: Source,
  pattern: RegExp,
  message: string,
  scope: "code" | "text" = "code",
): Violation[] {
  return [...source[scope].matchAll(new RegExp(pattern, "gm"))].map((match) => ({
    rule,
    path: source.path,
    line: lineAt(source.text, match.index),
    message: `${message}: ${match[0].trim().slice(0, 60)}`,
  }));
}

/** Forbidden pattern, the message, and "text" to search comments and strings too. */
export type Pattern = readonly [RegExp, string, "text"?];

export function patternRule(name: string, path: RegExp, patterns: readonly Pattern[]): Rule {
  return {
    name,
    check: (files) =>
      files
        .filter((source) => path.test(source.path))
        .flatMap((source) =>
          patterns.flatMap(([pattern, message, scope]) =>
            matches(name, source, pattern, message, scope),
          ),
        ),
  };
}

export const SYSTEM_IMPORT = /\b(?:from|import)\s*\(?\s*["'](?:node|bun):[^"']*/;

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

export interface Import {
  readonly line: number;
  readonly specifier: string;
  readonly isType: boolean;
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
const TOKEN = new RegExp(
  [
    /\/\/[^\n]*|\/\*[\s\S]*?\*\//,
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`/,
    new RegExp(
      BEFORE_REGEXP.source + /\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/.source,
    ),
  ]
    .map(({ source }) => source)
    .join("|"),
  "gm",
);

/**
 * Replaces the contents of strings, templates, comments and regular expressions by spaces. Quotes
 * and the code inside `${}` remain.
 */
function blanked(text: string): string {
  const pattern = new RegExp(TOKEN);
  let code = "";
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) break;
    code += text.slice(at, match.index);
    if (match[0] === "`") {
      const [template, end] = blankedTemplate(text, match.index);
      code += template;
      at = end;
    } else {
      code += blankedToken(match[0]);
      at = match.index + match[0].length;
    }
  }
  return code + text.slice(at);
}

function blankedToken(token: string): string {
  const quoted = /^["']/.test(token);
  if (!quoted) return spaces(token);
  return `${token[0]}${spaces(token.slice(1, -1))}${token.at(-1)}`;
}

function spaces(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}

function blankedTemplate(text: string, start: number): [string, number] {
  let code = "`";
  let at = start + 1;
  while (at < text.length && text[at] !== "`") {
    if (text[at] === "\\") {
      code += "  ";
      at += 2;
    } else if (text.startsWith("${", at)) {
      const end = closingBrace(text, at + 2);
      code += `  ${blanked(text.slice(at + 2, end))} `;
      at = end + 1;
    } else {
      code += text[at] === "\n" ? "\n" : " ";
      at++;
    }
  }
  return [`${code}\``, at + 1];
}

function closingBrace(text: string, start: number): number {
  let depth = 1;
  let at = start;
  while (at < text.length) {
    if (text[at] === "`") at = blankedTemplate(text, at)[1] - 1;
    else if (text[at] === "{") depth++;
    else if (text[at] === "}") depth--;
    if (depth === 0) break;
    at++;
  }
  return at;
}
