import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileSink, Subprocess } from "bun";
import { DEADLINE_MS, within } from "../event.ts";
import { reservedPort } from "../ports.ts";
import { CHAT, type Ran } from "./binary.ts";
import { Lines } from "./lines.ts";

const OUTPUT_TAIL_MAX = 2_000;
const DRAIN_TIMEOUT_MS = 10_000;

export type Json = { readonly kind: string } & Readonly<Record<string, unknown>>;
export type Fields = Readonly<Record<string, unknown>>;

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  readonly program?: string;
}

export class Program {
  readonly out: Lines;
  readonly err: Lines;
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #name: string;

  constructor(name: string, child: Subprocess<"pipe", "pipe", "pipe">) {
    this.#name = name;
    this.#child = child;
    this.out = new Lines(`${name}, stdout`, child.stdout);
    this.err = new Lines(`${name}, stderr`, child.stderr);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  type(...lines: readonly string[]): void {
    this.#child.stdin.write(lines.map((line) => `${line}\n`).join(""));
    this.#child.stdin.flush();
  }

  async json(kind: string, fields: Fields = {}, deadlineMs?: number): Promise<Json> {
    const fits = (line: string) => {
      const value = parseJson(line);
      return value?.kind === kind && matches(value, fields);
    };
    const what = `${kind} ${JSON.stringify(fields)}`;
    return JSON.parse(await this.out.next(what, fits, deadlineMs));
  }

  /** Waits for a message with such a file. Returns the fields of the message and of the file. */
  async file(fields: Fields): Promise<Json> {
    const listed = (line: string) => {
      const value = parseJson(line);
      return value === undefined
        ? undefined
        : filesOf([value]).find((file) => matches(file, fields));
    };
    const what = `file ${JSON.stringify(fields)}`;
    const line = await this.out.next(what, (candidate) => listed(candidate) !== undefined);
    return listed(line) ?? JSON.parse(line);
  }

  get jsonLines(): Json[] {
    return this.out.all.map((line) => JSON.parse(line));
  }

  stderrLine(words: string, deadlineMs?: number): Promise<string> {
    return this.err.next(`'${words}'`, (line) => line.includes(words), deadlineMs);
  }

  async finish(deadlineMs = DEADLINE_MS): Promise<Ran> {
    this.#child.stdin.end();
    return this.ended(deadlineMs);
  }

  async signal(signal: "SIGTERM" | "SIGINT" | "SIGKILL", deadlineMs = DEADLINE_MS): Promise<Ran> {
    this.#child.kill(signal);
    return this.ended(deadlineMs);
  }

  /** Waits for the end; the exit code of a killed program is 128 + signal. */
  async ended(deadlineMs = DEADLINE_MS): Promise<Ran> {
    const ending = within(`the end of ${this.#name}`, this.#child.exited, deadlineMs);
    const exitCode = await ending.catch(({ message }: Error) => {
      const [out, err] = [this.out, this.err].map(({ text }) => text.slice(-OUTPUT_TAIL_MAX));
      throw new Error(`${message}\n${out}\n${err}`);
    });
    await this.#drained();
    return { exitCode, out: this.out.text, err: this.err.text };
  }

  /**
   * Waits for all output, with a deadline, because Bun (1.4.4) sometimes fails to report the end of
   * the pipe after the process has ended.
   */
  async #drained(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const passed = AbortSignal.timeout(DRAIN_TIMEOUT_MS);
    passed.addEventListener("abort", () => late.resolve(), { once: true });
    await Promise.race([Promise.all([this.out.ended, this.err.ended]), late.promise]);
  }
}

export interface Served {
  readonly program: Program;
  readonly listening: Json;
  readonly port: number;
  readonly address: string;
  readonly invite: string;
  readonly fingerprint: string;
  readonly data: string;
}

/** Token of the server's operator link. */
export function operatorToken({ listening }: Served): string {
  return String(listening["operatorLink"]).split("#operator=")[1] ?? "";
}

export interface ServeOptions extends StartOptions {
  readonly data?: string;
  readonly port?: number;
  readonly args?: readonly string[];
}

export class Home {
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(sandbox: Sandbox, folder: string, env: Readonly<Record<string, string>> = {}) {
    this.sandbox = sandbox;
    this.folder = folder;
    this.#env = env;
  }

