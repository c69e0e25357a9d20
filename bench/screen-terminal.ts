/** A program on a terminal of 90x24, and all that it writes there. */
import { join } from "node:path";

export const COLUMNS = 90;
export const ROWS = 24;
/** What is kept of the output to look for a text in: far more than one screen. */
const KEPT_LENGTH = 64 * 1024;
const OUTPUT_TOLD = 2_000;
const SHOWN_WITHIN_MS = 20_000;
/** Nothing was written for so long: all is drawn. */
const QUIET_MS = 1_000;

interface Wait {
  readonly text: string;
  readonly shown: (atMs: number) => void;
}

export class BenchTerminal {
  /** By `performance.now()`. */
  readonly startedMs = performance.now();
  readonly pid: number;
  #outputBytes = 0;
  #written: (text: string) => void;
  #end: () => Promise<void>;
  /** The newest output, as Latin-1: one unit a byte. */
  #output = "";
  #lastMs = this.startedMs;
  #waits: Wait[] = []; // Bounded: the bench waits for one thing at a time.

  /** @param bytesPerSecond the terminal takes no more; undefined: it takes all at once */
  constructor(
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    bytesPerSecond?: number,
  ) {
    const variables = { ...process.env, TERM: "xterm-256color", LC_ALL: "C.UTF-8", ...env };
    if (bytesPerSecond === undefined) {
      const data = (_: unknown, bytes: Uint8Array) => this.#came(bytes);
      const child = Bun.spawn([...command], {
        env: variables,
        terminal: { cols: COLUMNS, rows: ROWS, data },
      });
      this.pid = child.pid;
      this.#written = (text) => void child.terminal?.write(text);
      this.#end = async () => {
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
    this.#written = (text) => void child.stdin.write(text);
    this.#end = async () => {
      child.kill("SIGTERM"); // The terminal goes away with it, and so does the program.
      await child.exited;
    };
    void (async () => {
      for await (const bytes of child.stdout) this.#came(bytes);
    })();
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  type(text: string): void {
    this.#written(text);
  }

  /** What was written until now is not looked at again. */
  forget(): void {
    this.#output = "";
  }

  /** @returns when it was in the output, by `performance.now()` @throws Error if it never is */
  shows(text: string): Promise<number> {
    const bytes = Buffer.from(text).toString("latin1");
    if (this.#output.includes(bytes)) return Promise.resolve(this.#lastMs);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const late = () => {
      const last = JSON.stringify(this.#output.slice(-OUTPUT_TOLD));
      reject(new Error(`${JSON.stringify(text)} did not appear, but ${last}`));
    };
    const timer = setTimeout(late, SHOWN_WITHIN_MS);
    const shown = (atMs: number) => {
      clearTimeout(timer);
      resolve(atMs);
    };
    this.#waits.push({ text: bytes, shown });
    return promise;
  }

  async quiet(): Promise<void> {
    while (performance.now() - this.#lastMs < QUIET_MS) await Bun.sleep(QUIET_MS / 10);
  }

  end(): Promise<void> {
    return this.#end();
  }

  #came(bytes: Uint8Array): void {
    this.#lastMs = performance.now();
    this.#outputBytes += bytes.length;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    this.#output = (this.#output + text).slice(-KEPT_LENGTH);
    this.#waits = this.#waits.filter((wait) => {
      const isShown = this.#output.includes(wait.text);
      if (isShown) wait.shown(this.#lastMs);
      return !isShown;
    });
  }
}
