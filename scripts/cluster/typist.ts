import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CHAT } from "../../test/e2e/binary.ts";
import type { Machine } from "./machines.ts";

/** Lines without an answer: who has typed so many waits. */
const UNANSWERED_MAX = 400;
const SKIPPED = /^chat: ([\d,]+) earlier messages? of lobby/;

/** A `chat join` that is typed into, and notes what was confirmed and what it has shown. */
export class Typist {
  readonly name: string;
  readonly machine: Machine;
  readonly home: string;
  /** Each confirmed text with its seq, in the order of the confirmations. */
  readonly acked: { readonly seq: number; readonly text: string }[] = [];
  /** Of each text that it has shown, its own too. */
  readonly shown: { readonly seq: number; readonly text: string }[] = [];
  /** What it said beside that: refusals, alarms. */
  readonly complaints: string[] = [];
  /** Texts that it has said not to show: it was away for long. */
  skipped = 0;
  readonly #child;
  #place: string;
  #typed = 0;
  #connects = 0;
  #timer: Timer | undefined;
  /** When each text without an answer was typed. */
  readonly #typedAt: number[] = [];
  #longestMs = 0;
  readonly #refused = new Map<string, () => void>();

  constructor(name: string, machine: Machine, folder: string) {
    this.name = name;
    this.machine = machine;
    this.#place = machine.place;
    this.home = join(folder, name);
    mkdirSync(this.home, { mode: 0o700 });
    const args = ["join", "--json", "--user", name, machine.invite];
    this.#child = Bun.spawn(machine.inside(CHAT, ...args), {
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: this.home,
        CHAT_HOME: this.home,
        XDG_RUNTIME_DIR: this.home,
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    void readLines(this.#child.stdout, (line) => this.#heard(line));
    void readLines(this.#child.stderr, (line) => {
      const told = SKIPPED.exec(line);
      if (told === null) this.complaints.push(line);
      else this.skipped += Number(told[1]?.replace(",", ""));
    });
  }

  get typed(): number {
    return this.#typed;
  }

  /** Which server it is at: another one may have answered. */
  get place(): string {
    return this.#place;
  }

  get isConnected(): boolean {
    return this.#connects > 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The longest that a text has waited for its answer, since the last call. */
  longestMs(): number {
    const longest = Math.max(this.#longestMs, this.#waitingMs());
    this.#longestMs = 0;
    return longest;
  }

  /** Once only: what is said is no text of its own. */
  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
    this.#child.stdin.flush();
  }

  /** Resolves when the server has refused something so. */
  refused(code: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#refused.set(code, resolve);
    return promise;
  }

  /** From now on it types so many lines a second. */
  begin(perSecond: number): void {
    this.#timer = setInterval(() => {
      if (this.#typed - this.acked.length < UNANSWERED_MAX) this.#type();
    }, 1_000 / perSecond);
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  static textOf(name: string, number: number): string {
    return `${name} ${number} ${"x".repeat((number * 37) % 200)}`.trimEnd();
  }

  async end(): Promise<void> {
    this.pause();
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  #type(): void {
    this.#typedAt.push(performance.now());
    this.#child.stdin.write(`${Typist.textOf(this.name, this.#typed++)}\n`);
    this.#child.stdin.flush();
  }

  #waitingMs(): number {
    const [oldest] = this.#typedAt;
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  #heard(line: string): void {
    const { kind, seq = 0, text = "", code = "", to = "" } = JSON.parse(line) as Partial<Line>;
    switch (kind) {
      case "ack":
        this.acked.push({ seq, text });
        this.#longestMs = Math.max(this.#longestMs, this.#waitingMs());
        this.#typedAt.shift();
        return;
      case "text":
        this.shown.push({ seq, text });
        return;
      case "connected":
        this.#connects++;
        return;
      case "elsewhere":
        this.#place = to;
        return;
      case "fault":
        if (this.#refused.has(code)) this.#refused.get(code)?.();
        else this.complaints.push(line);
        return;
      default:
    }
  }
}

interface Line {
  readonly kind: string;
  readonly seq: number;
  readonly text: string;
  readonly code: string;
  readonly to: string;
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
}
