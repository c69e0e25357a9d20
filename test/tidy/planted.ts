export interface Planted {
  readonly rule: string;
  /** Each entry is a small repository with exactly one violation: texts by path. */
  readonly bad: readonly Readonly<Record<string, string>>[];
  readonly good: readonly Readonly<Record<string, string>>[];
}

const manyFiles = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`src/io/a${i}.ts`, ""]));

const locked = (packages: Readonly<Record<string, object>>) => {
  const entries = Object.entries(packages).map(([name, entry]) => [`node_modules/${name}`, entry]);
  return { "package-lock.json": JSON.stringify({ packages: Object.fromEntries(entries) }) };
};

/** Assembled at run time, so that this file does not break the rules. */
const REGISTRY = ["https:/", ["registry", "npmjs", "org"].join("."), ""].join("/");
const MACHINE = ["", "root", "chat"].join("/");
const WINDOWS = ["C:", "Users", "me"].join("\\");

export const PLANTED: readonly Planted[] = [
  {
    rule: "layers",
    bad: [
      { "src/base/a.ts": 'import { b } from "../wire/b.ts";' },
      { "src/io/a.ts": 'import type { B } from "../crypto/b.ts";' },
      { "src/cli/chat/a.ts": 'import { b } from "../../commands/b.ts";' },
      { "src/core/a.ts": 'import {\n  b,\n  c,\n} from "../io/b.ts";' },
      { "src/server/a.ts": 'import { b } from "../../test/b.ts";' },
      { "src/other/a.ts": "" },
    ],
    good: [
      { "src/main.ts": 'import { a } from "./commands/a.ts";' },
      { "src/io/a.ts": 'import { b } from "./b.ts";\nimport { c } from "../base/c.ts";' },
      { "src/base/a.ts": '// import { b } from "../wire/b.ts";\nconst c = \'from "../io/x.ts"\';' },
    ],
  },
  {
    rule: "packages",
    bad: [
      { "src/ui/shapes.ts": 'import * as v from "valibot";' },
      { "src/server/a.ts": 'import { Database } from "bun:sqlite";' },
    ],
    good: [
      { "src/wire/codec.ts": 'import { Packr } from "msgpackr";' },
      { "src/io/a.ts": 'import { Database } from "bun:sqlite";\nimport { open } from "node:fs";' },
      { "test/a.test.ts": 'import fc from "fast-check";' },
    ],
  },
  {
    rule: "purity",
    bad: [
      "async function a() {}",
      "const a = Date.now();",
      "const a = Math.random();",
      "const a = process.platform;",
      'import { join } from "node:path";',
      "const a = `$" + "{Date.now()}`;",
    ].map((text) => ({ "src/core/a.ts": text })),
    good: [
      { "src/core/a.ts": "// await Date.now()\nconst a = 'Promise'; const b = new Date(now);" },
      { "src/io/a.ts": "await Bun.sleep(Date.now());" },
    ],
  },
  {
    rule: "shared",
    bad: [
      "const a = document.title;",
      'const a = await import("./id.ts");',
      'import { a } from "../../io/a.ts";',
    ].map((text) => ({ "src/ui/text/a.ts": text })),
    good: [
      { "src/ui/text/a.ts": "const a = { window: 1 }; const b = c.document;" },
      { "src/ui/text/a.ts": 'import type { A } from "../../io/a.ts";' },
      { "src/ui/text/a.ts": 'type A = typeof import("./b.ts");' },
    ],
  },
  {
    rule: "preact",
    bad: ["const a = <input autoFocus />;", "const a = <input spellCheck={false} />;"].map(
      (text) => ({ "src/web/view/a.tsx": text }),
    ),
    good: [
      { "src/web/view/a.tsx": 'const a = <input spellCheck="false" />;' },
      { "src/cli/screen/view/a.tsx": "const a = <Box autoFocus />;" },
    ],
  },
  {
    rule: "dates",
    bad: ["const a = new Date(unixMs);", "const a = new Date(b.time).toISOString();"].map(
      (text) => ({
        "src/core/a.ts": text,
      }),
    ),
    good: [
      { "src/core/a.ts": "const a = dateOf(unixMs);" },
      { "src/io/a.ts": 'const a = new Date();\nconst b = new Date("1970-01-01");' },
      { "src/base/time.ts": "const a = new Date(unixMs);" },
    ],
  },
  {
    rule: "sizes",
    bad: [
      { "src/io/a.ts": `const a = "${"x".repeat(100)}";` },
      { "test/a.test.ts": `// ${"x".repeat(98)}` },
    ],
    good: [
      { "src/io/a.ts": "a();\n".repeat(800) },
      { "src/io/a.ts": `const a = "${"\u{1f600}".repeat(80)}";` },
    ],
  },
  {
    rule: "appends",
    bad: [{ "src/server/auth/a.ts": "await accounts.append(draft);" }],
    good: [{ "src/server/kernel/a.ts": "log.appendThen(drafts, {}, done);" }],
  },
  {
    rule: "state",
    bad: [
      "let count = 0;",
      "const seen = new Map<string, number>();\nfunction a() {\n  seen.set(b, 1);\n}",
      "const list: string[] = [];\nfunction a() {\n  list.push(b);\n}",
      "const table: Record<string, number> = {};\nfunction a() {\n  table[b] = 1;\n}",
    ].map((text) => ({ "src/server/a.ts": text })),
    good: [
      "const NAMES = new Map([[1, 2]]);\nfunction a() {\n  let b = NAMES.get(1);\n}",
      "const TABLE = { a: 1 };\nfunction a() {\n  if (TABLE[b] === 1) c();\n}",
    ].map((text) => ({ "src/server/a.ts": text })),
  },
  {
    rule: "mirror",
    bad: [{ "src/core/a.ts": "export function a() {}" }, { "test/base/gone.test.ts": "" }],
    good: [
      { "src/core/a.ts": "export class A {}", "test/core/a.test.ts": "" },
      { "src/core/a.ts": "export function a() {}", "test/core/a-order.test.ts": "" },
    ],
  },
  {
    rule: "sleep",
    bad: ["await Bun.sleep(50);", "await new Promise((resolve) => setTimeout(resolve, 50));"].map(
      (text) => ({ "test/io/a.test.ts": text }),
    ),
    good: [{ "test/io/a.test.ts": 'await eventually("it is there", () => a);' }],
  },
  {
    rule: "rejects",
    bad: [
      'await expect(asked).rejects.toThrow("no");',
      "await expect(asked).resolves.toBe(5);",
    ].map((text) => ({ "test/io/a.test.ts": text })),
    good: [{ "test/io/a.test.ts": "expect(await rejection(asked)).toBeInstanceOf(Fault);" }],
  },
  {
    rule: "machine-paths",
    bad: [
      { "src/io/a.ts": `const a = "${MACHINE}/x";` },
      { "README.md": `cd ${MACHINE}` },
      { "bench/a.ts": `// ${WINDOWS}` },
      { ".npmrc": `registry=${REGISTRY}` },
    ],
    good: [{ "README.md": "Look at /home/ana/chat and https://example.org/root/x." }],
  },
  {
    rule: "docs",
    bad: [
      "Since #12 it works.",
      "See issue 3 for more.",
      "The file is made anew.",
      "The program goes on with it.",
      "An admin puts him out.",
      "Others are told of it.",
      "What is erased is gone.",
      "x".repeat(121),
    ].map((text) => ({ "docs/a.md": `${text}\n` })),
    good: [
      { "README.md": "Join `#lobby`, see [there](#1-start) and RFC 9420." },
      { "README.md": `\`\`\`\n${"x".repeat(121)} anew\n\`\`\`\n| ${"x".repeat(121)} |\n` },
      { "README.md": "What now? `lane` opens a channel." },
      { "src/io/a.ts": "// Written anew." },
    ],
  },
  {
    rule: "pins",
    bad: [
      { "package.json": '{"dependencies":{"a":"^1.2.3"}}' },
      { "package-lock.json": `{\n"resolved": "${REGISTRY}a.tgz"\n}` },
      locked({ a: {} }),
      locked({ a: { integrity: "x", optionalDependencies: { b: "1" } } }),
    ],
    good: [
      { "package.json": '{"dependencies":{"a":"1.2.3","b":"1.0.0-beta.1"}}' },
      locked({ a: { integrity: "x", optionalDependencies: { b: "1" } }, b: { integrity: "x" } }),
    ],
  },
  {
    rule: "cycles",
    bad: [
      {
        "src/io/a.ts": 'import { b } from "./b.ts";',
        "src/io/b.ts": 'import "./c.ts";',
        "src/io/c.ts": 'import { type B, a } from "./a.ts";',
      },
      {
        "src/io/log/a.ts": 'import type { B } from "../disk/b.ts";',
        "src/io/disk/b.ts": 'import type { C } from "../log/c.ts";',
        "src/io/log/c.ts": "",
      },
    ],
    good: [
      {
        "src/io/a.ts": 'import { type B, type C } from "./b.ts";',
        "src/io/b.ts": 'import { a } from "./a.ts";',
      },
      {
        "src/io/log/a.ts": 'import { b } from "../disk/b.ts";\nimport { c } from "./c.ts";',
        "src/io/disk/b.ts": "",
        "src/io/log/c.ts": 'import { b } from "../disk/b.ts";',
      },
    ],
  },
  {
    rule: "folders",
    bad: [manyFiles(25)],
    good: [manyFiles(24), { ...manyFiles(24), "src/io/log/a.ts": "" }],
  },
  {
    rule: "portable",
    bad: [
      "const a = Bun.hash(b);",
      "const a = process.platform;",
      'import { join } from "node:path";',
      'import { Database } from "bun:sqlite";',
    ].map((text) => ({ "src/client/link/a.ts": text })),
    good: [
      { "src/client/a.ts": "// Bun.hash(b)\nconst a = await b.buffer; const c = 'process.env';" },
      { "src/io/a.ts": "const a = Bun.hash(b);" },
    ],
  },
  {
    rule: "wording",
    bad: [
      "/** What a reader sees. */",
      "/**\n * Who is in.\n */",
      "const a = 1; // Of these, two.",
      "// By name.\n// And more.",
      "/** Made anew. */",
      "const a = 'it is under way';",
      "function tellOthers() {}",
      "const NEWS_MAX = 1;",
    ].flatMap((text) => [{ "src/io/a.ts": text }, { "test/e2e/a.test.ts": text }]),
    good: [
      "/** Returns what a reader sees. */",
      "// Keyed by name.\n// Of the second line only.",
      "const a = 'Who is here?';",
      'const a = "came-anew";',
      "const intelligence = storeller(newspaper);",
    ].map((text) => ({ "src/io/a.ts": text })),
  },
];
