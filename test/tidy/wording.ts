import { matches, type Rule, type Source, type Violation } from "./source.ts";

export const RETIRED_IDIOMS: readonly RegExp[] = [
  /(?<!-)\banew\b|\bfor good\b|\bfor now\b|\bon purpose\b|\bunder way\b|\bwhereabouts\b/,
  /\b(?:go|goes|went|going) on(?: (?:with|as|where)\b|[.,;])/,
  /\b(?:come|comes|came) in(?: by\b|[.,;])|\b(?:puts?|lets?|going) (?:him |her |them )?out\b/,
  /\blets? (?:him|her|them|others|somebody) in\b|\b(?:is|are|was|were|be) told\b/,
  /\b(?:said until|has no words)\b/,
];

const OPENING =
  /^(?:What|Whatever|Who|Whoever|Whom|Whose|Where|Wherever|Of|By|Once|One|So|Nobody)\b.*/;

/** Words of identifiers with the term that replaces them. */
const RETIRED_WORDS: Readonly<Record<string, string>> = {
  anew: "again",
  deaf: "paused",
  heard: "received",
  hears: "receives",
  modest: "within limits",
  news: "events or messages",
  owed: "pending",
  stranger: "unauthenticated client",
  tell: "notify",
  tells: "notifies",
  telling: "notifying",
  told: "notified",
  visitor: "client",
  whereabouts: "addresses",
};

const FIXED_NAMES: ReadonlySet<string> = new Set([
  "anew", // Row of the lease in the sealed database.
  "stranger", // Reason of a refused commit, which JSON output contains.
  "news", // Message between the servers of a cluster.
]);

const isCode = ({ path }: Source) =>
  /^(?:bench|scripts|src|test\/(?:e2e|fuzz|worlds))\/.*\.tsx?$/.test(path);

export const wording: Rule = {
  name: "wording",
  check: (files) =>
    files
      .filter(isCode)
      .flatMap((source) => [...openings(source), ...idioms(source), ...retiredNames(source)]),
};

function openings(source: Source): Violation[] {
  return commentsIn(source)
    .filter(({ text }) => OPENING.test(text))
    .map(({ line, text }) => {
      const message = `begin with the subject: ${text.slice(0, 60)}`;
      return { rule: "wording", path: source.path, line, message };
    });
}

function idioms({ path, text, code }: Source): Violation[] {
  const chars = text.split("").map((char, i) => (/\s/.test(code[i] ?? "") ? char : " "));
  const prose = chars.join("");
  return RETIRED_IDIOMS.flatMap((idiom) =>
    matches("wording", { path, text: prose, code }, idiom, "retired idiom", "text"),
  );
}

function retiredNames(source: Source): Violation[] {
  const names = new Set(source.code.match(/[A-Za-z_$][\w$]*/g));
  return [...names].flatMap((name) => {
    const word = wordsIn(name).find((part) => Object.hasOwn(RETIRED_WORDS, part));
    if (word === undefined || FIXED_NAMES.has(name)) return [];
    const use = RETIRED_WORDS[word];
    const pattern = new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`);
    return matches("wording", source, pattern, `instead of "${word}" use "${use}"`).slice(0, 1);
  });
}

function wordsIn(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[ _$]+/)
    .map((word) => word.toLowerCase());
}

/** Comments without their marks; consecutive lines of `//` are one comment. */
function commentsIn({ text, code }: Source): { readonly line: number; readonly text: string }[] {
  const found: { line: number; text: string }[] = [];
  const lines = text.split("\n");
  const codeLines = code.split("\n");
  let isInBlock = false;
  let wasLine = false;
  for (const [i, line] of lines.entries()) {
    const trimmed = line.trim();
    const isBlock = !isInBlock && trimmed.startsWith("/*") && (codeLines[i] ?? "").trim() === "";
    const lineAt = isInBlock || isBlock ? -1 : line.indexOf("//");
    const isLine = lineAt >= 0 && (codeLines[i] ?? "").slice(lineAt).trim() === "";
    if (isBlock && trimmed !== "/**" && trimmed !== "/*") {
      found.push({ line: i + 1, text: trimmed.replace(/^\/\*+ ?/, "") });
    } else if (isInBlock && /^\/\*\*?$/.test((lines[i - 1] ?? "").trim())) {
      found.push({ line: i + 1, text: trimmed.replace(/^\*+ ?/, "") });
    } else if (isLine && !wasLine) {
      found.push({ line: i + 1, text: line.slice(lineAt + 2).trim() });
    }
    if (isBlock || isInBlock) isInBlock = !trimmed.includes("*/");
    wasLine = isLine;
  }
  return found;
}

const SUBJECT_COLUMNS_MAX = 72;
const SUBJECT = /^[a-z0-9][\w./ ,+&-]*: [a-z]/;
/** First words that are no imperative. */
const NOT_IMPERATIVE = /: (?:the|an?|all|what|who|where|how|of|by|it|no|not|\w+ing|\w+ed)\b/;
/** Imperatives that look like participles. */
const IMPERATIVE = /: (?:bring|embed|feed|need|seed|shed|speed|spring|string)\b/;

export function subjectFault(subject: string): string | undefined {
  if (subject.length > SUBJECT_COLUMNS_MAX) return `has ${subject.length} columns`;
  if (!SUBJECT.test(subject)) return "is not `area: imperative`";
  if (NOT_IMPERATIVE.test(subject) && !IMPERATIVE.test(subject)) return "begins with no imperative";
  if (subject.endsWith(".")) return "ends with a full stop";
  const idiom = RETIRED_IDIOMS.find((pattern) => pattern.test(subject));
  return idiom === undefined ? undefined : "contains a retired idiom";
}
