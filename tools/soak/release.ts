/**
 * `npm run soak -- release [FOLDER]`: runs the programs and packages of a release, each as far as
 * this machine can, and writes bench/soak-release.md. Without FOLDER the newest dist/release-*.
 *
 *     --only WORDS      only checks whose names contain these words
 *     --root FOLDER     Debian system for the package (Default: this one, under an overlay)
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, release, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkMachO, checkPe } from "../release/mach-o.ts";
import { output, ROOT } from "../release/run.ts";
import { remainingRuntimeTexts } from "../release/runtime.ts";
import { linuxEnd, talkBetween, windowsEnd } from "./windows.ts";
import { WINE_NEEDS, Wine } from "./wine.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", default: "" }, root: { type: "string", default: "/" } },
});
const FOLDER = resolve(positionals[0] ?? newestRelease());
const WORK = mkdtempSync(join(tmpdir(), "chat-soak-release-"));
const LISTEN_TIMEOUT_MS = 240_000;
const MUSL_LOADER = "/lib/ld-musl-x86_64.so.1";

/** Thrown if a check needs something that this machine lacks. */
class Untested extends Error {}

function newestRelease(): string {
  const dist = join(ROOT, "dist");
  const names = readdirSync(dist).filter((name) => name.startsWith("release-"));
  const time = (name: string) => statSync(join(dist, name)).mtimeMs;
  const [newest] = names.sort((a, b) => time(b) - time(a));
  if (newest === undefined) throw new Error("no dist/release-*; run npm run release first");
  return join(dist, newest);
}

function needs(...programs: readonly string[]): void {
  for (const program of programs) {
    if (Bun.which(program) === null && !existsSync(program)) throw new Untested(`no ${program}`);
  }
}

function programOf(target: string): string {
  const suffix = target.startsWith("windows") ? ".zip" : ".tar.gz";
  const name = readdirSync(FOLDER).find((file) => file.endsWith(`-${target}${suffix}`));
  if (name === undefined) throw new Untested(`the release has no ${target}`);
  const command = suffix === ".zip" ? ["unzip", "-q", "-d"] : ["tar", "-xzf"];
  needs(command[0] ?? "");
  const archive = join(FOLDER, name);
  const [program = "", ...args] = command;
  if (suffix === ".zip") output(program, ...args, WORK, archive);
  else output(program, ...args, archive, "-C", WORK);
  const folder = join(WORK, name.slice(0, -suffix.length));
  const path = join(folder, suffix === ".zip" ? "chat.exe" : "chat");
  const remaining = remainingRuntimeTexts(new Uint8Array(readFileSync(path)));
  if (remaining.length > 0) throw new Error(`${name} contains ${remaining[0]}`);
  return path;
}

type Json = Readonly<Record<string, unknown>>;

async function talk(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const started = performance.now();
  const version = output("env", ...pairs(env), ...command, "--version");
  const data = mkdtempSync(join(WORK, "data-"));
  const common = { ...env, CHAT_HOME: join(data, "home"), XDG_RUNTIME_DIR: data };
  const server = Bun.spawn(
    [
      ...["env", ...pairs(common), ...command, "serve", "--host", "127.0.0.1", "--port", "0"],
      ...["--open", "--no-discovery", "--json", "--data", join(data, "server")],
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  try {
    const port = Number((await firstLine(server.stdout))["port"]);
    const chat = (...args: string[]) =>
      output("env", ...pairs(common), ...command, ...args, "--server", `127.0.0.1:${port}`);
    chat("send", "hello", "--user", "ana");
    const file = join(data, "file.bin");
    writeFileSync(file, crypto.getRandomValues(new Uint8Array(60_000)));
    const lines = chat("send-file", file, "--user", "ana", "--json").split("\n");
    const { id } = JSON.parse(lines.at(-1) ?? "") as Json;
    chat("get-file", String(id), "--user", "ana", "--out", join(data, "got"));
    const same = readFileSync(file).equals(readFileSync(join(data, "got", "file.bin")));
    if (!same) throw new Error("the file differs");
    if (!chat("history", "--user", "ana").includes("hello")) throw new Error("no message");
  } finally {
    server.kill();
    await server.exited;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return `${version}; serve, send, history, send-file and get-file in ${seconds} s`;
}

function pairs(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<Json> {
  const timeout = AbortSignal.timeout(LISTEN_TIMEOUT_MS);
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    timeout.throwIfAborted();
    if (text.includes("\n")) return JSON.parse(text.split("\n", 1)[0] ?? "") as Json;
  }
  throw new Error("the server ended");
}

function sysroot(...packages: readonly string[]): string {
  const folder = join(WORK, "sysroot");
  mkdirSync(folder, { recursive: true });
  const download = Bun.spawnSync(["apt-get", "download", ...packages], {
    cwd: folder,
    stderr: "ignore",
  });
  if (!download.success) throw new Untested(`cannot download ${packages.join(", ")}`);
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".deb"))) {
    output("dpkg-deb", "-x", join(folder, name), folder);
  }
  return folder;
}

