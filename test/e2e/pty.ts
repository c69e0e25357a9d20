import { Emulator } from "../cli/screen/terminal/emulator.ts";
import { until } from "../event.ts";
import { CHAT } from "./binary.ts";
import type { Sandbox } from "./program.ts";

const QUESTION = /\x1b\[(5n|6n|c)/g;
const SIZE = { columns: 90, rows: 30 };

export interface PtyOptions {
  /** Default: `chat`. The output of other programs is recorded but not interpreted. */
  readonly program?: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Answer to a query of the terminal's type; `undefined` sends none. */
  readonly answer?: string;
}

/** Simulated terminal for `chat`, which reads all output byte by byte. */
export class Pty implements AsyncDisposable {
  readonly emulator = new Emulator(SIZE);
  written = "";
  readonly #terminal: Bun.Terminal;
  readonly #child: Bun.Subprocess;
  readonly #decoder = new TextDecoder();
  readonly #answer: string | undefined;
  readonly #isChat: boolean;
  #held = "";
  #answered = 0;
  #isMeasured = false;

  constructor(sandbox: Sandbox, { program, args, cwd, env, answer }: PtyOptions) {
    this.#answer = answer;
    this.#isChat = program === undefined;
    this.#terminal = new Bun.Terminal({
      cols: SIZE.columns,
      rows: SIZE.rows,
      data: (_, bytes) => this.#take(bytes),
    });
    this.#child = Bun.spawn([program ?? CHAT, ...args], {
      terminal: this.#terminal,
      cwd,
      env: { ...sandbox.env, TERM: "xterm-256color", LC_ALL: "C.UTF-8", ...env },
    });
  }

  type(text: string): void {
    this.#terminal.write(text);
  }

  line(text: string): void {
    this.type(`${text}\r`);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  async shows(row: RegExp): Promise<number> {
    return this.until(`${row}`, () => {
      const at = this.rows().findIndex((one) => row.test(one));
      return at < 0 ? undefined : at;
    });
  }

  rows(): string[] {
    return Array.from({ length: SIZE.rows }, (_, row) => this.emulator.text(row));
  }

  async until<Value>(what: string, look: () => Value): Promise<Exclude<Value, undefined | false>> {
    try {
      return await until(what, look);
    } catch (error) {
      throw new Error(`${error}; it shows:\n${this.rows().join("\n")}`);
    }
  }

  async ended(): Promise<number> {
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#terminal.close();
  }

  #take(bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    this.written += text;
    this.#reply();
    if (!this.#isChat) return;
    const all = this.#held + text;
    const [held = ""] = /[^\x00-\x7f]*$/.exec(all) ?? [];
    this.#held = held;
    this.emulator.write(all.slice(0, all.length - held.length));
  }

  /** Answers queries of status and type, but not of the cursor's position. */
  #reply(): void {
    if (this.#answer === undefined) return;
    QUESTION.lastIndex = this.#answered;
    for (let found = QUESTION.exec(this.written); found !== null; ) {
      this.#answered = QUESTION.lastIndex;
      const [, question] = found;
      if (question === "5n") this.type("\x1b[0n");
      else if (question === "6n") this.#isMeasured = true;
      else {
        this.type(this.#isMeasured ? "\x1b[?62;c" : this.#answer);
        this.#isMeasured = false;
      }
      found = QUESTION.exec(this.written);
    }
  }
}
