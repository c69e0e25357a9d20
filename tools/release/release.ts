/**
 * `npm run release -- VERSION`: builds, packs and signs a release in dist/release-VERSION. Uses no
 * network except the package registry, from which Bun fetches the runtimes of other systems.
 *
 *     --key FILE        secret key of minisign; asks for its password on the terminal
 *     --unsigned        no signature, for a local trial; `chat version --check` rejects the result
 *     --targets A,B     only these targets
 *     --address URL     address of the published files; adds the recipes of other package managers
 *     --dirty           allows uncommitted changes
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAM_TARGETS, programFile } from "../../src/cli/serve/offer.ts";
import { newestVersion } from "../../src/wire/since.ts";
import { archiveTasks } from "./archives.ts";
import { packDeb } from "./deb.ts";
import { knownNow } from "./known.ts";
import { releaseNotes } from "./notes.ts";
import { packRecipes } from "./recipes.ts";
import { packRpm } from "./rpm.ts";
import { hashOf, output, ROOT, run, UsageError } from "./run.ts";
import { stageFiles } from "./stage.ts";

const MANIFEST = join(ROOT, "package.json");
const PUBLIC_KEY = join(ROOT, "tools/packaging", "minisign.pub");

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: "string" },
      unsigned: { type: "boolean", default: false },
      targets: { type: "string", default: PROGRAM_TARGETS.join() },
      address: { type: "string" },
      dirty: { type: "boolean", default: false },
    },
  });
  const [version = ""] = positionals;
  const { key, unsigned, dirty, address } = values;
  const targets = values.targets.split(",");
  const notes = checkVersion(version);
  checkTargets(targets);
  if (!dirty && output("git", "status", "--porcelain") !== "") {
    throw new UsageError("there are uncommitted changes; commit them, or add --dirty");
  }
  if (address !== undefined && values.targets !== PROGRAM_TARGETS.join()) {
    throw new UsageError("--address needs the archives of all targets; omit --targets");
  }
  if (!unsigned && key === undefined) throw new UsageError("missing --key FILE");

  const started = performance.now();
  const folder = join(ROOT, "dist", `release-${version}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const publicKey = unsigned ? "" : readPublicKey();
  const env = { CHAT_RELEASE_KEY: publicKey };
  // Archives with the commit time are reproducible.
  const epoch = Number(output("git", "log", "-1", "--format=%ct"));
  // A single run bundles the page only once. The program for this machine prints the manual.
  await run(["build.ts", "--target", "local", ...targets], { program: process.execPath, env });
  const work = join(folder, ".work");
  const staged = await stageFiles(join(work, "common"));
  await packAll({ folder, trees: join(work, "trees"), version, targets, staged, epoch });
  const sbom = join(folder, `chat-${version}.cdx.json`);
  const localProgram = join(ROOT, "dist", "chat");
  await run(["tools/release/sbom.mjs", localProgram, sbom, String(epoch)], {
    program: process.execPath,
  });
  if (address !== undefined) {
    await packRecipes({ folder, version, address, trees: join(work, "recipes"), epoch });
  }
  rmSync(work, { recursive: true });
  writeFileSync(join(folder, "RELEASE-NOTES.md"), notes);
  writeInstallers(folder, publicKey);
  await sign(folder, version, key);
  if (!unsigned) writeKnown(version);
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`${folder}: ${readdirSync(folder).length} files in ${seconds} s\n`);
}

/** Later versions compare what they know with this file; see test/wire/since.test.ts. */
function writeKnown(version: string): void {
  if (version !== newestVersion()) return;
  const path = join("test/wire", `known-${version}.json`);
  writeFileSync(join(ROOT, path), `${JSON.stringify(knownNow(), null, 2)}\n`);
  process.stdout.write(`wrote ${path}; commit it\n`);
}

interface PackOptions {
  readonly folder: string;
  readonly trees: string;
  readonly version: string;
  readonly targets: readonly string[];
  readonly staged: string;
  readonly epoch: number;
}

/** Each compressor uses one core for up to a minute. */
const CONCURRENT_TASKS_MAX = 2;

async function packAll({ targets, ...options }: PackOptions): Promise<void> {
  const programs = join(ROOT, "dist");
  const tasks = targets.flatMap((target) => {
    const packageOptions = { ...options, target, program: join(programs, programFile(target)) };
    return [
      ...archiveTasks({ ...options, programs }, target),
      () => packDeb(packageOptions),
      () => packRpm(packageOptions),
    ];
  });
  const count = tasks.length;
  let packed = 0;
  const worker = async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      await task();
      process.stderr.write(`packed ${++packed} of ${count}\n`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_TASKS_MAX }, worker));
}

function checkVersion(version: string): string {
  const { version: packageVersion } = JSON.parse(readFileSync(MANIFEST, "utf8")) as {
    version: string;
  };
  if (version === "") {
    throw new UsageError(`missing VERSION; run: npm run release -- ${packageVersion}`);
  }
  if (version !== packageVersion) {
    throw new UsageError(
      `package.json has version ${packageVersion}; raise "version" to ${version} and commit, ` +
        `or run: npm run release -- ${packageVersion}`,
    );
  }
  return releaseNotes(readFileSync(join(ROOT, "CHANGELOG.md"), "utf8"), version);
}

function checkTargets(targets: readonly string[]): void {
  const unknown = targets.find((target) => !PROGRAM_TARGETS.some((name) => name === target));
  if (unknown !== undefined) {
    throw new UsageError(`unknown target ${unknown}; use ${PROGRAM_TARGETS.join(", ")}`);
  }
}

function readPublicKey(): string {
  if (!existsSync(PUBLIC_KEY)) {
    throw new UsageError(
      "no tools/packaging/minisign.pub; create a key: " +
        "minisign -G -p tools/packaging/minisign.pub -s FILE",
    );
  }
  const [, line = ""] = readFileSync(PUBLIC_KEY, "utf8").trim().split("\n");
  return line.trim();
}

function writeInstallers(folder: string, publicKey: string): void {
  for (const name of ["install.sh", "install.ps1"]) {
    const text = readFileSync(join(ROOT, "tools/packaging", name), "utf8");
    writeFileSync(join(folder, name), text.replaceAll("@PUBLIC_KEY@", publicKey), { mode: 0o755 });
  }
}

async function sign(folder: string, version: string, key: string | undefined): Promise<void> {
  const names = readdirSync(folder).sort();
  const sums = join(folder, "SHA256SUMS");
  writeFileSync(sums, names.map((name) => `${hashOf(join(folder, name))}  ${name}\n`).join(""));
  if (key === undefined) return;
  await run(["-S", "-s", key, "-m", sums, "-t", `chat ${version}`], { program: "minisign" });
  await run(["-V", "-q", "-p", PUBLIC_KEY, "-m", sums], { program: "minisign" });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`release: ${error.message}\n`);
  process.exit(2);
}
