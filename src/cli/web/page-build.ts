/** Bundles the page, with its web app manifest. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import type { BunPlugin } from "bun";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { titleText } from "../../base/text.ts";
import type { StaticFile, StaticPage } from "../../server/http/static.ts";
import { KNOWN_KEY, SETTINGS_KEY } from "../../ui/local-keys.ts";
import { LANGUAGES } from "../../ui/messages/languages.ts";
import { PAGE_PLUGINS, PAGE_SOURCE } from "../page-plugins.ts";
import { joinChunks } from "./page-chunks.ts";
import { withSignInForm } from "./page-shell.ts";

const NOTHING = new Uint8Array();
const BUILD_DIGITS = 12;
const TEXT = /^(text\/|image\/svg|application\/(json|javascript|manifest))/;
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  webmanifest: "application/manifest+json",
};
/** A `maskable` icon fills the whole square, so that a system can crop it to any shape. */
const ICONS = [
  { name: "icon-192", sizes: "192x192", purpose: "any" },
  { name: "icon-512", sizes: "512x512", purpose: "any" },
  { name: "maskable-512", sizes: "512x512", purpose: "maskable" },
] as const;

export async function buildPage({ small }: { readonly small: boolean }): Promise<StaticPage> {
  const naming = "[name]-[hash].[ext]";
  const withSheets = await loadedSheets();
  const built = await Bun.build({
    entrypoints: [PAGE_SOURCE],
    target: "browser",
    minify: true,
    splitting: true,
    sourcemap: "none",
    plugins: [...PAGE_PLUGINS, withSheets],
    publicPath: "/assets/",
    naming: { entry: naming, chunk: naming, asset: naming },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const raw = new Map<string, Uint8Array>();
  const scripts = new Map<string, string>();
  for (const output of built.outputs) {
    const name = output.path.replace(/^\.?\//, "");
    const path = name.endsWith(".html") ? "/" : `/assets/${name}`;
    if (path.endsWith(".js")) scripts.set(path, await output.text());
    else raw.set(path, await minified(path, new Uint8Array(await output.arrayBuffer()), small));
  }
  const joined = await joinChunks(utf8Decode(raw.get("/") ?? NOTHING), scripts);
  for (const [path, text] of joined.scripts) {
    raw.set(path, await minified(path, new Uint8Array(utf8Encode(text)), small));
  }
  const icons = addIcons(raw);
  raw.set(MANIFEST_PATH, manifest("chat", icons));
  raw.set(WORKER_PATH, await worker(icons[0]?.src ?? ""));
  // The bundler would search for these files among the sources, so the links are added afterwards.
  const first = await firstScript(raw);
  const html = withSignInForm(joined.html).replace(
    "</title>",
    `</title><script src="${first}"></script>${MANIFEST_LINK}`,
  );
  const build = buildIdOf(raw);
  raw.set("/", Buffer.from(html.replace('data-build=""', `data-build="${build}"`)));
  const files = [...raw].map(([path, bytes]) => [path, fileOf(path, bytes, small)] as const);
  return { build, files: new Map(files) };
}

const WORKER_PATH = "/worker.js";

function worker(icon: string): Promise<Uint8Array> {
  return classicScript("worker.ts", { PUSH_ICON: JSON.stringify(icon) });
}

async function firstScript(raw: Map<string, Uint8Array>): Promise<string> {
  const script = await plainScript("view/first-paint.ts");
  const hash = createHash("sha256").update(script).digest("hex").slice(0, 8);
  const path = `/assets/first-${hash}.js`;
  raw.set(path, script);
  return path;
}

/** Removes the types. The bundler would add code that old browsers cannot run. */
async function plainScript(source: string): Promise<Uint8Array> {
  const define = {
    KNOWN_KEY: JSON.stringify(KNOWN_KEY),
    SETTINGS_KEY: JSON.stringify(SETTINGS_KEY),
    LANGUAGE_CODES: JSON.stringify([...LANGUAGES.keys()].join()),
  };
  const transpiler = new Bun.Transpiler({ loader: "ts", minifyWhitespace: true, define });
  const code = transpiler.transformSync(await Bun.file(join(PAGE_SOURCE, "..", source)).text());
  return utf8Encode(`(function(){${code}})();`);
}

async function classicScript(
  source: string,
  define: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const { outputs } = await Bun.build({
    entrypoints: [join(PAGE_SOURCE, "..", source)],
    target: "browser",
    minify: true,
    // A classic script must not define top-level names that another file could use.
    format: "iife",
    define,
  });
  return new Uint8Array((await outputs[0]?.arrayBuffer()) ?? []);
}

function addIcons(raw: Map<string, Uint8Array>): readonly AppIcon[] {
  return ICONS.map(({ name, ...about }) => {
    const bytes = readFileSync(join(PAGE_SOURCE, "..", "icons", `${name}.png`));
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
    const src = `/assets/${name}-${hash}.png`;
    raw.set(src, new Uint8Array(bytes));
    return { src, type: "image/png", ...about };
  });
}

/** The bundler would copy style sheets that are imported as files, without what they import. */
async function loadedSheets(): Promise<BunPlugin> {
  const path = join(PAGE_SOURCE, "..", "view", "chat.css");
  const { outputs } = await Bun.build({ entrypoints: [path], target: "browser", minify: true });
  const contents = (await outputs[0]?.text()) ?? "";
  return {
    name: "loaded-sheets",
    setup(build) {
      build.onLoad({ filter: /chat\.css$/ }, () => ({ contents, loader: "file" }));
    },
  };
}

async function minified(path: string, bytes: Uint8Array<ArrayBuffer>, small: boolean) {
  if (path.endsWith(".css")) {
    const sheet = await minifiedAlone("/file.css", bytes);
    return new Uint8Array(utf8Encode(withPlainColours(utf8Decode(sheet))));
  }
  return small && path.endsWith(".js") ? withShortLocals(bytes) : bytes;
}

async function minifiedAlone(
  name: string,
  file: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { outputs } = await Bun.build({
    entrypoints: [name],
    files: { [name]: file },
    target: "browser",
    minify: true,
    external: ["/assets/*"],
  });
  return new Uint8Array((await outputs[0]?.arrayBuffer()) ?? file);
}

/**
 * Minifies a file separately. Bun otherwise reserves the short names for exports in every file, so
 * local variables get long names.
 */
async function withShortLocals(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const shortened = await minifiedAlone("/file.js", file);
  return shortened.length < file.length ? shortened : file;
}

const MIX = /color-mix\(in srgb,(var\([\w-]+\)|[a-z]+) ?(\d+)%,(var\([\w-]+\)|[a-z]+)\)/g;
const MIX_HALF_PERCENT = 50;

/**
 * Gives a browser that cannot mix colours (Chromium 109) the stronger of the two. It would take the
 * initial value, because it cannot know that a value with variables is one that it cannot read.
 */
function withPlainColours(sheet: string): string {
  const parts = sheet.split("}").map((part) => {
    const end = part.lastIndexOf("{");
    const declarations = part.slice(end + 1);
    if (end < 0 || !declarations.includes("color-mix(")) return part;
    const begin = part.lastIndexOf("{", end - 1) + 1;
    const selector = part.slice(begin, end);
    const plain = declarations.replaceAll(
      MIX,
      (_, first: string, percent: string, other: string) =>
        Number(percent) >= MIX_HALF_PERCENT ? first : other,
    );
    const mixed = declarations.split(";").filter((each) => each.includes("color-mix("));
    const own = `@supports (color:color-mix(in srgb,red,red)){${selector}{${mixed.join(";")}}`;
    return `${part.slice(0, end)}{${plain}}${own}`;
  });
  return parts.join("}");
}

function buildIdOf(raw: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha256").update(raw.get("/") ?? "");
  for (const path of [...raw.keys()].sort()) hash.update(`\n${path}`);
  return hash.digest("hex").slice(0, BUILD_DIGITS);
}

function brotli(bytes: Uint8Array, quality: number): Uint8Array<ArrayBuffer> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
  return new Uint8Array(brotliCompressSync(bytes, { params }));
}

function fileOf(path: string, identity: Uint8Array, small: boolean): StaticFile {
  const extension = path === "/" ? "html" : (path.split(".").at(-1) ?? "");
  const type = TYPES[extension] ?? Bun.file(path).type;
  const sha256 = createHash("sha256").update(identity).digest("hex");
  if (!TEXT.test(type)) return { type, identity, sha256 };
  const br = brotli(identity, small ? constants.BROTLI_MAX_QUALITY : 4);
  return { type, identity, sha256, br: br.length < identity.length ? br : undefined };
}

export const MANIFEST_PATH = "/manifest.webmanifest";

export const MANIFEST_LINK = `<link rel="manifest" href="${MANIFEST_PATH}">`;

interface AppIcon {
  readonly src: string;
  readonly type: string;
  readonly sizes: string;
  readonly purpose: string;
}

const THEME_COLOUR = "#22aa66";
const BACKGROUND_COLOUR = "#ffffff";

export function manifest(name: string, icons: readonly AppIcon[]): Uint8Array {
  const appName = titleText(name);
  const value = {
    // Identifies one app per origin, even if the server is renamed.
    id: "/",
    name: appName,
    short_name: appName,
    start_url: "/",
    scope: "/",
    display: "standalone",
    theme_color: THEME_COLOUR,
    background_color: BACKGROUND_COLOUR,
    icons,
  };
  return utf8Encode(JSON.stringify(value));
}

export function iconsOf(bytes: Uint8Array): readonly AppIcon[] {
  return (decodeJson(utf8Decode(bytes)) as { readonly icons: readonly AppIcon[] }).icons;
}
