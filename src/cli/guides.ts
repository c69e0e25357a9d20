/** Guides from docs/, which the build packs into the program for `chat help` and `/help`. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { decodeJson } from "../base/decode.ts";
import { embeddedFile } from "./embedded-files.ts";
import { MAIN_SOURCE, ROOT } from "./page-plugins.ts";

export const GUIDES_NAME = "chat.guides";

export interface Guide {
  /** Name of the file in docs/, without its extension. */
  readonly name: string;
  readonly title: string;
  /** Contents in a few words. */
  readonly about: string;
  /** Heading in the list of guides. */
  readonly group: string;
  /** Markdown. */
  readonly text: string;
}

export function packGuides(guides: readonly Guide[]): Uint8Array {
  return brotliCompressSync(JSON.stringify(guides));
}

/** Returns the guides in the order of README; empty if the program was built without them. */
export async function loadGuides(): Promise<readonly Guide[]> {
  const bytes = await embeddedFile(".guides");
  if (bytes !== undefined) return decodeJson(brotliDecompressSync(bytes).toString()) as Guide[];
  return existsSync(MAIN_SOURCE) ? buildGuides() : [];
}

/** A heading or a guide in README's table of documents. */
const ROW =
  /^\| (?:\*\*(?<group>[^:*]+)[^*]*\*\*|\[docs\/(?<name>[\w-]+)\.md\].* \| (?<about>.+)) \|$/gm;

/** The guides of README's table, and SECURITY.md. */
export function buildGuides(): readonly Guide[] {
  const guides: Guide[] = [];
  let group = "";
  for (const { groups: row = {} } of read("README.md").matchAll(ROW)) {
    const { group: heading, name, about = "" } = row;
    if (name === undefined) group = heading ?? "";
    else {
      const plain = about.replaceAll("`", "");
      guides.push(guideOf(`docs/${name}.md`, { name, about: plain, group }));
    }
    if (name === "proofs") {
      const about = "what is protected, and from whom";
      guides.push(guideOf("SECURITY.md", { name: "security", about, group }));
    }
  }
  return guides;
}

function guideOf(path: string, fields: Pick<Guide, "name" | "about" | "group">): Guide {
  const text = read(path);
  const title = /^# (.+)$/m.exec(text)?.[1] ?? fields.name;
  return { ...fields, title: title.replaceAll("`", ""), text };
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A block of code, an image or a link, or code in a line, in which brackets make no links. */
const LINK = new RegExp(
  [
    String.raw`^\`\`\`[\s\S]*?^\`\`\`$`,
    String.raw`(?<image>!?)\[(?<label>(?:\`[^\`]*\`|[^\]\`])*)\]\((?<target>[^)\s]+)\)`,
    String.raw`\`[^\`\n]*\``,
  ].join("|"),
  "gm",
);
/** Path of a guide, seen from docs/ or from the folder above it. */
const GUIDE_PATH = /^(?:\.\.\/|docs\/)?(?<name>[\w-]+)\.md(?<hash>#.*)?$/;
const EXTERNAL = /^(?:https?|mailto):/;

/**
 * Replaces the targets of links to other guides; links to documents that are not in the program
 * become plain text, and images their description.
 * @param targetOf returns `undefined` if the link becomes plain text
 */
export function withGuideLinks(
  { text }: Guide,
  guides: readonly Guide[],
  targetOf: (name: string, hash: string) => string | undefined,
): string {
  const names = new Set(guides.map(({ name }) => name));
  return text.replaceAll(LINK, (whole, ...rest) => {
    const { image, label = "", target } = rest.at(-1) as Readonly<Record<string, string>>;
    if (target === undefined || EXTERNAL.test(target)) return whole;
    if (image === "!") return `*(Picture: ${label})*`;
    const { name = "", hash = "" } = GUIDE_PATH.exec(target)?.groups ?? {};
    const known = target.startsWith("#") ? "" : name.toLowerCase();
    if (known !== "" && !names.has(known)) return label;
    const href = targetOf(known, target.startsWith("#") ? target : hash);
    if (href === undefined) return label;
    return `[${label}](${href.includes(" ") ? `<${href}>` : href})`;
  });
}