/** Debian's musl has a libstdc++ for glibc, so a shim supplies what musl lacks. */
async function runWithMusl(): Promise<string> {
  needs(MUSL_LOADER, "gcc");
  const libraries = join(WORK, "musl");
  mkdirSync(libraries);
  const system = "/usr/lib/x86_64-linux-gnu";
  for (const name of ["libstdc++.so.6", "libgcc_s.so.1"]) {
    cpSync(join(system, name), join(libraries, name), { dereference: true });
  }
  const shim = join(import.meta.dir, "../release/musl-shim.c");
  const out = join(libraries, "ld-linux-x86-64.so.2");
  output("gcc", "-w", "-shared", "-fPIC", "-nostdlib", "-o", out, shim);
  return talk([MUSL_LOADER, programOf("linux-x64-musl")], { LD_LIBRARY_PATH: libraries });
}

async function runWindows(): Promise<string> {
  const program = programOf("windows-x64");
  const { sections } = checkPe(new Uint8Array(readFileSync(program)));
  const header = `PE header valid, ${sections} sections`;
  const missing = WINE_NEEDS.find((name) => Bun.which(name) === null);
  if (missing !== undefined) return `${header}; not run: no ${missing}`;
  const folder = mkdtempSync(join(WORK, "wine-"));
  const wine = Wine.create(folder);
  try {
    const [windows, linux] = [windowsEnd(program, wine), linuxEnd(programOf("linux-x64"))];
    const pairs = [
      [linux, windows],
      [windows, linux],
      [windows, windows],
    ] as const;
    const rows: string[] = [];
    for (const [i, [server, client]] of pairs.entries()) {
      rows.push(await talkBetween(server, client, join(folder, `${i}`)));
    }
    return [header, "under Wine", ...rows].join("; ");
  } finally {
    wine.end();
  }
}

function checkMac(target: string): string {
  const { cpu, isAdHoc, pages } = checkMachO(new Uint8Array(readFileSync(programOf(target))));
  const kind = isAdHoc ? "ad hoc" : "foreign";
  return `Mach-O header for ${cpu}, ${kind} signature, ${pages} page hashes verified; not run`;
}

/** Runs in the package's system; `$1` is the older package, `$2` the release's. */
const PACKAGE_STEPS = `
set -eu
server=''
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true' EXIT
step() { echo "$1: $(( ($(date +%s%N) - start) / 1000000 )) ms"; }
start=$(date +%s%N)
serves() {
  rm -f /var/lib/chat/invite
  setpriv --reuid chat --regid chat --clear-groups env CHAT_HOME=/var/lib/chat/home \\
    /usr/bin/chat serve --data /var/lib/chat --quiet --host 127.0.0.1 --port 24280 \\
    --no-discovery >/tmp/serve.log 2>&1 &
  server=$!
  for i in $(seq 200); do test -s /var/lib/chat/invite && break; sleep 0.1; done
  test -s /var/lib/chat/invite || { cat /tmp/serve.log; exit 1; }
}
stops() { kill "$server"; wait "$server" || true; }
apt_install() { dpkg -i "$1" >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }; }
apt_install "$1"; chat --version; serves; step 'installed and serving'
export CHAT_HOME=/tmp/home CHAT_INVITE="$(cat /var/lib/chat/invite | tr -d "'")" CHAT_USER=ana
chat send 'before the upgrade' 2>&1
stops
echo '# mine' >>/etc/chat/settings.toml
apt_install "$2"; serves
chat send 'after the upgrade'; chat history | grep -c upgrade | grep -qx 2; step 'upgraded'
grep -q mine /etc/chat/settings.toml
test "$(stat -c %a:%U /var/lib/chat)" = 700:chat
test -e /usr/share/man/man1/chat.1.gz
stops
dpkg --remove chat >/dev/null 2>&1; test -d /var/lib/chat; ! command -v chat
dpkg --purge chat >/dev/null 2>&1
! test -e /var/lib/chat; ! test -e /etc/chat; ! getent passwd chat; step 'purged'
`;

