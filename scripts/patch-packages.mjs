// Applies patches/NAME-VERSION.patch to node_modules/NAME; npm runs it after each install.
//
// Strict: the ids of Git in a patch's `index` line say what each file must be before and after. A
// file that is neither stops the install, so that another version of a package is never used with
// half a patch. It may run any number of times. `--check` changes nothing, and fails where a patch
// is missing: the build and the tests ask so. Plain JavaScript, because an install has Node alone.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = process.env.CHAT_PATCH_ROOT ?? join(dirname(fileURLToPath(import.meta.url)), "..");
const isCheck = process.argv.includes("--check");

/** What Git calls a file of this content. */
function blobId(text) {
  const bytes = Buffer.from(text);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** `diff --git` parts of a patch: path, ids and hunks. */
function partsOf(patch, name) {
  return patch
    .split(/^(?=diff --git )/m)
    .filter((part) => part !== "")
    .map((part) => {
      const [, path] = /^\+\+\+ b\/(.+)$/m.exec(part) ?? [];
      const [, before, after] = /^index ([0-9a-f]{40})\.\.([0-9a-f]{40})/m.exec(part) ?? [];
      const hunks = part.split(/^(?=@@ )/m).slice(1);
      if (path === undefined || after === undefined || hunks.length === 0 || path.includes("..")) {
        throw new Error(`patches/${name} has a part without a path, whole ids or hunks`);
      }
      return { path, before, after, hunks };
    });
}

/** Each hunk at exactly the line that it names: nothing is searched for. */
function patched(text, hunks, path) {
  const lines = text.split("\n");
  let shift = 0;
  for (const hunk of hunks) {
    const [head = "", ...body] = hunk.replace(/\n$/, "").split("\n");
    const start = Number(/^@@ -(\d+)/.exec(head)?.[1]) - 1 + shift;
    const kept = body.filter((line) => /^[ -]/.test(line)).map((line) => line.slice(1));
    const made = body.filter((line) => /^[ +]/.test(line)).map((line) => line.slice(1));
    if (lines.slice(start, start + kept.length).join("\n") !== kept.join("\n")) {
      throw new Error(`${path}: what the patch replaces is not at line ${start + 1}`);
    }
    lines.splice(start, kept.length, ...made);
    shift += made.length - kept.length;
  }
  return lines.join("\n");
}

function patchPackage(name) {
  const [, folder = "", version = ""] = /^(.+)-(\d+\.\d+\.\d+.*)\.patch$/.exec(name) ?? [];
  const home = join(ROOT, "node_modules", folder.replace("+", "/"));
  const installed = JSON.parse(readFileSync(join(home, "package.json"), "utf8")).version;
  if (installed !== version) throw new Error(`${folder} ${installed} is installed, not ${version}`);
  for (const part of partsOf(readFileSync(join(ROOT, "patches", name), "utf8"), name)) {
    const path = join(home, part.path);
    const text = readFileSync(path, "utf8");
    if (blobId(text) === part.after) continue;
    if (isCheck) throw new Error(`${folder}/${part.path} is not patched`);
    if (blobId(text) !== part.before) throw new Error(`${folder}/${part.path} is another file`);
    const result = patched(text, part.hunks, path);
    if (blobId(result) !== part.after) throw new Error(`${folder}/${part.path} came out wrong`);
    // Renamed over: the old file may be shared with other folders by a hard link.
    writeFileSync(`${path}.patched`, result);
    renameSync(`${path}.patched`, path);
    process.stderr.write(`patched ${folder}/${part.path}\n`);
  }
}

try {
  const names = readdirSync(join(ROOT, "patches")).filter((name) => name.endsWith(".patch"));
  for (const name of names) patchPackage(name);
} catch (error) {
  process.stderr.write(`patches: ${error.message}\nRun npm install; CONTRIBUTING.md says more.\n`);
  process.exitCode = 1;
}
