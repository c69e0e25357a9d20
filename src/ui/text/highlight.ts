/** Colours for code. Interfaces load this file at the first code block. */

import { common, createLowlight } from "lowlight";

export type CodeRole = "keyword" | "string" | "number" | "comment" | "name" | "type";

export interface CodePart {
  readonly text: string;
  readonly role: CodeRole | undefined;
}

type Highlighted = ReturnType<ReturnType<typeof createLowlight>["highlight"]>;
type HighlightedNode = Highlighted["children"][number];

/** In UTF-16 code units. Longer code has no colours, because it would stop the interface. */
const LENGTH_MAX = 20_000;
/** Classes of highlight.js by role; code of other classes has no colour. */
const ROLES: Readonly<Record<CodeRole, string>> = {
  keyword: "keyword literal selector-tag operator built_in meta deletion",
  string: "string regexp symbol char link addition quote",
  number: "number",
  comment: "comment doctag",
  name: "title section attr attribute name selector-id selector-class",
  type: "type class",
};
const ROLE_OF = new Map<string, CodeRole>(
  Object.entries(ROLES).flatMap(([role, classes]) =>
    classes.split(" ").map((name) => [`hljs-${name}`, role as CodeRole] as const),
  ),
);
const LOWLIGHT = createLowlight(common);

/** @returns `undefined` if the language is unknown or the code is too long */
export function highlight(language: string, code: string): readonly CodePart[] | undefined {
  const name = language.toLowerCase();
  if (code.length > LENGTH_MAX || name === "" || !LOWLIGHT.registered(name)) return undefined;
  return LOWLIGHT.highlight(name, code).children.flatMap((node) => partsOf(node, undefined));
}

function partsOf(node: HighlightedNode, role: CodeRole | undefined): readonly CodePart[] {
  if (node.type === "text") return [{ text: node.value, role }];
  if (node.type !== "element") return [];
  const classes = node.properties["className"];
  const own = Array.isArray(classes) ? ROLE_OF.get(String(classes[0])) : undefined;
  return node.children.flatMap((child) => partsOf(child, own ?? role));
}
