/**
 * Joins the small chunks that the bundler makes of shared modules. Browsers load six files at once
 * over HTTP/1.1, so that 40 files take seven round trips. What remains before the sign-in form can
 * be used: TCP, TLS and the document, then the same for further connections, on which the scripts
 * arrive together. The style and the first script share the first connection meanwhile.
 */

import { createHash } from "node:crypto";
import type { BunPlugin } from "bun";
import { decodeJson } from "../../base/decode.ts";

/** JavaScript files by their paths. */
type Scripts = ReadonlyMap<string, string>;

interface JoinedPage {
  readonly html: string;
  readonly scripts: Scripts;
}

const STATIC = /(?:from|import)\s*"(\/assets\/[^"]+\.js)"/g;
const DYNAMIC = /import\("(\/assets\/[^"]+\.js)"\)/g;
const NAMED = /(?:import|export)\s*\{([^}]*)\}\s*from\s*"(\/assets\/[^"]+\.js)"/g;
/** Rows of files with the indexes of those that are loaded with them. */
const PRELOADS = /\[(?:\["\/assets\/[^"]+\.js"[\d,]*\],?)+\]/g;
const ENTRY = /<script type="module" crossorigin src="([^"]+)">/;
const PRELOAD = /<link rel="modulepreload" crossorigin href="[^"]+">/g;
const DIGITS = 8;

/**
 * Leaves two files of shared modules: those that the start needs, and those that the page of rooms
 * needs in addition.
 */
export async function joinChunks(html: string, scripts: Scripts): Promise<JoinedPage> {
  const [, entry = ""] = ENTRY.exec(html) ?? [];
  const parts = [...scripts.values()].flatMap((text) => matches(text, DYNAMIC));
  const partsNamed = (name: string) => parts.filter((path) => path.startsWith(`/assets/${name}-`));
  const first = closureOf([entry], scripts);
  const rooms = closureOf(partsNamed("chat-page"), scripts);
  const share = closureOf(partsNamed("share"), scripts);
  const isShared = (path: string) => path !== entry && !parts.includes(path);
  // The entry is separate, because it waits for parts, which would wait for it.
  const eager = new Set(
    [...first, ...rooms].filter((path) => isShared(path) && (first.has(path) || share.has(path))),
  );
  const later = new Set([...rooms].filter((path) => isShared(path) && !eager.has(path)));
  const build = hashOf([...scripts.keys()].sort().join());
  const groups = [
    { path: `/assets/index-${build}.js`, members: eager },
    { path: `/assets/rooms-${build}.js`, members: later },
  ];
  const joined = new Map(scripts);
  for (const { path, members } of groups) {
    if (members.size === 0) continue;
    joined.set(path, await join(members, scripts));
    for (const member of members) joined.delete(member);
  }
  const newPath = (path: string) => groups.find(({ members }) => members.has(path))?.path ?? path;
  for (const [path, text] of joined) {
    const moved = text.replace(STATIC, (all, target) => all.replace(target, newPath(target)));
    joined.set(
      path,
      moved.replace(PRELOADS, (table) => joinedRows(table, newPath)),
    );
  }
  const { paths, texts } = renamed(joined, build, new Set(groups.map(({ path }) => path)));
  const preload = `<link rel="modulepreload" crossorigin href="${groups[0]?.path}">`;
  const newHtml = html
    .replaceAll(PRELOAD, "")
    .replace(ENTRY, (all) => preload + all.replace(entry, paths.get(entry) ?? entry));
  return { html: newHtml, scripts: texts };
}

function joinedRows(table: string, newPath: (path: string) => string): string {
  const rows = decodeJson(table) as [path: string, ...others: number[]][];
  const paths = rows.map(([path]) => newPath(path));
  const first = (index: number) => paths.indexOf(paths[index] ?? "");
  return JSON.stringify(
    rows.map(([path, ...others], index) => {
      const isJoined = paths[index] !== path;
      return [paths[index], ...(isJoined ? [] : new Set(others.map(first)))];
    }),
  );
}

/** The bundler names files by their contents, which have changed here. */
function renamed(scripts: Scripts, build: string, done: ReadonlySet<string>) {
  const paths = new Map<string, string>();
  const refersTo = (path: string) => {
    const text = scripts.get(path) ?? "";
    return [...matches(text, STATIC), ...matches(text, DYNAMIC)];
  };
  const isStale = (path: string) => done.has(path) || paths.has(path);
  for (let size = -1; size !== paths.size; ) {
    size = paths.size;
    for (const path of scripts.keys()) {
      if (isStale(path) || !refersTo(path).some(isStale)) continue;
      const [, name = ""] = /^\/assets\/(.*)-\w+\.js$/.exec(path) ?? [];
      paths.set(path, `/assets/${name}-${hashOf(`${path} ${build}`)}.js`);
    }
  }
  const texts = new Map<string, string>();
  for (const [path, text] of scripts) {
    const changed = text.replace(/"(\/assets\/[^"]+\.js)"/g, (all, target) =>
      all.replace(target, paths.get(target) ?? target),
    );
    texts.set(paths.get(path) ?? path, changed);
  }
  return { paths, texts };
}

/** Returns one file with the exports of all that are used outside. */
async function join(members: ReadonlySet<string>, scripts: Scripts): Promise<string> {
  const used = new Map<string, Set<string>>();
  for (const [path, text] of scripts) {
    if (members.has(path)) continue;
    for (const [, names = "", member = ""] of text.matchAll(NAMED)) {
      if (!members.has(member)) continue;
      const found = used.get(member) ?? new Set();
      for (const name of names.split(",")) found.add(name.trim().split(/\s+as\s+/)[0] ?? "");
      used.set(member, found);
    }
  }
  const lines = [...members].map((member) => {
    const names = [...(used.get(member) ?? [])].join();
    return `import "${member}";export {${names}} from "${member}";`;
  });
  const joining: BunPlugin = {
    name: "join-chunks",
    setup(build) {
      build.onResolve({ filter: /^\/assets\// }, ({ path }) =>
        members.has(path) ? { path, namespace: "member" } : { path, external: true },
      );
      build.onLoad({ filter: /./, namespace: "member" }, ({ path }) => ({
        contents: scripts.get(path) ?? "",
        loader: "js",
      }));
    },
  };
  const { outputs } = await Bun.build({
    entrypoints: ["/joined.js"],
    files: { "/joined.js": lines.join("\n") },
    target: "browser",
    minify: true,
    plugins: [joining],
  });
  return (await outputs[0]?.text()) ?? "";
}

/** Files that are loaded with these, in the order of their evaluation. */
function closureOf(paths: readonly string[], scripts: Scripts): ReadonlySet<string> {
  const visited = new Set<string>();
  const found = new Set<string>();
  const visit = (path: string) => {
    if (visited.has(path)) return;
    visited.add(path);
    for (const target of matches(scripts.get(path) ?? "", STATIC)) visit(target);
    found.add(path);
  };
  for (const path of paths) visit(path);
  return found;
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, path = ""]) => path);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, DIGITS);
}
