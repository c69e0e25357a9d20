/** For each rule, files that break it and files that only look as if they did. */
export interface Planted {
  readonly rule: string;
  /** Each entry is a small repository with exactly one violation: path, then text. */
  readonly bad: readonly Readonly<Record<string, string>>[];
  readonly good: readonly Readonly<Record<string, string>>[];
}

const lines = (count: number, line = "a();") => `${line}\n`.repeat(count);

const manyFiles = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`src/io/a${i}.ts`, ""]));

/** Taken apart, so that this file does not break the rules that read texts. */
const REGISTRY = ["https:/", ["registry", "npmjs", "org"].join("."), ""].join("/");
const MACHINE = ["", "root", "chat"].join("/");
const WINDOWS = ["C:", "Users", "me"].join("\\");

export const PLANTED: readonly Planted[] = [
  {
    rule: "layers",
    bad: [
      { "src/base/a.ts": 'import { b } from "../wire/b.ts";' },
      { "src/io/a.ts": 'import type { B } from "../crypto/b.ts";' },
      { "src/server/a.ts": 'import { b } from "../client/b.ts";' },
      { "src/client/link/a.ts": 'import { b } from "../../web/b.ts";' },
      { "src/cli/chat/a.ts": 'import { b } from "../../commands/b.ts";' },
      { "src/commands/a.ts": 'const b = await import("../main.ts");' },
      { "src/core/a.ts": 'import {\n  b,\n  c,\n} from "../io/b.ts";' },
      { "src/core/a.ts": 'export { b } from "../server/b.ts";' },
      { "src/server/a.ts": 'import { b } from "../../test/b.ts";' },
      { "src/other/a.ts": "" },
    ],
    good: [
      { "src/main.ts": 'import { a } from "./commands/a.ts";' },
      { "src/web/driver/a.ts": 'import { b } from "../../client/b.ts";' },
      { "src/io/a.ts": 'import { b } from "./b.ts";\nimport { c } from "../base/c.ts";' },
      { "src/base/a.ts": '// import { b } from "../wire/b.ts";\nconst c = \'from "../io/x.ts"\';' },
    ],
  },
  {
    rule: "homes",
    bad: [
      { "src/wire/shapes.ts": 'import * as v from "valibot";' },
      { "src/io/codec.ts": 'import { pack } from "msgpackr/pack";' },
      { "src/server/a.ts": 'import { defineCommand } from "citty";' },
      { "src/client/a.ts": 'import { createConsola } from "consola";' },
      { "src/crypto/a.ts": 'import "reflect-metadata";' },
      { "src/server/a.ts": 'import { X509Certificate } from "@peculiar/x509";' },
      { "src/server/a.ts": 'import { Database } from "bun:sqlite";' },
      { "src/io/lan/announcer.ts": 'import { Bonjour } from "bonjour-service";' },
      { "src/server/a.ts": 'import leftPad from "left-pad";' },
    ],
    good: [
      { "src/wire/codec.ts": 'import { Packr } from "msgpackr";' },
      { "src/wire/messages-files.ts": 'import * as v from "valibot";' },
      { "src/crypto/certificate.ts": 'import "reflect-metadata";' },
      { "src/io/a.ts": 'import { Database } from "bun:sqlite";\nimport { open } from "node:fs";' },
      { "test/a.test.ts": 'import fc from "fast-check";' },
    ],
  },
  {
    rule: "purity",
    bad: [
      "async function a() {}",
      "const a: Promise<void>[] = x;",
      "const a = Date.now();",
      "const a = new Date();",
      "const a = performance.now();",
      "setTimeout(a, 5);",
      "const a = Math.random();",
      "const a = crypto.getRandomValues(b);",
      "const a = Bun.hash(b);",
      "const a = process.platform;",
      'import { join } from "node:path";',
      "const a = `$" + "{Date.now()}`;",
    ].map((text) => ({ "src/core/a.ts": text })),
    good: [
      { "src/core/a.ts": "// await Date.now()\nconst a = 'Promise'; const b = new Date(now);" },
      { "src/io/a.ts": "await Bun.sleep(Date.now());" },
      { "src/wire/a.ts": "const a = /await|Promise/;" },
    ],
  },
  {
    rule: "preact",
    bad: [
      "const a = <input autoFocus />;",
      "const a = <input spellCheck={false} />;",
      "const a = <p onWheel={b} />;",
    ].map((text) => ({ "src/web/view/a.tsx": text })),
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
      { "test/io/a.test.ts": "const a = new Date(unixMs);" },
    ],
  },
  {
    rule: "sizes",
    bad: [
      { "src/io/a.ts": `const a = "${"x".repeat(100)}";` },
      { "test/a.test.ts": `// ${"x".repeat(98)}` },
    ],
    good: [
      { "src/io/a.ts": lines(800) },
      { "src/io/a.ts": `const a = "${"\u{1f600}".repeat(80)}";` },
      { "README.md": "x".repeat(500) },
    ],
  },
  {
    rule: "names",
    bad: [
      "src/io/sendQueue.ts",
      "src/io/Send.ts",
      "src/io/send_queue.ts",
      "src/io/utils.ts",
      "src/core/helpers.ts",
      "src/wire/types.ts",
      "src/commands/_program.ts",
      "src/client/index.ts",
      "src/io/_private.ts",
      "test/io/utils.test.ts",
    ].map((path) => ({ [path]: "" })),
    good: ["src/io/send-queue.ts", "src/cli/parser.ts", "test/io/ws-link.test.ts"].map((path) => ({
      [path]: "",
    })),
  },
  {
    rule: "language",
    bad: [
      "export default 5;",
      "export { a as default };",
      "enum A { B }",
      "export const enum A { B }",
      "export namespace A {}",
      'export * from "./b.ts";',
      'export { a } from "./b.ts";',
      'export type { A } from "./b.ts";',
      "let a: any;",
      "const a = b as any;",
      "const a = new Map<string, any>();",
      "const a: any[] = [];",
      "const a = b!.c;",
      "const a = b[0]!;",
      "call(a!, b);",
      "// @ts-" + "ignore\nconst a = 5;",
    ].map((text) => ({ "src/io/a.ts": text })),
    good: [
      "const company = 5; // any, namespace, enum!",
      "if (!a && a !== b) c(!d);",
      "interface A { any: string }\nexport { a };",
      'const a = "b!.c as any";',
    ].map((text) => ({ "src/io/a.ts": text })),
  },
  {
    rule: "state",
    bad: [
      "let count = 0;",
      "export let count = 0;",
      "var a = 5;",
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
    bad: [
      { "src/core/a.ts": "export function a() {}" },
      { "src/wire/a.ts": "export const A = 5;" },
      { "test/base/gone.test.ts": "" },
    ],
    good: [
      { "src/core/a.ts": "export class A {}", "test/core/a.test.ts": "" },
      { "src/core/a.ts": "export function a() {}", "test/core/a-order.test.ts": "" },
      { "src/base/a.ts": "export type A = 5;\nexport interface B {}" },
      { "src/io/a.ts": "export function a() {}" },
    ],
  },
  {
    rule: "left",
    bad: [
      "test.only(a, b);",
      "test.skip(a, b);",
      "describe.todo(a);",
      "it.failing(a);",
      "test.only.each(a)(b);",
    ].map((text) => ({ "test/a.test.ts": text })),
    good: [{ "test/a.test.ts": "test.each(a)(b); // test.only(c)" }],
  },
  {
    rule: "sleep",
    bad: [
      "await Bun.sleep(50);",
      "await new Promise((resolve) => setTimeout(resolve, 50));",
      "await sleep(delayMs);",
      "setInterval(look, 5);",
    ].map((text) => ({ "test/io/a.test.ts": text })),
    good: [{ "test/io/a.test.ts": 'await eventually("it is there", () => a);' }],
  },
  {
    rule: "rejects",
    bad: [
      'await expect(asked).rejects.toThrow("no");',
      "await expect(asked)\n  .rejects.toMatchObject({});",
      "await expect(asked).resolves.toBe(5);",
    ].map((text) => ({ "test/io/a.test.ts": text })),
    good: [{ "test/io/a.test.ts": "expect(await rejection(asked)).toBeInstanceOf(Fault);" }],
  },
  {
    rule: "places",
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
    bad: [{ "README.md": "Since #12 it works." }, { "docs/a.md": "See issue 3 for more." }],
    good: [{ "README.md": "Join `#lobby`, see [there](#1-start) and RFC 9420." }],
  },
  {
    rule: "pins",
    bad: [
      { "package.json": '{"dependencies":{"a":"^1.2.3"}}' },
      { "package.json": '{"devDependencies":{"a":"latest"}}' },
      { "package-lock.json": `{\n"resolved": "${REGISTRY}a.tgz"\n}` },
    ],
    good: [{ "package.json": '{"dependencies":{"a":"1.2.3","b":"1.0.0-beta.1"}}' }],
  },
  {
    rule: "cycles",
    bad: [
      {
        "src/io/a.ts": 'import { b } from "./b.ts";',
        "src/io/b.ts": 'import { a } from "./a.ts";',
      },
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
        "src/io/a.ts": 'import type { B } from "./b.ts";',
        "src/io/b.ts": 'import { a } from "./a.ts";',
      },
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
      "const a = Buffer.from(b);",
      'import { join } from "node:path";',
      'import { Database } from "bun:sqlite";',
    ].map((text) => ({ "src/client/link/a.ts": text })),
    good: [
      { "src/client/a.ts": "// Bun.hash(b)\nconst a = await b.buffer; const c = 'process.env';" },
      { "src/io/a.ts": "const a = Bun.hash(b);" },
    ],
  },
  {
    rule: "classes",
    bad: [{ "src/io/a.ts": "export class Reader {}", "src/web/b.ts": "export class Reader {}" }],
    good: [{ "src/io/a.ts": "export class Reader {}", "src/web/b.ts": "class Reader {}" }],
  },
  {
    rule: "words",
    bad: [
      { "src/core/hall.ts": "" },
      { "src/core/rooms/hall-effect.ts": "" },
      { "src/core/a.ts": "const hall = b;" },
      { "src/core/a.ts": "class RequestDesk {}" },
      { "test/core/a.ts": "const a = openOffices;" },
      { "src/base/a.ts": "export const INTAKE_MAX = 5;" },
    ],
    good: [
      { "src/core/a.ts": "// hall\nconst a = 'desk'; const shall = desktop;" },
      { "README.md": "The hall." },
    ],
  },
  {
    rule: "heads",
    bad: [
      { "src/io/a.ts": 'import { b } from "./b.ts";\n\n/** All. */\n/** One. */\nconst a = b;' },
      { "src/io/a.ts": "/** All. */\nconst a = 5;\n\n/** One. */\n\n/** Two. */\nconst b = 5;" },
    ],
    good: [
      { "src/io/a.ts": "/** All. */\nimport { b } from './b.ts';\n\n/** One. */\nconst a = b;" },
      { "src/io/a.ts": "/** All. */\n\n/** One. */\nexport const A = 5;" },
    ],
  },
];
