/** Packed page that is embedded in the binary. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { cleanText, titleText } from "../../base/text.ts";
import type { StaticFile, StaticPage } from "../../server/http/static.ts";
import { embeddedFile } from "../embedded-files.ts";
import { PAGE_SOURCE } from "../page-plugins.ts";
import { buildPage, iconsOf, MANIFEST_LINK, MANIFEST_PATH, manifest } from "./page-build.ts";
import { withServer } from "./page-shell.ts";

export const PACK_NAME = "page.pack";

interface PackedFile {
  readonly path: string;
  readonly type: string;
  readonly sha256: string;
  readonly br?: string;
  readonly identity?: string;
}

interface Pack {
  readonly build: string;
  readonly files: readonly PackedFile[];
}

export function packPage({ build, files }: StaticPage): Uint8Array {
  const packed = [...files].map(([path, { identity, br, ...fields }]) => ({
    path,
    ...fields,
    ...(br === undefined ? { identity: identity.toBase64() } : { br: br.toBase64() }),
  }));
  return brotliCompressSync(JSON.stringify({ build, files: packed }));
}

/** @internal */
export function unpackPage(bytes: Uint8Array): StaticPage {
  const { build, files } = decodeJson(brotliDecompressSync(bytes).toString()) as Pack;
  return { build, files: new Map(files.map((file) => [file.path, unpackFile(file)])) };
}

function unpackFile({ type, sha256, identity = "", br }: PackedFile): StaticFile {
  if (br === undefined) return { type, sha256, identity: Uint8Array.fromBase64(identity) };
  const compressed = Uint8Array.fromBase64(br);
  return {
    type,
    sha256,
    br: compressed,
    identity: new Uint8Array(brotliDecompressSync(compressed)),
  };
}

export function localPage(page: StaticPage): StaticPage {
  return markedPage(page, 'data-local="true"');
}

/**
 * Removes the build id, because the server may have a different page, so that reloading would not
 * update this one. Removes the manifest, so that the page cannot be installed.
 */
function markedPage(page: StaticPage, mark: string): StaticPage {
  const { build } = page;
  return withFile(page, "/", (html) => {
    const marked = Buffer.from(html).toString().replace(MANIFEST_LINK, "");
    return Buffer.from(marked.replace(`data-build="${build}"`, `data-build="" ${mark}`));
  });
}

/** Tells the page its server's name and welcome message before the page connects. */
export function namedPage(page: StaticPage, name: string, welcome?: string): StaticPage {
  const named = withFile(page, MANIFEST_PATH, (bytes) => manifest(name, iconsOf(bytes)));
  return withFile(named, "/", (html) => {
    const title = titleText(name);
    const about = welcome === undefined ? undefined : cleanText(welcome, { lines: true });
    return utf8Encode(withServer(utf8Decode(html), title, about));
  });
}

function withFile(
  { build, files }: StaticPage,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): StaticPage {
  const file = files.get(path);
  if (file === undefined) return { build, files };
  const identity = new Uint8Array(change(file.identity));
  const sha256 = createHash("sha256").update(identity).digest("hex");
  const br = brotliCompressSync(identity);
  return { build, files: new Map([...files, [path, { type: file.type, identity, br, sha256 }]]) };
}

/** @returns `undefined` if this program was built without a page */
export async function loadPage(): Promise<StaticPage | undefined> {
  const bytes = await embeddedFile(".pack");
  if (bytes !== undefined) return unpackPage(bytes);
  return existsSync(PAGE_SOURCE) ? buildPage({ small: false }) : undefined;
}

export async function loadSharePage(): Promise<StaticPage | undefined> {
  const page = await loadPage();
  return page === undefined ? undefined : markedPage(page, 'data-share="true"');
}