function runPackage(): string {
  needs("dpkg-deb", "unshare", "mount");
  if (process.getuid?.() !== 0) throw new Untested("not root");
  const name = readdirSync(FOLDER).find((file) => file.endsWith("_amd64.deb"));
  if (name === undefined) throw new Untested("the release has no package");
  const [tree, overlay] = [join(WORK, "older"), join(WORK, "overlay")];
  output("dpkg-deb", "-R", join(FOLDER, name), tree);
  const control = join(tree, "DEBIAN", "control");
  const text = readFileSync(control, "utf8").replace(/^Version: .*$/m, "Version: 0.0.1");
  writeFileSync(control, text);
  mkdirSync(overlay);
  output("mount", "-t", "tmpfs", "tmpfs", overlay);
  for (const folder of ["upper", "work", "root"]) mkdirSync(join(overlay, folder));
  const root = join(overlay, "root");
  const layers = `lowerdir=${values.root},upperdir=${overlay}/upper,workdir=${overlay}/work`;
  output("mount", "-t", "overlay", "overlay", "-o", layers, root);
  for (const folder of ["proc", "dev"])
    output("mount", "--rbind", `/${folder}`, join(root, folder));
  output("mount", "-t", "tmpfs", "tmpfs", join(root, "tmp"));
  const older = join(root, "tmp", "older.deb");
  output("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, older);
  cpSync(join(FOLDER, name), join(root, "tmp", name));
  const steps = ["sh", "-c", PACKAGE_STEPS, "sh", "/tmp/older.deb", `/tmp/${name}`];
  const result = output("chroot", root, ...steps);
  const times = result.split("\n").filter((line) => line.endsWith(" ms"));
  return `${times.join(", ")}; ${lintian(join(FOLDER, name))}`;
}

function lintian(path: string): string {
  if (Bun.which("lintian") === null) return "lintian not run";
  const { stdout } = Bun.spawnSync(["lintian", "--tag-display-limit", "0", path]);
  const errors = stdout.toString().match(/^E: .*$/gm) ?? [];
  if (errors.length > 0) throw new Error(`lintian: ${errors.join("; ")}`);
  return "lintian without errors";
}

const CHECKS: Readonly<Record<string, () => Promise<string> | string>> = {
  "linux-x64": () => talk([programOf("linux-x64")]),
  "linux-x64-baseline, CPU without AVX": () => {
    needs("qemu-x86_64-static");
    return talk(["qemu-x86_64-static", "-cpu", "Nehalem", programOf("linux-x64-baseline")]);
  },
  "linux-x64-musl, Debian's musl": runWithMusl,
  "linux-arm64, qemu": () => {
    needs("qemu-aarch64-static");
    const root = sysroot("libc6:arm64");
    return talk(["qemu-aarch64-static", "-L", root, programOf("linux-arm64")]);
  },
  "linux-arm64-musl": () => {
    const header = output("readelf", "-hd", programOf("linux-arm64-musl"));
    if (!/AArch64/.test(header) || !/libc\.musl-aarch64/.test(header)) throw new Error("no musl");
    return "ELF header only: Debian has no libstdc++ for musl on arm64";
  },
  "darwin-arm64": () => checkMac("darwin-arm64"),
  "darwin-x64": () => checkMac("darwin-x64"),
  "windows-x64": runWindows,
  "deb package": runPackage,
};

async function main(): Promise<void> {
  const rows: string[] = [];
  let failed = 0;
  try {
    for (const [name, check] of Object.entries(CHECKS)) {
      if (!name.includes(values.only)) continue;
      let result: string;
      try {
        result = await check();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const isUntested = error instanceof Untested;
        if (!isUntested) failed++;
        result = `${isUntested ? "not tested" : "FAILED"}: ${message}`;
      }
      process.stdout.write(`${name}: ${result}\n`);
      rows.push(`| ${name} | ${result.replaceAll("|", "\\|").replaceAll("\n", " ")} |`);
    }
  } finally {
    Bun.spawnSync(["umount", "-R", join(WORK, "overlay")], { stderr: "ignore" });
    rmSync(WORK, { recursive: true, force: true });
  }
  if (values.only === "") writeResult(rows);
  process.exitCode = failed === 0 ? 0 : 1;
}

function writeResult(rows: readonly string[]): void {
  const lines = [
    "# Soak of a release",
    "",
    `\`npm run soak -- release\` at commit ${output("git", "rev-parse", "--short", "HEAD")}, on`,
    `${availableParallelism()} cores with Linux ${release()}.`,
    "",
    "| program | result |",
    "| --- | --- |",
    ...rows,
    "",
  ];
  writeFileSync(join(ROOT, "bench", "soak-release.md"), lines.join("\n"));
}

await main();
