/** The packed page inside the binary. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { Page, PageFile } from "../../server/http/page.ts";
import { PAGE_SOURCE } from "../source-tree.ts";
import { iconsOf, MANIFEST_LINK, MANIFEST_PATH, manifest } from "./manifest.ts";
import { buildPage } from "./page-build.ts";

/** How the page lies in the compiled program: one file that build.ts puts beside the code. */
export const PACK_NAME = "page.pack";

interface PackedFile {
  readonly path: string;
  readonly type: string;
  readonly sha256: string;
  readonly identity: string;
  readonly br?: string;
  readonly gzip?: string;
}

interface Pack {
  readonly build: string;
  readonly files: readonly PackedFile[];
}

export function packPage({ build, files }: Page): string {
  const packed = [...files].map(([path, { identity, br, gzip, ...about }]) => ({
    path,
    ...about,
    identity: identity.toBase64(),
    ...(br === undefined ? {} : { br: br.toBase64() }),
    ...(gzip === undefined ? {} : { gzip: gzip.toBase64() }),
  }));
  const pack: Pack = { build, files: packed };
  return JSON.stringify(pack);
}

/** @internal */
export function unpackPage(text: string): Page {
  const { build, files } = JSON.parse(text) as Pack;
  return { build, files: new Map(files.map((file) => [file.path, unpacked(file)])) };
}

function unpacked({ type, sha256, identity, br, gzip }: PackedFile): PageFile {
  const bytes = (text: string) => Uint8Array.fromBase64(text);
  return {
    type,
    sha256,
    identity: bytes(identity),
    ...(br === undefined ? {} : { br: bytes(br) }),
    ...(gzip === undefined ? {} : { gzip: bytes(gzip) }),
  };
}

/**
 * The same as `chat web` gives it out. It says so of itself, and names no build: the server that it
 * leads to may have another page, and loading this one anew would not change it.
 */
export function localPage(page: Page): Page {
  return markedPage(page, 'data-local="true"');
}

/**
 * It names no build: what it leads to may have another page, or is gone before there is one. And so
 * nobody is asked to install it.
 */
function markedPage(page: Page, mark: string): Page {
  const { build } = page;
  return changed(page, "/", (html) => {
    const marked = Buffer.from(html).toString().replace(MANIFEST_LINK, "");
    return Buffer.from(marked.replace(`data-build="${build}"`, `data-build="" ${mark}`));
  });
}

/** The same, installed under the name of its server. */
export function namedPage(page: Page, name: string): Page {
  return changed(page, MANIFEST_PATH, (bytes) => manifest(name, iconsOf(bytes)));
}

/** With another file at `path`, which is not compressed. */
function changed(
  { build, files }: Page,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Page {
  const file = files.get(path);
  if (file === undefined) return { build, files };
  const identity = new Uint8Array(change(file.identity));
  const sha256 = createHash("sha256").update(identity).digest("hex");
  return { build, files: new Map([...files, [path, { type: file.type, identity, sha256 }]]) };
}

/**
 * The page that this program gives: compiled in, or made from its source when run from there.
 * Undefined: this program was built without one.
 */
export async function loadPage(): Promise<Page | undefined> {
  for (const file of Bun.embeddedFiles) {
    // Its name carries a hash: page-1x2y3z.pack.
    const name = "name" in file ? String(file.name) : "";
    if (name.endsWith(".pack")) return unpackPage(await file.text());
  }
  return existsSync(PAGE_SOURCE) ? buildPage({ small: false }) : undefined;
}

/** The same as `chat share` gives it out: it shows the files, and no chat. */
export async function loadSharePage(): Promise<Page | undefined> {
  const page = await loadPage();
  return page === undefined ? undefined : markedPage(page, 'data-share="true"');
}
