import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CHAT } from "../../../test/e2e/binary.ts";
import type { Machine } from "./machines.ts";

const UNANSWERED_MAX = 400;
const SKIPPED = /^chat: ([\d,]+) earlier messages? in lobby/;

export class TypingClient {
  readonly name: string;
  readonly machine: Machine;
  readonly home: string;
  readonly acked: { readonly seq: number; readonly text: string }[] = [];
  readonly displayed: { readonly seq: number; readonly text: string }[] = [];
  readonly errors: string[] = [];
  skipped = 0;
  readonly #child;
  #serverAddress: string;
  #typed = 0;
  #connects = 0;
  #timer: Timer | undefined;
  readonly #typedAt: number[] = [];
  #longestMs = 0;
  readonly #refused = new Map<string, () => void>();

  constructor(name: string, machine: Machine, folder: string) {
    this.name = name;
    this.machine = machine;
    this.#serverAddress = machine.serverAddress;
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
    void readLines(this.#child.stdout, (line) => this.#onLine(line));
    void readLines(this.#child.stderr, (line) => {
      const match = SKIPPED.exec(line);
      if (match === null) this.errors.push(line);
      else this.skipped += Number(match[1]?.replace(",", ""));
    });
  }

  get typed(): number {
    return this.#typed;
  }

  get serverAddress(): string {
    return this.#serverAddress;
  }

  get isConnected(): boolean {
    return this.#connects > 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Returns the longest wait for an answer since the last call. */
  takeLongestMs(): number {
    const longest = Math.max(this.#longestMs, this.#oldestPendingMs());
    this.#longestMs = 0;
    return longest;
  }

  sendLine(line: string): void {
    this.#child.stdin.write(`${line}\n`);
    this.#child.stdin.flush();
  }

  refused(code: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#refused.set(code, resolve);
    return promise;
  }

  start(perSecond: number): void {
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

  async stop(): Promise<void> {
    this.pause();
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  #type(): void {
    this.#typedAt.push(performance.now());
    this.#child.stdin.write(`${TypingClient.textOf(this.name, this.#typed++)}\n`);
    this.#child.stdin.flush();
  }

  #oldestPendingMs(): number {
    const [oldest] = this.#typedAt;
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  #onLine(line: string): void {
    const fields = JSON.parse(line) as Partial<Line>;
    const { kind, seq = 0, text = "", code = "", message = "", to = "" } = fields;
    switch (kind) {
      case "ack":
        this.acked.push({ seq, text });
        this.#longestMs = Math.max(this.#longestMs, this.#oldestPendingMs());
        this.#typedAt.shift();
        return;
      case "text":
        this.displayed.push({ seq, text });
        return;
      case "connected":
        this.#connects++;
        return;
      case "elsewhere":
        this.#serverAddress = to;
        return;
      case "fault":
        if (this.#refused.has(code)) this.#refused.get(code)?.();
        // A server reports a lost majority to its clients, which send their posts later.
        else if (code !== "no-majority") this.errors.push(`${code}: ${message}`);
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
  readonly message: string;
  readonly to: string;
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let partialLine = "";
  for await (const chunk of stream) {
    const lines = (partialLine + decoder.decode(chunk, { stream: true })).split("\n");
    partialLine = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
}
