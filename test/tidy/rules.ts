import { dirname, join } from "node:path";
import { importsOf, lineAt, type Source } from "./source.ts";
import { misnamed, openingsOf, RETIRED_IDIOMS } from "./wording.ts";

export interface Found {
  readonly line: number;
  readonly message: string;
}

export interface Rule {
  readonly name: string;
  readonly files: RegExp;
  readonly check: (source: Source) => readonly Found[];
  /** Path and texts of files with exactly one violation each. */
  readonly bad: readonly [path: string, ...texts: string[]];
}

/** Forbidden pattern, the message, and "text" to search comments and strings too. */
type Pattern = readonly [pattern: RegExp, message: string, scope?: "code" | "text"];
type Planting = readonly [pattern: RegExp, message: string, planted: string, scope?: "text"];

const LAYERS = "base<wire<core<io=crypto<server=client<ui<web=cli<commands<main.ts";
const RANKS = new Map(
  LAYERS.split("<").flatMap((names, rank) => names.split("=").map((name) => [name, rank])),
);
/** Packages by the files that may import them, so that a package can be replaced in one place. */
const PACKAGES: readonly (readonly [RegExp, string])[] = [
  [/^wire\/codec\.ts$/, "msgpackr"],
  [/^(?:wire|core|io|server|web|cli)\//, "valibot"],
  [/^(?:cli\/|commands\/|main\.ts$)/, "citty consola"],
  [/^crypto\/certificate(?:-maker)?\.ts$/, "@peculiar/x509 reflect-metadata"],
  [/^base\/qr\.ts$/, "uqr"],
  [/^crypto\/seal\//, "ts-mls"],
  [/^(?:crypto\/cpace|web\/browser\/curves)\.ts$/, "@noble/curves"],
  [/^crypto\/seal\/suite\.ts$/, "@hpke/core"],
  [/^crypto\/code-exchange\.ts$/, "@noble/ciphers"],
  [/^(?:crypto\/(?:cpace|code-exchange)|web\/browser\/hash)\.ts$/, "@noble/hashes"],
  [/^web\/(?:view\/|page\.tsx$)/, "react preact"],
  [/^web\/view\/admin\/charts\.tsx$/, "uplot"],
  [/^ui\/text\/emoji\.ts$/, "gemoji"],
  [/^ui\/text\/highlight\.ts$/, "lowlight"],
  [/^web\/view\/text\/formula\.tsx$/, "temml"],
  [/^crypto\/push-message\.ts$/, "@block65/webcrypto-web-push"],
  [/^io\/lan\/discovery\.ts$/, "bonjour-service"],
  [/^cli\/settings\.ts$/, "smol-toml"],
  [/^io\/nats\//, "@nats-io/jetstream @nats-io/transport-node"],
  [/^io\//, "bun:sqlite"],
];
/**
 * Decoders of libraries and the runtime, by the files that may call them. What they throw on
 * hostile data is not a Fault there, so each of these files catches it or reads only own data.
 */
const DECODERS: readonly (readonly [call: RegExp, planted: string, paths: string])[] = [
  [/\bJSON\.parse\(/, "JSON.parse(a);", "base/decode io/disk/search-worker web/view/first-paint"],
  [
    /\bnew URL\(/,
    "new URL(a);",
    "base/decode web/browser/newer-methods io/nats/monitor io/ws/linux-sockets " +
      "cli/doctor/machine cli/release/upgrade cli/serve/push web/view/room/room-dialogs " +
      "web/view/trust/offer",
  ],
  [/\bdecodeURI(?:Component)?\(/, "decodeURIComponent(a);", "base/decode"],
  [
    /\bfatal: true/,
    "new TextDecoder(a, { fatal: true });",
    "base/bytes wire/codec wire/post-message core/people/list-text core/client/text-encoding " +
      "cli/zip cli/import/source cli/import/entry cli/import/line-reader",
  ],
  [
    /\b(?:inflate\w*|gunzip|unzip|brotliDecompress|zstdDecompress)(?:Sync)?\(|DecompressionStream/,
    "inflateRawSync(a);",
    "cli/zip cli/guides cli/licenses cli/web/page cli/screen/pictures/drawing client/files/unpack",
  ],
  [
    /\bnew (?:x509\.)?X509Certificate\(/,
    "new X509Certificate(a);",
    "crypto/certificate crypto/local-root io/link/certificate-hash io/probe/network-probe " +
      "cli/serve/cluster-config cli/serve/local-root cli/connect/root commands/admin/webhook",
  ],
  [
    /\bUint8Array\.from(?:Base64|Hex)\(/,
    "Uint8Array.fromBase64(a);",
    "base/bytes crypto/minisign crypto/local-root crypto/identity crypto/push-message " +
      "wire/checkpoint core/log/proof-file core/log/seq-set io/log/resume io/backup/backup " +
      "io/backup/restore cli/web/page web/browser/newer-methods",
  ],
  [
    /\bBun\.Image\(|\bcreateImageBitmap\(|\bnew ImageDecoder\(/,
    "createImageBitmap(a);",
    "cli/screen/pictures/drawing web/view/files/scale",
  ],
  [/\bv\.parse\(/, "v.parse(a, b);", ""],
  [
    /^(?:import|export) (?!type )[^;]*?from "ts-mls[^"]*"/,
    'import { decodeMlsMessage } from "ts-mls/message.js";',
    "crypto/seal/mls crypto/seal/suite",
  ],
];
const SOURCE = /^src\/.*\.tsx?$/;
const CODE_COLUMNS_MAX = 100;
const DOCUMENT_COLUMNS_MAX = 120;
const PURE = "is no part of a pure layer";
const SYSTEM_IMPORT = /\b(?:from|import)\s*\(?\s*["'](?:node|bun):[^"']*/;
const VALUE_OF_IO = /^import (?!type )[^;]*?from "[./]+\/io\/[^"]*"/;
const DOM = /(?<![.\w])(?:document|window|navigator|location|localStorage|indexedDB)\b(?!\??:)/;
/** Assembled at run time, so that this file does not break the rules. */
const [HOME, REGISTRY] = [["", "root", "chat"].join("/"), ["https:/", "registry.npmjs"].join("/")];

function matches(source: Source, patterns: readonly Pattern[]): Found[] {
  return patterns.flatMap(([pattern, message, scope = "code"]) =>
    [...source[scope].matchAll(new RegExp(pattern, "gm"))].map((match) => ({
      line: lineAt(source.text, match.index),
      message: `${message}: ${match[0].trim().slice(0, 60)}`,
    })),
  );
}

/** @param rows with a text that breaks the rule when planted at `path` */
function forbid(name: string, files: RegExp, path: string, ...rows: readonly Planting[]): Rule {
  const patterns = rows.map(
    ([pattern, message, , scope]): Pattern => [pattern, message, scope ?? "code"],
  );
  const texts = rows.map(([, , planted]) => planted);
  return { name, files, check: (source) => matches(source, patterns), bad: [path, ...texts] };
}

function layersOf(source: Source): Found[] {
  const [, from = ""] = source.path.split("/");
  const rank = RANKS.get(from);
  if (rank === undefined) return [{ line: 0, message: "belongs to no layer" }];
  return importsOf(source).flatMap(({ line, specifier }) => {
    if (!specifier.startsWith(".")) return [];
    const [root, to = ""] = join(dirname(source.path), specifier).split("/");
    if (root === "src" && (to === from || Number(RANKS.get(to)) < rank)) return [];
    return [{ line, message: `${from} must not import ${specifier}` }];
  });
}

function packagesOf(source: Source): Found[] {
  return importsOf(source).flatMap(({ line, specifier }) => {
    if (/^(?:\.|node:|bun(?::(?!sqlite)|$))/.test(specifier)) return [];
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    const path = source.path.slice("src/".length);
    const isListed = PACKAGES.some(
      ([at, names]) => at.test(path) && names.split(" ").includes(name),
    );
    return isListed ? [] : [{ line, message: `${specifier} is not listed for this file` }];
  });
}

function decodersOf(source: Source): Found[] {
  const path = source.path.replace(/^src\/|\.tsx?$/g, "");
  const patterns = DECODERS.filter(([, , paths]) => !paths.split(" ").includes(path)).map(
    ([call]): Pattern => [
      call,
      "decodes foreign data: use base/decode.ts, or the file that wraps the decoder",
      call.source.startsWith("^") ? "text" : "code",
    ],
  );
  return matches(source, patterns);
}

function stateOf(source: Source): Found[] {
  const constants = source.code.matchAll(/^(?:export )?const (\w+)\b[^;=]*= *(?:new |\[|\{)/gm);
  const names = [...constants].map(([, name]) => name).join("|") || "(?!)";
  const calls = "set|add|delete|clear|push|pop|shift|unshift|splice";
  const change = new RegExp(`\\b(?:${names})(?:\\.(?:${calls})\\(|\\[[^\\]]*\\] *=(?!=))`);
  const variable = /^(?:export )?(?:let|var)\b.*/;
  return matches(source, [
    [variable, "a module has no state"],
    [change, "a module has no state"],
  ]);
}

function wideLines(text: string, columnsMax: number, ignored = /^$/): Found[] {
  return text.split("\n").flatMap((line, at) => {
    if (line.length <= columnsMax) return [];
    const columns = Array.from(line.trimEnd()).length;
    const isFine = columns <= columnsMax || ignored.test(line);
    return isFine ? [] : [{ line: at + 1, message: `has ${columns} columns` }];
  });
}

const IDIOMS = RETIRED_IDIOMS.map((idiom): Pattern => [idiom, "retired idiom"]);

function documentOf({ path, text }: Source): Found[] {
  const blank = (block: string) => block.replaceAll(/[^\n]/g, " ");
  const prose = text.replaceAll(/^```.*?^```$|^ {4}[^\n]*/gms, blank);
  const code = prose.replaceAll(/`[^`\n]+`/g, blank);
  const found = matches({ path, text, code }, [
    [/(?<![\w&(/])#\d+\b|\b[Ii]ssues? #?\d+\b/, "readers cannot look up issue numbers"],
    [/(?<=^|[.] )(?:Who|Whoever|Whatever|What|So) [^.?|]*\.(?=\s)/, "begin with the subject"],
    ...IDIOMS,
  ]);
  return [...found, ...wideLines(prose, DOCUMENT_COLUMNS_MAX, /^\||^!\[/)];
}

function wordingOf(source: Source): Found[] {
  const { path, text, code } = source;
  let prose = "";
  let end = 0;
  for (const { 0: word, index } of code.matchAll(/\S+/g)) {
    prose += text.slice(end, index) + " ".repeat(word.length);
    end = index + word.length;
  }
  prose += text.slice(end);
  const idioms = matches({ path, text, code: prose }, IDIOMS);
  return [...openingsOf(source), ...idioms, ...misnamed(source)];
}

type Locked = Readonly<Record<string, Readonly<Record<string, string>> | string>>;

/** `npm ci` fails on a system whose packages are missing, and installs unhashed ones unchecked. */
function lockOf({ text }: Source): Found[] {
  const packages = Object.entries<Locked>(JSON.parse(text).packages ?? {});
  return packages.flatMap(([folder, { integrity, optionalDependencies = {} }]) => {
    const missing = Object.keys(optionalDependencies).filter(
      (name) => !packages.some(([other]) => other.endsWith(`node_modules/${name}`)),
    );
    if (folder !== "" && integrity === undefined) missing.push("its hash");
    return missing.map((name) => ({ line: 0, message: `${folder} lacks ${name}` }));
  });
}

export const RULES: readonly Rule[] = [
  {
    name: "layers",
    files: SOURCE,
    check: layersOf,
    bad: [
      "src/io/a.ts",
      'import type { B } from "../crypto/b.ts";',
      'import {\n  b,\n  c,\n} from "../commands/b.ts";',
      'import { b } from "../../test/b.ts";',
    ],
  },
  {
    name: "packages",
    files: SOURCE,
    check: packagesOf,
    bad: ["src/ui/shapes.ts", 'import * as v from "valibot";', 'import "bun:sqlite";'],
  },
  {
    name: "decoders",
    files: SOURCE,
    check: decodersOf,
    bad: ["src/client/a.ts", ...DECODERS.map(([, planted]) => planted)],
  },
  forbid(
    "purity",
    /^src\/(?:base|wire|core)\//,
    "src/core/a.ts",
    [/\basync\b|\bawait\b|\bPromise\b/, PURE, "async function a() {}"],
    [/\bDate\.now\b|\bnew Date\(\)|\bperformance\b/, PURE, "const a = `$" + "{Date.now()}`;"],
    [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, PURE, "setTimeout(a);"],
    [/\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b/, PURE, "const a = Math.random();"],
    [/\bBun\.|\bprocess\.|\bglobalThis\b|\bfetch\(/, PURE, "const a = process.platform;"],
    [SYSTEM_IMPORT, PURE, 'import "node:path";', "text"],
  ),
  forbid(
    "portable",
    /^src\/(?:client|crypto\/seal|ui)\//,
    "src/client/link/a.ts",
    [/\bBun\.|\bprocess\.|\bBuffer\b|\brequire\(/, "must run in a browser", "a = Bun.hash(b);"],
    [SYSTEM_IMPORT, "must run in a browser", 'import "bun:sqlite";', "text"],
  ),
  forbid(
    "interface",
    /^src\/ui\//,
    "src/ui/text/a.ts",
    [DOM, "ui does not access the DOM", "const a = document.title;"],
    [/(?<!typeof )\bimport\(/, "ui must not load modules", 'await import("./id.ts");'],
    [VALUE_OF_IO, "ui imports only types from io", 'import { a } from "../io/a.ts";', "text"],
  ),
  forbid("appends", /^src\/server\/(?!kernel\/)/, "src/server/auth/a.ts", [
    // The kernel repeats a decision if its state changed before the record was written.
    /\bappendThen\(|\b(?:accounts|history|log)\.append\(/,
    "records are written by the kernel",
    "await log.append(draft);",
  ]),
  forbid(
    "Preact",
    /^src\/web\/.*\.tsx$/,
    "src/web/view/a.tsx",
    [/\bautoFocus\b/, "applies once per document: use focusAtOnce", "<input autoFocus />;"],
    [/\bspellCheck=\{/, 'Preact omits false: use "false"', "<input spellCheck={false} />;"],
    [/\bon(?:Wheel|TouchStart|TouchMove)=/, "delays scrolling", "<p onWheel={a} />"],
  ),
  forbid(
    "names",
    /^src\/(?:client|ui|web|cli|commands)\//,
    "src/client/a.ts",
    [
      /isSameName\(\w*[rR]oom\.(?:name|target), (?!chat\.model\.me)/,
      "the room may have been renamed: use roomAt",
      "const a = rooms.find((room) => isSameName(room.name, name));",
    ],
    [
      /\b[nN]ame\.toLowerCase\(\) [!=]== (?:me|name|user)\.toLowerCase/,
      "use roomAt or isSameName",
      "const a = name.toLowerCase() === me.toLowerCase();",
    ],
  ),
  forbid("dates", /^src\/(?!base\/time\.ts$).*\.tsx?$/, "src/core/a.ts", [
    /new Date\((?!\)|["'])/,
    "may throw when formatted: use dateOf of base/time.ts",
    "const a = new Date(b);",
  ]),
  {
    name: "module state",
    files: /^src\/(?!io\/disk\/buffer-pool\.ts).*\.tsx?$/,
    check: stateOf,
    bad: [
      ...(["src/server/a.ts", "let count = 0;"] as const),
      "const seen = new Map<string, number>();\nfunction a() {\n  seen.set(b, 1);\n}",
      "const table: Record<string, number> = {};\nfunction a() {\n  table[b] = 1;\n}",
    ],
  },
  {
    name: "columns",
    files: /\.tsx?$/,
    check: ({ text }) => wideLines(text, CODE_COLUMNS_MAX),
    bad: ["src/io/a.ts", `const a = "${"x".repeat(100)}";`, `// ${"x".repeat(98)}`],
  },
  forbid("silent catches", /^src\/(?!io\/promises\.ts$).*\.tsx?$/, "src/core/a.ts", [
    /\.catch\(\(\) => (?:undefined|\{\})\)/,
    "use ignoreFault, or the function of src/io/promises.ts that says why nobody is told",
    "void send().catch(() => undefined);",
  ]),
  forbid("working folder", /^src\/(?!io\/disk\/working-folder\.ts$).*\.ts$/, "src/cli/a.ts", [
    /\bprocess\.cwd\(|import \{[^}]*\bresolve\b[^}]*\} from "node:path"/,
    "fails in a deleted folder: use io/disk/working-folder.ts",
    'import { resolve } from "node:path";',
    "text",
  ]),
  forbid("programs", /^src\/(?!cli\/child-program\.ts$).*\.ts$/, "src/cli/a.ts", [
    /\bBun\.spawn\w*\(|child_process/,
    "would inherit passwords: use startProgram of cli/child-program.ts",
    "Bun.spawn([a]);",
  ]),
  forbid(
    "open elsewhere",
    /^src\/(?!io\/(?:disk\/open-elsewhere|file\/program-replacement)\.ts$).*\.ts$/,
    "src/cli/a.ts",
    [
      /\b(?:rename|rm|unlink|rmdir)Sync\b|\b(?:rename|rm|unlink|rmdir)\b[^;]*"node:fs\/promises"/,
      "fails on Windows while a scanner has the file open: use io/disk/open-elsewhere.ts",
      "unlinkSync(a);",
    ],
    [
      /\bpromises\.(?:rename|rm|unlink|rmdir)\b/,
      "fails on Windows while a scanner has the file open: use io/disk/open-elsewhere.ts",
      "await fs.promises.rm(a);",
    ],
  ),
  forbid("private folders", /^src\/(?!io\/disk\/private-path\.ts$).*\.ts$/, "src/cli/a.ts", [
    /\bmode: 0o700\b/,
    "is not private on Windows: use io/disk/private-path.ts",
    "mkdirSync(a, { mode: 0o700 });",
  ]),
  forbid("spread", /\.tsx?$/, "src/io/a.ts", [
    /\.\.\.\{/,
    "list the properties themselves",
    "const a = { ...{ b, c }, d };",
  ]),
  forbid(
    "names",
    /^src\/web\/view\/(?:app|(?:attention|files|room|shell)\/(?!person)).*\.tsx?$/,
    "src/web/view/app.tsx",
    [
      /\bcleanText\((?:[\w.]+\.)?(?:author|by|from|member\.name|person\.name|user)\b(?! as)/,
      "show the display name: useShownName or personText",
      "const name = cleanText(event.user);",
    ],
    [
      /\btexts\.\w+\((?:[^()]+, )?(?:[\w.]+\.)?(?:by|from|user)[,)]/,
      "show the display name: useShownName or personText",
      "const label = texts.openRoom(one.user);",
    ],
    [
      /\bshownName\(/,
      "clean the name as well: personText, and in a component useShownName or useNames",
      "const name = shownName(model, user);",
    ],
  ),
  forbid(
    "live regions",
    /^src\/web\/(?!view\/shell\/announced\.tsx$).*\.(?:tsx?|html)$/,
    "src/web/view/room/a.tsx",
    [
      /\baria-live\b|\bariaLive\b|\brole=\{?[^>\n}]*"(?:status|alert|log|timer|marquee)"|<output\b/,
      "use Announced or useAnnounce of shell/announced.tsx",
      '<p role="status">{text}</p>',
      "text",
    ],
  ),
  forbid("sleep", /^test\/(?!event\.ts|io\/streams-program\.ts).*\.tsx?$/, "test/a.ts", [
    /\b(?:setTimeout|setInterval|sleep|sleepSync|scheduler\.wait)\(/,
    "wait for the event (test/event.ts)",
    "await Bun.sleep(50);",
  ]),
  forbid(
    "samples",
    /^test\/(?!any-character\.ts|tidy\/rules\.ts).*\.ts$/,
    "test/a.ts",
    [/\bnumRuns: \d/, "use sampleSize of test/samples.ts", "fc.assert(a, { numRuns: 300 });"],
    [
      /\bunit: "binary"/,
      "takes a second: use ANY_CHARACTER of test/any-character.ts",
      'fc.string({ unit: "binary" });',
      "text",
    ],
  ),
  forbid("rejects", /^(?:test|bench)\/.*\.tsx?$/, "test/a.ts", [
    /\.(?:rejects|resolves)\b/,
    "runs a nested event loop: use test/rejection.ts",
    'expect(a).rejects.toThrow("no");',
  ]),
  forbid(
    "machine",
    /^/,
    "README.md",
    [/(?<![\w.])\/(?:root|work|Users|home)\/(?!ana\b|bob\b)[\w.-]+/, "path", HOME, "text"],
    [/\b[A-Z]:\\+Users\\+\w+/, "path", `// C:\\${"Users"}\\me`, "text"],
    [/\bhttps?:\/\/(?:registry|npm|artifactory|nexus)[\w.-]*/, "registry", REGISTRY, "text"],
    [/^ *"resolved":/, "registry", '"resolved": "a.tgz"'],
  ),
  forbid("pins", /^package\.json$/, "package.json", [
    /^ {4}"[^"]+": "[~^*].*/,
    "use an exact version",
    '    "a": "^1.2.3"',
  ]),
  {
    name: "lock",
    files: /^package-lock\.json$/,
    check: lockOf,
    bad: [
      "package-lock.json",
      '{"packages":{"a":{}}}',
      '{"packages":{"a":{"integrity":"x","optionalDependencies":{"b":"1"}}}}',
    ],
  },
  {
    name: "documents",
    files: /\.md$/,
    check: documentOf,
    bad: [
      ...(["docs/a.md", "Since #12 it works.\n", "See issue 3 for more.\n"] as const),
      ...["The file is made anew.\n", "What is erased is gone.\n", `${"x".repeat(121)}\n`],
    ],
  },
  {
    name: "wording",
    files: /^(?:bench|tools|src|test\/(?:e2e|fuzz|worlds))\/.*\.tsx?$/,
    check: wordingOf,
    bad: [
      ...(["src/io/a.ts", "/** What a reader sees. */", "/**\n * Who is in.\n */"] as const),
      ...["const a = 1; // Of these, two.", "// By name.\n// And more.", "/** Made anew. */"],
      ...["const a = 'it is under way';", "function tellOthers() {}", "const NEWS_MAX = 1;"],
    ],
  },
];

/**
 * Returns imports between folders that form a ring, except folders of views, which open each
 * other's dialogs. Biome finds rings of files.
 */
export function folderRing(sources: readonly Source[]): string[] {
  const links = sources
    .filter(({ path }) => SOURCE.test(path) && !path.startsWith("src/web/view/"))
    .flatMap((source) => {
      const from = dirname(source.path);
      const local = importsOf(source).filter(({ specifier }) => specifier.startsWith("."));
      return local.map(({ specifier }) => [from, dirname(join(from, specifier))] as const);
    });
  let ring = links.filter(([from, to]) => from !== to);
  for (let size = -1; size !== ring.length; ) {
    size = ring.length;
    const importers = new Set(ring.map(([from]) => from));
    ring = ring.filter(([, to]) => importers.has(to));
  }
  return [...new Set(ring.map((link) => link.join(" imports ")))];
}
