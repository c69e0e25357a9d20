import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { buildLicenses, LICENSES_NAME, packLicenses } from "./src/cli/licenses.ts";
import { PROGRAM_TARGETS, programFile } from "./src/cli/serve/offer.ts";
import { PACK_NAME, packPage } from "./src/cli/web/page.ts";
import { buildPage } from "./src/cli/web/page-build.ts";

/**
 * Builds the one binary: `bun build.ts` for this machine into dist/chat, `--all` for every target
 * into dist/chat-TARGET, `--target NAME` for one of them, `--if-needed` only when a
 * source is newer.
 */

const ROOT = import.meta.dir;
/** Whatever the binary is made of, besides src/. */
const INPUTS = [
  "LICENSE",
  "package.json",
  "package-lock.json",
  "patches",
  "tsconfig.json",
  "build.ts",
];
/** Fails where a package is without its patch. */
const CHECK_PATCHES = ["scripts/patch-packages.mjs", "--check"];
const FLAGS = [
  "--compile",
  // Otherwise it would obey the bunfig.toml and .env of whatever folder it is started in.
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
  "--minify",
  "--sourcemap=none",
  // A command loads only the chunks that it imports; their top-level code is compiled ahead of
  // time. Deeper functions would add 9 MB and start no faster.
  "--splitting",
  "--bytecode",
  "--bytecode-depth=0",
  "--format=esm",
  // The folder of the packs has another name each time: equal sources give equal programs.
  "--entry-naming=[name].[ext]",
];

function localBinary(): string {
  return join(ROOT, "dist", process.platform === "win32" ? "chat.exe" : "chat");
}

function targetBinary(target: string): string {
  return join(ROOT, "dist", programFile(target));
}

function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

function isCurrent(binary: string): boolean {
  if (!existsSync(binary)) return false;
  const inputs = [...INPUTS, "src"].map((name) => join(ROOT, name)).filter(existsSync);
  return statSync(binary).mtimeMs > Math.max(...inputs.map(newestMs));
}

/** Empty outside of a repository, as in an unpacked archive. */
function commit(): string {
  try {
    const git = Bun.spawnSync(["git", "describe", "--always", "--dirty", "--exclude=*"], {
      cwd: ROOT,
      stderr: "ignore",
    });
    return git.success ? git.stdout.toString().trim() : "";
  } catch {
    return "";
  }
}

function defines(): string[] {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const values = { CHAT_VERSION: version, CHAT_COMMIT: commit() };
  return Object.entries({ ...values, "process.env.NODE_ENV": "production" }).flatMap(
    ([name, value]) => ["--define", `${name}=${JSON.stringify(value)}`],
  );
}

function build(binary: string, target: string[], packs: readonly string[]): void {
  const sources = [join(ROOT, "src", "main.ts"), ...packs];
  const command = [process.execPath, "build", ...sources, ...FLAGS, ...defines()];
  const started = performance.now();
  // Built beside and then renamed: the old one may be running, or another build may be under way.
  // The program contains the file's name, but not the folder's.
  const folder = mkdtempSync(join(dirname(binary), ".build-"));
  const unfinished = join(folder, basename(binary));
  const done = Bun.spawnSync([...command, ...target, "--outfile", unfinished], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (done.success) renameSync(unfinished, binary);
  rmSync(folder, { recursive: true });
  if (!done.success) {
    process.stderr.write(`${done.stdout}${done.stderr}`);
    process.exitCode = 1;
    return;
  }
  const megabytes = Math.round(statSync(binary).size / 1e6);
  const ms = Math.round(performance.now() - started);
  process.stderr.write(`built ${binary.slice(ROOT.length + 1)} (${megabytes} MB, ${ms} ms)\n`);
}

/**
 * What goes in beside the code: the page as it will be sent (bundled, named by content,
 * compressed), and the licences of all that is bundled. Without one of these nothing is built.
 */
async function withPacks(work: (packs: readonly string[]) => void): Promise<void> {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "dist", ".page-"));
  try {
    const pack = join(folder, PACK_NAME);
    const licenses = join(folder, LICENSES_NAME);
    writeFileSync(pack, packPage(await buildPage({ small: true })));
    writeFileSync(licenses, packLicenses(await buildLicenses()));
    work([pack, licenses]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const check = Bun.spawnSync([process.execPath, ...CHECK_PATCHES], { cwd: ROOT });
if (!check.success) {
  process.stderr.write(check.stderr);
  process.exit(1);
}
const args = process.argv.slice(2);
const wanted = args.includes("--target")
  ? args.slice(args.indexOf("--target") + 1)
  : PROGRAM_TARGETS;
if (args.includes("--all") || args.includes("--target")) {
  await withPacks((packs) => {
    for (const target of wanted) build(targetBinary(target), [`--target=bun-${target}`], packs);
  });
} else if (!(args.includes("--if-needed") && isCurrent(localBinary()))) {
  await withPacks((packs) => build(localBinary(), [], packs));
}
