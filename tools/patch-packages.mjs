// Applies tools/patches/NAME-VERSION.patch to node_modules/NAME; npm runs it after each install.
//
// The Git ids in a patch's `index` lines identify each file before and after. A file that matches
// neither stops the install, so that a patch is never applied to another version. Repeated runs are
// harmless. A missing package needs no patch: `npm install --package-lock-only` installs none.
// `--check` changes nothing and fails if a patch is not applied; the build and the tests call it.
// Plain JavaScript, because only Node is available during an install.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = process.env.CHAT_PATCH_ROOT ?? join(dirname(fileURLToPath(import.meta.url)), "..");
const isCheck = process.argv.includes("--check");

function blobId(text) {
  const bytes = Buffer.from(text);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function parsePatch(patch, name) {
  return patch
    .split(/^(?=diff --git )/m)
    .filter((part) => part !== "")
    .map((part) => {
      const [, path] = /^\+\+\+ b\/(.+)$/m.exec(part) ?? [];
      const [, before, after] = /^index ([0-9a-f]{40})\.\.([0-9a-f]{40})/m.exec(part) ?? [];
      const hunks = part.split(/^(?=@@ )/m).slice(1);
      if (path === undefined || after === undefined || hunks.length === 0 || path.includes("..")) {
        throw new Error(`patches/${name} has a file without path, full ids or hunks`);
      }
      return { path, before, after, hunks };
    });
}

/** Applies hunks at exactly the lines they name; nothing is searched. */
function applyHunks(text, hunks, path) {
  const lines = text.split("\n");
  let shift = 0;
  for (const hunk of hunks) {
    const [head = "", ...body] = hunk.replace(/\n$/, "").split("\n");
    const start = Number(/^@@ -(\d+)/.exec(head)?.[1]) - 1 + shift;
    const oldLines = body.filter((line) => /^[ -]/.test(line)).map((line) => line.slice(1));
    const newLines = body.filter((line) => /^[ +]/.test(line)).map((line) => line.slice(1));
    if (lines.slice(start, start + oldLines.length).join("\n") !== oldLines.join("\n")) {
      throw new Error(`${path}: hunk does not match at line ${start + 1}`);
    }
    lines.splice(start, oldLines.length, ...newLines);
    shift += newLines.length - oldLines.length;
  }
  return lines.join("\n");
}

function patchPackage(name) {
  const [, folder = "", version = ""] = /^(.+)-(\d+\.\d+\.\d+.*)\.patch$/.exec(name) ?? [];
  const packageFolder = join(ROOT, "node_modules", folder.replace("+", "/"));
  if (!isCheck && !existsSync(packageFolder)) return;
  const installed = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")).version;
  if (installed !== version) throw new Error(`${folder} ${installed} is installed, not ${version}`);
  for (const part of parsePatch(readFileSync(join(ROOT, "tools/patches", name), "utf8"), name)) {
    const path = join(packageFolder, part.path);
    const text = readFileSync(path, "utf8");
    if (blobId(text) === part.after) continue;
    if (isCheck) throw new Error(`${folder}/${part.path} is not patched`);
    if (blobId(text) !== part.before)
      throw new Error(`${folder}/${part.path} does not match the patch`);
    const result = applyHunks(text, part.hunks, path);
    if (blobId(result) !== part.after) throw new Error(`${folder}/${part.path} has a wrong result`);
    // Replaced by renaming: the old file may be a hard link shared with other folders.
    writeFileSync(`${path}.patched`, result);
    renameSync(`${path}.patched`, path);
    process.stderr.write(`patched ${folder}/${part.path}\n`);
  }
}

try {
  const names = readdirSync(join(ROOT, "tools/patches")).filter((name) => name.endsWith(".patch"));
  for (const name of names) patchPackage(name);
} catch (error) {
  process.stderr.write(`patches: ${error.message}\nRun npm ci; see CONTRIBUTING.md.\n`);
  process.exitCode = 1;
}