  get environment(): Readonly<Record<string, string>> {
    return { ...this.sandbox.env, CHAT_HOME: this.folder, ...this.#env };
  }

  with(env: Readonly<Record<string, string>>): Home {
    return new Home(this.sandbox, this.folder, { ...this.#env, ...env });
  }

  start(args: readonly string[], options: StartOptions = {}): Program {
    return this.sandbox.start(args, { ...options, env: { ...this.environment, ...options.env } });
  }

  run(args: readonly string[], options: StartOptions = {}): Promise<Ran> {
    return this.start(args, { stdin: "", ...options }).ended();
  }

  async json(args: readonly string[], options: StartOptions = {}): Promise<Json[]> {
    const { exitCode, out, err } = await this.run([...args, "--json"], options);
    if (exitCode !== 0) throw new Error(`chat ${args.join(" ")}: ${exitCode}\n${out}${err}`);
    return ndjson(out);
  }

  async join(args: readonly string[], options: StartOptions = {}): Promise<Program> {
    const program = this.start(["join", "--json", ...args], options);
    await program.json("connected");
    return program;
  }
}

export class Sandbox {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "chat-e2e-")));
  readonly #programs: Program[] = [];
  readonly #bare: Subprocess[] = [];
  readonly #env: Readonly<Record<string, string>>;
  /** Newest server; programs without an address use it. */
  #server: string | undefined;

  constructor() {
    for (const name of ["home", "run", "tmp"]) mkdirSync(this.path(name), { mode: 0o700 });
    this.#env = {
      PATH: process.env["PATH"] ?? "",
      HOME: this.path("home"),
      XDG_RUNTIME_DIR: this.path("run"),
      TMPDIR: this.path("tmp"),
      TZ: "UTC",
    };
  }

  get env(): Readonly<Record<string, string>> {
    return { ...this.#env, ...(this.#server === undefined ? {} : { CHAT_SERVER: this.#server }) };
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text, { mode: 0o600 });
    return this.path(name);
  }

  home(name: string): Home {
    return new Home(this, this.path(name));
  }

  spawn(command: readonly string[], env: Readonly<Record<string, string>> = this.env) {
    const child = Bun.spawn([...command], {
      cwd: this.folder,
      env: { ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    this.#bare.push(child);
    return child;
  }

  start(args: readonly string[], options: StartOptions = {}): Program {
    const child = Bun.spawn([options.program ?? CHAT, ...args], {
      cwd: options.cwd ?? this.folder,
      env: { ...this.env, ...options.env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    if (options.stdin !== undefined) void writeInput(child.stdin, options.stdin);
    const program = new Program(`chat ${args.join(" ")}`.slice(0, 80), child);
    this.#programs.push(program);
    return program;
  }

  use(server: string): void {
    this.#server = server;
  }

  async serve(options: ServeOptions = {}): Promise<Served> {
    const data = this.path(options.data ?? "data");
    const program = this.startServer({ port: await reservedPort(), ...options });
    const listening = await program.json("listening");
    const port = Number(listening["port"]);
    const invite = String(listening["invite"]);
    const isPublic = options.args?.includes("--public") === true;
    this.use(isPublic ? invite : invite.replace(/\/\/[^/]+/, `//127.0.0.1:${port}`));
    return {
      program,
      listening,
      port,
      address: `127.0.0.1:${port}`,
      invite,
      fingerprint: String(listening["fingerprint"]),
      data,
    };
  }

  startServer({ data = "data", port = 0, args = [], ...options }: ServeOptions = {}): Program {
    const commonArgs = ["serve", "--host", "127.0.0.1", "--port", String(port), "--json"];
    return this.start([...commonArgs, "--data", this.path(data), ...args], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#bare) child.kill("SIGKILL");
    await Promise.all(this.#bare.map(({ exited }) => exited));
    const running = this.#programs.filter(({ isRunning }) => isRunning);
    await Promise.all(running.map((program) => program.signal("SIGKILL")));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Writes the input. A program that ends early does not read all of it. */
async function writeInput(to: FileSink, stdin: string | Uint8Array): Promise<void> {
  try {
    await to.write(stdin);
    await to.end();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}

export function ndjson(text: string): Json[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

function parseJson(line: string): Json | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Returns the files of messages, each with the fields of its message. */
export function filesOf(records: readonly Json[]): readonly Json[] {
  return records.flatMap(({ files, ...message }) =>
    Array.isArray(files) && message.kind === "file"
      ? files.map((file: Json) => ({ ...message, ...file }))
      : [],
  );
}

function matches(value: Json, fields: Fields): boolean {
  return Object.entries(fields).every(
    ([name, wanted]) => JSON.stringify(value[name]) === JSON.stringify(wanted),
  );
}

export function textsOf(program: Program): string[] {
  return program.jsonLines.flatMap(({ kind, text }) => (kind === "text" ? String(text) : []));
}
