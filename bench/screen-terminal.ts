/** Program on a 90x24 terminal whose output is captured. */
import { join } from "node:path";

export const COLUMNS = 90;
export const ROWS = 24;
const RETAINED_LENGTH = 64 * 1024;
const OUTPUT_QUOTED_LENGTH = 2_000;
const TEXT_TIMEOUT_MS = 20_000;
/** Drawing counts as complete after this long without output. */
const QUIET_MS = 1_000;

interface PendingText {
  readonly text: string;
  readonly resolve: (atMs: number) => void;
}

export class BenchTerminal {
  readonly startedMs = performance.now();
  readonly pid: number;
  #outputBytes = 0;
  #write: (text: string) => void;
  #close: () => Promise<void>;
  /** Latin-1: one character per byte. */
  #output = "";
  #lastOutputMs = this.startedMs;
  #pending: PendingText[] = [];

  constructor(
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    bytesPerSecond?: number,
  ) {
    const variables = { ...process.env, TERM: "xterm-256color", LC_ALL: "C.UTF-8", ...env };
    if (bytesPerSecond === undefined) {
      const data = (_: unknown, bytes: Uint8Array) => this.#onOutput(bytes);
      const child = Bun.spawn([...command], {
        env: variables,
        terminal: { cols: COLUMNS, rows: ROWS, data },
      });
      this.pid = child.pid;
      this.#write = (text) => void child.terminal?.write(text);
      this.#close = async () => {
        child.kill("SIGKILL");
        await child.exited;
        child.terminal?.close();
      };
      return;
    }
    const line = join(import.meta.dir, "screen-slow-line.py");
    const size = [COLUMNS, ROWS, bytesPerSecond].map(String);
    const child = Bun.spawn(["python3", line, ...size, ...command], {
      env: variables,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.pid = child.pid;
    this.#write = (text) => void child.stdin.write(text);
    this.#close = async () => {
      child.kill("SIGTERM"); // Closes the terminal, which ends the program.
      await child.exited;
    };
    void (async () => {
      for await (const bytes of child.stdout) this.#onOutput(bytes);
    })();
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  type(text: string): void {
    this.#write(text);
  }

  clearOutput(): void {
    this.#output = "";
  }

  waitForText(text: string): Promise<number> {
    const bytes = Buffer.from(text).toString("latin1");
    if (this.#output.includes(bytes)) return Promise.resolve(this.#lastOutputMs);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const onTimeout = () => {
      const last = JSON.stringify(this.#output.slice(-OUTPUT_QUOTED_LENGTH));
      reject(new Error(`${JSON.stringify(text)} did not appear; last output: ${last}`));
    };
    const timer = setTimeout(onTimeout, TEXT_TIMEOUT_MS);
    const onFound = (atMs: number) => {
      clearTimeout(timer);
      resolve(atMs);
    };
    this.#pending.push({ text: bytes, resolve: onFound });
    return promise;
  }

  async waitUntilQuiet(): Promise<void> {
    while (performance.now() - this.#lastOutputMs < QUIET_MS) await Bun.sleep(QUIET_MS / 10);
  }

  close(): Promise<void> {
    return this.#close();
  }

  #onOutput(bytes: Uint8Array): void {
    this.#lastOutputMs = performance.now();
    this.#outputBytes += bytes.length;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    this.#output = (this.#output + text).slice(-RETAINED_LENGTH);
    this.#pending = this.#pending.filter((pending) => {
      const isFound = this.#output.includes(pending.text);
      if (isFound) pending.resolve(this.#lastOutputMs);
      return !isFound;
    });
  }
}
