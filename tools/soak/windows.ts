/** The main job of the program between Windows and Linux, in both directions. */

import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { Wine } from "./wine.ts";

/** Four times what a busy machine needs. */
const STEP_TIMEOUT_MS = 240_000;
const POLL_MS = 5;
/** Takes longer to receive than it takes to kill the receiver. */
const BIG_BYTES = 32 << 20;
const NOBODY = "65534";
const NOTE = "class/week 1/ünïcode/note.txt";
const PASSWORD = "a long password";

type Json = Readonly<Record<string, unknown>>;

interface End {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Path as this end's programs know it. */
  readonly path: (path: string) => string;
}

export function linuxEnd(program: string): End {
  const env = { PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8" };
  return { name: "Linux", command: [program], env, path: (path) => path };
}

export function windowsEnd(program: string, wine: Wine): End {
  return { name: "Windows", command: ["wine", program], env: wine.env, path: Wine.path };
}

interface Ran {
  readonly out: string;
  readonly err: string;
}

/** Files and processes of one run on one end. */
class Desk {
  readonly #children: Bun.Subprocess[] = [];

  constructor(
    readonly end: End,
    readonly folder: string,
  ) {
    mkdirSync(folder, { recursive: true });
  }

  start(args: readonly string[], input?: string): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const { command, env, path } = this.end;
    const child = Bun.spawn([...command, ...args], {
      env: Object.assign({ CHAT_HOME: path(join(this.folder, "home")) }, env),
      cwd: this.folder,
      stdin: input === undefined ? "ignore" : Buffer.from(input),
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#children.push(child);
    return child;
  }

  /** @throws {Error} unless the program exits with 0 */
  async run(...args: readonly string[]): Promise<Ran> {
    return this.#finish(this.start(args), args);
  }

  /** Types lines into `chat join`. Wine cannot read such a pipe. */
  async type(lines: readonly string[], ...args: readonly string[]): Promise<Ran> {
    const command = ["join", "--plain", ...args];
    return this.#finish(this.start(command, lines.map((line) => `${line}\n`).join("")), command);
  }

  async #finish(child: Bun.ReadableSubprocess, args: readonly string[]): Promise<Ran> {
    const timer = setTimeout(() => child.kill("SIGKILL"), STEP_TIMEOUT_MS);
    const [out, err, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    clearTimeout(timer);
    if (code === 0) return { out, err };
    throw new Error(`${this.end.name}: chat ${args.join(" ")} exits with ${code}: ${out}${err}`);
  }

  async json(...args: readonly string[]): Promise<readonly Json[]> {
    const { out } = await this.run(...args, "--json");
    return out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Json);
  }

  at(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  kill(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}

async function serve(desk: Desk, port = 0): Promise<{ port: number; child: Bun.Subprocess }> {
  const child = desk.start([
    ...["serve", "--host", "127.0.0.1", "--port", String(port), "--open", "--no-discovery"],
    ...["--json", "--data", desk.end.path(desk.at("data"))],
  ]);
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (!text.includes("\n")) continue;
    const line = JSON.parse(text.split("\n", 1)[0] ?? "") as Json;
    return { port: Number(line["port"]), child };
  }
  throw new Error(`${desk.end.name}: the server ended: ${await child.stderr.text()}`);
}

/**
 * Serves on one end and uses the server from both.
 * @param isShort omits what the same run with exchanged ends does: files, folders, sealed rooms
 * @returns what was done, for the report
 * @throws {Error} at the first difference
 */
export async function talkBetween(
  server: End,
  client: End,
  folder: string,
  isShort = false,
): Promise<string> {
  const started = performance.now();
  const host = new Desk(server, join(folder, "server"));
  const ana = new Desk(client, join(folder, "ana"));
  const ben = new Desk(server, join(folder, "ben"));
  try {
    const first = await serve(host);
    const at = ["--server", `127.0.0.1:${first.port}`];
    // As Notepad writes it.
    const password = ana.at("password.txt");
    writeFileSync(password, `\ufeff${PASSWORD}\r\n`);
    const asAna = [...at, "--user", "ana"];
    await ana.run("register", ...asAna, "--password-file", client.path(password));
    writeFileSync(ben.at("password.txt"), PASSWORD);
    const asBen = [...at, "--user", "ben"];
    const login = ["--password-file", server.path(ben.at("password.txt"))];
    await ben.run("register", ...asBen, ...login);
    await ben.run("login", ...at, "--user", "ana", ...login); // The mark is no part of it.
    await talk([ana, asAna], [ben, asBen]);
    if (!isShort) await exchangeAll([ana, asAna], [ben, asBen]);
    first.child.kill("SIGKILL");
    await first.child.exited;
    const second = await serve(host, first.port);
    await talk([ben, asBen], [ana, asAna]);
    await ana.run("verify", ...asAna);
    await backUp(host, ana);
    second.child.kill("SIGTERM");
    await second.child.exited;
  } finally {
    for (const desk of [host, ana, ben]) desk.kill();
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return `${client.name} client, ${server.name} server: all in ${seconds} s`;
}

type Member = readonly [desk: Desk, flags: readonly string[]];

async function exchangeAll(ana: Member, ben: Member): Promise<void> {
  const [linux, windows] = ana[0].end.name === "Linux" ? [ana, ben] : [ben, ana];
  await sealRoom(linux, windows);
  await handIn(linux, windows);
  await exchangeFolder(ana, ben);
  await exchangeFolder(ben, ana);
  await resume(ana, ben);
  await resume(ben, ana);
}

async function talk([from, asFrom]: Member, [to, asTo]: Member, room = "lobby"): Promise<void> {
  const text = `grüße 👋 from ${from.end.name} ${crypto.randomUUID()}`;
  await from.run("send", text, ...asFrom, "--to", room);
  const { out } = await to.run("history", ...asTo, "--room", room);
  if (!out.includes(text)) throw new Error(`${to.end.name} does not see the message: ${out}`);
}

async function sealRoom(linux: Member, windows: Member): Promise<void> {
  const [[maker, asMaker], [guest, asGuest]] = [linux, windows];
  await guest.run("join", ...asGuest); // Publishes the device's keys.
  await maker.type(["/join vault --sealed", `/invite ${asGuest.at(-1)}`], ...asMaker);
  await guest.run("join", ...asGuest, "--room", "vault");
  await talk(windows, linux, "vault");
  await talk(linux, windows, "vault");
}

/** A pupil hands in a folder from Windows. */
async function handIn([teacher, asTeacher]: Member, [pupil, asPupil]: Member): Promise<void> {
  await teacher.type(["/join essay --assignment"], ...asTeacher);
  await pupil.run("join", ...asPupil, "--room", "essay");
  const work = pupil.at("hand-in", NOTE);
  mkdirSync(join(work, ".."), { recursive: true });
  writeFileSync(work, "work\r\n");
  const folder = pupil.end.path(pupil.at("hand-in", "class"));
  await pupil.run("send-file", folder, ...asPupil, "--to", "essay");
  await teacher.run("handed", "--room", "essay", "--out", teacher.at("handed"), ...asTeacher);
  compare(work, teacher.at("handed", String(asPupil.at(-1)), NOTE));
}

/** The folder can be listed, copied and deleted by an ordinary user of Linux. */
async function exchangeFolder([from, asFrom]: Member, [to, asTo]: Member): Promise<void> {
  const source = from.at("send", NOTE);
  mkdirSync(join(source, ".."), { recursive: true });
  writeFileSync(source, "note\r\n");
  const folder = from.end.path(from.at("send", "class"));
  const id = (await from.json("send-file", folder, ...asFrom)).at(-1)?.["id"];
  await to.run("get-file", String(id), ...asTo, "--out", to.end.path(to.at("got")));
  compare(source, to.at("got", NOTE));
  if (to.end.name !== "Linux") return;
  const received = to.at("got", "class");
  for (const path of readdirSync(received, { recursive: true, encoding: "utf8" })) {
    const stat = statSync(join(received, path));
    const needed = stat.isDirectory() ? 0o700 : 0o600;
    if ((stat.mode & needed) !== needed) throw new Error(`${path}: ${stat.mode.toString(8)}`);
  }
  if (process.getuid?.() === 0) asNobody(received);
}

/** Root ignores modes, so another user lists, copies and deletes the folder with the same modes. */
function asNobody(received: string): void {
  const script = `folder=$(mktemp -d)
cp -a "$1" "$folder/class"
chown -R ${NOBODY}:${NOBODY} "$folder"
cd "$folder"
setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups sh -ec '
  find class -type f -exec cat {} +
  cp -r class copy
  rm -r class copy
'
rmdir "$folder"`;
  const stdio = ["ignore", "ignore", "pipe"] as const;
  const result = Bun.spawnSync(["sh", "-ec", script, "sh", received], { stdio: [...stdio] });
  if (!result.success) throw new Error(`an ordinary user cannot use it: ${result.stderr}`);
}

/** The receiver is killed in the middle of a large file and continues. */
async function resume([from, asFrom]: Member, [to, asTo]: Member): Promise<void> {
  const name = `from-${basename(from.folder)}.bin`;
  const source = from.at(name);
  writeFileSync(source, crypto.getRandomValues(new Uint8Array(1 << 16)));
  const block = readFileSync(source);
  writeFileSync(source, Buffer.alloc(BIG_BYTES, block));
  const id = (await from.json("send-file", from.end.path(source), ...asFrom)).at(-1)?.["id"];
  const get = ["get-file", String(id), ...asTo, "--out", to.end.path(to.at("big"))];
  const interrupted = to.start(get);
  const isOver = interrupted.exited.then(() => true);
  const part = to.at("big", `${name}.part`);
  while (!existsSync(part) || statSync(part).size < BIG_BYTES / 8) {
    if (await Promise.race([isOver, Bun.sleep(POLL_MS)])) break;
  }
  interrupted.kill("SIGKILL");
  await interrupted.exited;
  await to.run(...get);
  compare(source, to.at("big", name));
}

/** A backup of one end is verified and restored on the other. */
async function backUp(host: Desk, other: Desk): Promise<void> {
  const { path } = host.end;
  await host.run("backup", path(host.at("backup")), "--data", path(host.at("data")));
  const [backup, restored] = [host.at("backup"), other.at("restored")].map(other.end.path);
  await other.run("verify", "--data", backup ?? "");
  await other.run("restore", backup ?? "", "--data", restored ?? "");
  await other.run("verify", "--data", restored ?? "");
}

function compare(left: string, right: string): void {
  const [a, b] = [left, right].map((path) => {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  });
  if (a !== b) throw new Error(`${right} differs from ${left}`);
}

/**
 * Upgrades the program three times while a server runs that began as the first one.
 * @param release folder of a signed release with this version
 * @param keyFile its public key
 */
export async function upgradeRunning(
  end: End,
  folder: string,
  { release, keyFile }: { readonly release: string; readonly keyFile: string },
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "chat.exe");
  copyFileSync(end.command.at(-1) ?? "", program);
  const copied = { ...end, command: [...end.command.slice(0, -1), program] };
  const desk = new Desk(copied, join(folder, "desk"));
  try {
    await serve(desk);
    const [from, key] = [release, keyFile].map(end.path);
    for (let i = 0; i < 3; i++) {
      await desk.run("upgrade", from ?? "", "--key", key ?? "", "--downgrade");
    }
    const names = readdirSync(folder).filter((name) => name.startsWith("chat.exe"));
    const { out } = await desk.run("--version");
    return `${out.trim()}; upgraded three times under a server: ${names.sort().join(", ")}`;
  } finally {
    desk.kill();
  }
}
