import type { Found } from "./rules.ts";
import { lineAt, type Source } from "./source.ts";

export const RETIRED_IDIOMS: readonly RegExp[] = [
  /(?<!-)\banew\b|\bfor good\b|\bfor now\b|\bon purpose\b|\bunder way\b|\bwhereabouts\b/,
  /\b(?:go|goes|went|going) on(?: (?:with|as|where)\b|[.,;])/,
  /\b(?:come|comes|came) in(?: by\b|[.,;])|\b(?:puts?|lets?|going) (?:him |her |them )?out\b/,
  /\blets? (?:him|her|them|others|somebody) in\b|\b(?:is|are|was|were|be) told\b/,
  /\b(?:said until|has no words)\b/,
];

const OPENING =
  /^(?:What|Whatever|Who|Whoever|Whom|Whose|Where|Wherever|Of|By|Once|One|So|Nobody)\b/;
const RETIRED_WORD =
  /^(?:anew|deaf|heard|hears|modest|news|owed|stranger|tells?|telling|told|visitor|whereabouts)$/;
/** A row of the sealed database, a reason in JSON output, and a message between servers. */
const FIXED_NAMES: ReadonlySet<string> = new Set(["anew", "stranger", "news"]);

/** Consecutive lines of `//` are one comment. */
export function openingsOf({ text, code }: Source): Found[] {
  return [...text.matchAll(/(?:\/\/|\/\*+)[\s*]*([^\n]*)/g)].flatMap((match) => {
    const isComment = code[match.index] === " ";
    const isContinued = /\/\/[^\n]*\n[ \t]*$/.test(text.slice(0, match.index).slice(-200));
    if (!isComment || isContinued || !OPENING.test(match[1] ?? "")) return [];
    return [{ line: lineAt(text, match.index), message: `begin with the subject: ${match[1]}` }];
  });
}

export function misnamed({ text, code }: Source): Found[] {
  const names = new Map([...code.matchAll(/[A-Za-z_$][\w$]*/g)].map((match) => [match[0], match]));
  return [...names.values()].flatMap(({ 0: name, index }) => {
    const words = name
      .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .split(/[ _$]+/);
    if (FIXED_NAMES.has(name) || !words.some((word) => RETIRED_WORD.test(word))) return [];
    return [{ line: lineAt(text, index), message: `retired word (see the glossary): ${name}` }];
  });
}

const VERB_LIKE_PARTICIPLE = "bring|embed|feed|need|seed|shed|speed|spring|string";
const NO_VERB = new RegExp(
  `: (?!${VERB_LIKE_PARTICIPLE})(?:the|an?|all|by|it|no|not|\\w+ing|\\w+ed)\\b`,
);

/** Reports whether a commit's subject is `area: imperative` in at most 72 columns. */
export function isPlainSubject(subject: string): boolean {
  const isShaped = /^(?=.{1,72}$)[a-z0-9][\w./ ,+&-]*: [a-z].*[^.]$/.test(subject);
  return isShaped && ![NO_VERB, ...RETIRED_IDIOMS].some((pattern) => pattern.test(subject));
}
