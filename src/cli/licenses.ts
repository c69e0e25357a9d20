/** Licences of all bundled software, collected by the build and printed by `chat version`. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { decodeJson } from "../base/decode.ts";
import { embeddedFile } from "./embedded-files.ts";
import { MAIN_SOURCE, PAGE_PLUGINS, PAGE_SOURCE, ROOT } from "./page-plugins.ts";

export const LICENSES_NAME = "third-party.licenses";

export interface License {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

export function packLicenses(licenses: readonly License[]): Uint8Array {
  return brotliCompressSync(JSON.stringify(licenses));
}

/** @returns `undefined` if the program was built without licences */
export async function loadLicenses(): Promise<readonly License[] | undefined> {
  const bytes = await embeddedFile(".licenses");
  if (bytes !== undefined) return decodeJson(brotliDecompressSync(bytes).toString()) as License[];
  return existsSync(MAIN_SOURCE) ? buildLicenses() : undefined;
}

const LICENSE_FILES = /^(?:licen[cs]e|copying|notice|copyright)/i;
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** Bun's own package has no licence file. */
const BUN_NOTICE = join(ROOT, "node_modules", "bun-types", "docs", "project", "license.mdx");

/** @throws {Error} if a package has no licence, which stops the build */
export async function buildLicenses(): Promise<readonly License[]> {
  const folders = await bundledFolders();
  const bun = packageAt(join(ROOT, "node_modules", "bun"));
  return [
    { ...packageAt(ROOT), text: licenseTextIn(ROOT) },
    { ...bun, text: bunNotice(bun.version) },
    ...folders.map((folder) => ({ ...packageAt(folder), text: licenseTextIn(folder) })),
  ];
}

async function bundledFolders(): Promise<readonly string[]> {
  const common = { minify: true, metafile: true, sourcemap: "none" } as const;
  const define = { "process.env.NODE_ENV": '"production"' };
  const page = { target: "browser" as const, define, plugins: [...PAGE_PLUGINS] };
  const builds = await Promise.all([
    Bun.build({ ...common, entrypoints: [MAIN_SOURCE], target: "bun" }),
    Bun.build({ ...common, entrypoints: [PAGE_SOURCE], ...page }),
  ]);
  const paths = builds.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
  const folders = paths.flatMap((path) => PACKAGE.exec(join(ROOT, path))?.[1] ?? []);
  return [...new Set(folders)].sort();
}

function bunNotice(version: string): string {
  const types = packageAt(join(ROOT, "node_modules", "bun-types"));
  if (types.version !== version) throw new Error(`bun-types is not of version ${version}`);
  return readFileSync(BUN_NOTICE, "utf8").replace(/^---\n.*?\n---\n+/s, "");
}

function packageAt(folder: string): Omit<License, "text"> {
  const packageJson: unknown = decodeJson(readFileSync(join(folder, "package.json"), "utf8"));
  const { name, version, license } = packageJson as Readonly<Record<string, unknown>>;
  if (typeof name === "string" && typeof version === "string" && typeof license === "string") {
    return { name, version, license };
  }
  throw new Error(`${folder} names no licence`);
}

/**
 * @throws {Error} if the folder contains no licence
 * @internal
 */
export function licenseTextIn(folder: string): string {
  const names = readdirSync(folder).filter((name) => LICENSE_FILES.test(name));
  const texts = names.sort().map((name) => readFileSync(join(folder, name), "utf8").trim());
  const text = texts.filter((one) => one !== "").join("\n\n");
  if (text !== "") return `${text}\n`;
  throw new Error(`${folder} contains no licence file, and the program must include one`);
}
