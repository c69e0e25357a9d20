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
import { buildGuides, GUIDES_NAME, packGuides } from "./src/cli/guides.ts";
import { buildLicenses, LICENSES_NAME, packLicenses } from "./src/cli/licenses.ts";
import { PROGRAM_TARGETS, programFile } from "./src/cli/serve/offer.ts";
import { PACK_NAME, packPage } from "./src/cli/web/page.ts";
import { buildPage } from "./src/cli/web/page-build.ts";
import { signMachO } from "./tools/release/mach-o.ts";
import { replaceRuntimeTexts } from "./tools/release/runtime.ts";

/**
 * Builds the binary. `bun build.ts` builds dist/chat for this machine, `--all` builds
 * dist/chat-TARGET for every target, and `--target NAME...` builds only the named targets (`local`
 * is dist/chat). With `--if-needed`, nothing is built unless a source is newer than the binary.
 */

const ROOT = import.meta.dir;
const LOCAL = "local";
/** Source files and folders of the binary outside src/. */
const INPUTS = [
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "docs",
  "package.json",
  "package-lock.json",
  "tools/patches",
  "tsconfig.json",
  "build.ts",
  "tools/release/mach-o.ts",
  "tools/release/runtime.ts",
];
/** Arguments of the script that fails if a patch is missing from a package. */
const CHECK_PATCHES = ["tools/patch-packages.mjs", "--check"];
const FLAGS = [
  "--compile",
  // Keeps the binary from loading bunfig.toml and .env from its working directory.
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
  "--minify",
  "--sourcemap=none",
  // A command loads only the chunks that it imports, and their top-level code is compiled ahead of
  // time. Compiling nested functions as well would add 9 MB without a faster start.
  "--splitting",
  "--bytecode",
  "--bytecode-depth=0",
  "--format=esm",
  // Compiles less machine code until src/main.ts restores the normal policy.
  "--compile-jit-policy=10",
  // Omits the random folder name of the embedded files, so that builds are reproducible.
  "--entry-naming=[name].[ext]",
];

function localBinary(): string {
  return join(ROOT, "dist", process.platform === "win32" ? "chat.exe" : "chat");
}

function targetBinary(target: string): string {
  return join(ROOT, "dist", programFile(target));
}

function newestMtimeMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(
    stat.mtimeMs,
    ...readdirSync(path).map((name) => newestMtimeMs(join(path, name))),
  );
}

function isCurrent(binary: string): boolean {
  if (!existsSync(binary)) return false;
  const inputs = [...INPUTS, "src"].map((name) => join(ROOT, name)).filter(existsSync);
  return statSync(binary).mtimeMs > Math.max(...inputs.map(newestMtimeMs));
}

/** Returns the commit; "" outside a repository. */
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

/** Returns the target name of this machine, as listed in `PROGRAM_TARGETS`. */
function hostTarget(): string {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const isMusl = existsSync("/etc/alpine-release");
  return `${system}-${process.arch}${isMusl ? "-musl" : ""}`;
}

function defines(target: string): string[] {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const values = {
    CHAT_VERSION: version,
    CHAT_COMMIT: commit(),
    CHAT_TARGET: target,
    CHAT_RELEASE_KEY: process.env["CHAT_RELEASE_KEY"] ?? "",
  };
  return Object.entries({ ...values, "process.env.NODE_ENV": "production" }).flatMap(
    ([name, value]) => ["--define", `${name}=${JSON.stringify(value)}`],
  );
}

/** Replaces texts of the runtime. A macOS program then needs a new ad-hoc signature. */
function finishProgram(path: string, target: string): void {
  const bytes = new Uint8Array(readFileSync(path));
  replaceRuntimeTexts(bytes);
  writeFileSync(path, target.startsWith("darwin") ? signMachO(bytes) : bytes);
}

/** @param target `undefined` for this machine */
function build(binary: string, target: string | undefined, embeddedFiles: readonly string[]): void {
  const sources = [join(ROOT, "src", "main.ts"), ...embeddedFiles];
  const command = [process.execPath, "build", ...sources, ...FLAGS];
  command.push(...defines(target ?? hostTarget()));
  if (target !== undefined) command.push(`--target=bun-${target}`);
  const started = performance.now();
  // The build writes to a temporary folder and renames the result, because the old binary may be
  // running and another build may be in progress. The binary contains its file name, but not its
  // folder.
  const folder = mkdtempSync(join(dirname(binary), ".build-"));
  const tempFile = join(folder, basename(binary));
  const result = Bun.spawnSync([...command, "--outfile", tempFile], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (result.success) {
    finishProgram(tempFile, target ?? hostTarget());
    renameSync(tempFile, binary);
  }
  rmSync(folder, { recursive: true });
  if (!result.success) {
    process.stderr.write(`${result.stdout}${result.stderr}`);
    process.exitCode = 1;
    return;
  }
  const megabytes = Math.round(statSync(binary).size / 1e6);
  const ms = Math.round(performance.now() - started);
  process.stderr.write(`built ${binary.slice(ROOT.length + 1)} (${megabytes} MB, ${ms} ms)\n`);
}

/**
 * Calls `callback` with the files to embed in the binary: the bundled, hashed and compressed page,
 * the licences of all bundled packages, and the guides. Throws if one of them cannot be built.
 */
async function withEmbeddedFiles(
  callback: (embeddedFiles: readonly string[]) => void,
): Promise<void> {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "dist", ".page-"));
  try {
    const pack = join(folder, PACK_NAME);
    const licenses = join(folder, LICENSES_NAME);
    const guides = join(folder, GUIDES_NAME);
    writeFileSync(pack, packPage(await buildPage({ small: true })));
    writeFileSync(licenses, packLicenses(await buildLicenses()));
    writeFileSync(guides, packGuides(buildGuides()));
    callback([pack, licenses, guides]);
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
const targets = args.includes("--target")
  ? args.slice(args.indexOf("--target") + 1)
  : PROGRAM_TARGETS;
if (args.includes("--all") || args.includes("--target")) {
  await withEmbeddedFiles((embeddedFiles) => {
    for (const target of targets) {
      if (target === LOCAL) build(localBinary(), undefined, embeddedFiles);
      else build(targetBinary(target), target, embeddedFiles);
    }
  });
} else if (!(args.includes("--if-needed") && isCurrent(localBinary()))) {
  await withEmbeddedFiles((embeddedFiles) => build(localBinary(), undefined, embeddedFiles));
}
