import { afterEach, beforeEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
const SCRIPT = join(ROOT, "tools/patch-packages.mjs");
const BEFORE = "one\ntwo\nthree\nfour\n";
const AFTER = "one\n2\nthree\nfour\nfive\n";

let root: string;

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), "chat-patches-"));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function blobId(text: string): string {
  const bytes = Buffer.from(text);
  return new Bun.CryptoHasher("sha1").update(`blob ${bytes.length}\0${text}`).digest("hex");
}

const PATCH = `diff --git a/dist/a.js b/dist/a.js
index ${blobId(BEFORE)}..${blobId(AFTER)} 100644
--- a/dist/a.js
+++ b/dist/a.js
@@ -1,3 +1,3 @@
 one
-two
+2
 three
@@ -4,1 +4,2 @@
 four
+five
`;

function plant(text: string, { version = "1.2.3", patch = PATCH } = {}): string {
  fs.mkdirSync(join(root, "node_modules/a/dist"), { recursive: true });
  fs.mkdirSync(join(root, "tools/patches"), { recursive: true });
  fs.writeFileSync(join(root, "node_modules/a/package.json"), JSON.stringify({ version }));
  fs.writeFileSync(join(root, "tools/patches/a-1.2.3.patch"), patch);
  const file = join(root, "node_modules/a/dist/a.js");
  fs.writeFileSync(file, text);
  return file;
}

function run(...flags: string[]) {
  const env = { ...process.env, CHAT_PATCH_ROOT: root };
  const { exitCode, stderr } = Bun.spawnSync(["node", SCRIPT, ...flags], { env });
  return { exitCode, said: stderr.toString() };
}

test("the installed packages are patched", () => {
  const env = { ...process.env, CHAT_PATCH_ROOT: ROOT };
  const check = Bun.spawnSync([process.execPath, SCRIPT, "--check"], { env });
  expect(check.stderr.toString()).toBe("");
  expect(check.exitCode).toBe(0);
});

test("patches a package only once", () => {
  const file = plant(BEFORE);
  const shared = join(root, "shared.js");
  fs.linkSync(file, shared);
  expect(run("--check").exitCode).toBe(1);
  expect(fs.readFileSync(file, "utf8")).toBe(BEFORE);
  expect(run().exitCode).toBe(0);
  expect(fs.readFileSync(file, "utf8")).toBe(AFTER);
  expect(fs.readFileSync(shared, "utf8")).toBe(BEFORE);
  expect(run()).toEqual({ exitCode: 0, said: "" });
  expect(run("--check")).toEqual({ exitCode: 0, said: "" });
  expect(fs.readdirSync(join(root, "node_modules/a/dist"))).toEqual(["a.js"]);
});

test("tolerates a missing package during an install, but not in a check", () => {
  plant(BEFORE);
  fs.rmSync(join(root, "node_modules"), { recursive: true });
  expect(run()).toEqual({ exitCode: 0, said: "" });
  expect(run("--check").exitCode).toBe(1);
});

test.each([
  ["another file", () => plant(`${BEFORE}more\n`), "does not match the patch"],
  ["another version", () => plant(BEFORE, { version: "1.2.4" }), "1.2.4 is installed"],
  [
    "a patch for more",
    () => plant(BEFORE, { patch: PATCH.replace("+five", "+six") }),
    "wrong result",
  ],
  [
    "a path outside",
    () => plant(BEFORE, { patch: PATCH.replaceAll("b/dist", "b/../x") }),
    "full ids",
  ],
])("%s aborts the installation", (_, prepare, said) => {
  const file = prepare();
  const text = fs.readFileSync(file, "utf8");
  const done = run();
  expect(done.exitCode).toBe(1);
  expect(done.said).toContain(said);
  expect(fs.readFileSync(file, "utf8")).toBe(text);
});
