import type { Subprocess } from "bun";
import type { Sandbox } from "./program.ts";

const COLUMNS = 90;
const ROWS = 24;
const SHOWN_WITHIN_MS = 60_000;
/** Milliseconds between two captures: output that is drawn in parts is captured once. */
const CAPTURE_PAUSE_MS = 15;
/** A capture without a sign of output, for what tmux does not report. */
const CAPTURE_AGAIN_MS = 500;

const ENVIRONMENT = {
  PATH: process.env["PATH"] ?? "",
  LC_ALL: "C.UTF-8",
  TERM: "xterm-256color",
};

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    AbortSignal.timeout(ms).addEventListener("abort", () => resolve(), { once: true });
  });
}

function fitting(pattern: string | RegExp): (row: string) => boolean {
  return (row) => (typeof pattern === "string" ? row.includes(pattern) : pattern.test(row));
}

export class Screen implements AsyncDisposable {
  readonly #socket: string;
  /** A client in control mode, which reports each output of the terminal. */
  readonly #reports: Subprocess<"pipe", "pipe", "ignore">;
  #written = Promise.withResolvers<void>();

  private constructor(sandbox: Sandbox, name: string, env: Readonly<Record<string, string>>) {
    this.#socket = sandbox.path(`tmux-${name}`);
    const variables = Object.entries({ ...sandbox.env, TERM: "xterm-256color", PS1: "$ ", ...env });
    const settings = variables.flatMap(([key, value]) => ["-e", `${key}=${value}`]);
    const size = ["-c", sandbox.folder, "-x", String(COLUMNS), "-y", String(ROWS)];
    const shell = ["/bin/sh", "-i"];
    this.#tmux("-f", "/dev/null", "new-session", "-d", ...size, ...settings, ...shell);
    const control = ["-C", "attach", "-f", "ignore-size"];
    this.#reports = Bun.spawn(["tmux", "-S", this.#socket, ...control], {
      env: ENVIRONMENT,
      stdio: ["pipe", "pipe", "ignore"],
    });
    void this.#watch(this.#reports.stdout);
  }

  /**
   * A shell that is ready for a command.
   * @param env on top of what the town gives
   */
  static async open(
    sandbox: Sandbox,
    name: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Screen> {
    const screen = new Screen(sandbox, name, env);
    await screen.shows(/^\$$/);
    return screen;
  }

  type(text: string): void {
    this.#tmux("send-keys", "-t", "0", "-l", text);
  }

  press(...keys: readonly string[]): void {
    this.#tmux("send-keys", "-t", "0", ...keys);
  }

  line(text: string): void {
    this.type(text);
    this.press("Enter");
  }

  /** As from a clipboard, with the marks of bracketed paste if the program wants them. */
  paste(text: string): void {
    this.#tmux("set-buffer", "--", text);
    this.#tmux("paste-buffer", "-p", "-t", "0");
  }

  /** Keeps all that is written to the terminal from now on, byte for byte. */
  record(file: string): void {
    this.#tmux("pipe-pane", "-t", "0", `cat > '${file}'`);
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-t", "0", "-x", String(columns), "-y", String(rows));
  }

  /** What one sees, without spaces at the ends and without the empty rows below. */
  rows(): string[] {
    const shown = this.#tmux("capture-pane", "-p", "-t", "0");
    const rows = shown.split("\n").map((row) => row.trimEnd());
    while (rows.at(-1) === "") rows.pop();
    return rows;
  }

  cursor(): { readonly row: number; readonly column: number } {
    const [row = 0, column = 0] = this.told("#{cursor_y} #{cursor_x}").split(" ").map(Number);
    return { row, column };
  }

  told(format: string): string {
    return this.#tmux("display-message", "-p", "-t", "0", format).trim();
  }

  /**
   * Waits for a row that fits. What else is on the screen may be half drawn or about to be cleared:
   * whoever looks at more than that row waits for all of it, with `showsOver` or `until`.
   */
  shows(pattern: string | RegExp): Promise<string[]> {
    return this.showsTimes(pattern, 1);
  }

  /** Waits until the last row is the question; one that is half written or was answered is none. */
  asks(question: RegExp): Promise<string[]> {
    return this.until(`${question} asked`, (rows) => question.test(rows.at(-1) ?? ""));
  }

  showsOver(pattern: string | RegExp, last: RegExp): Promise<string[]> {
    return this.until(
      `${pattern} over ${last}`,
      (rows) => rows.slice(0, -1).some(fitting(pattern)) && last.test(rows.at(-1) ?? ""),
    );
  }

  showsTimes(pattern: string | RegExp, count: number): Promise<string[]> {
    return this.until(
      `${pattern} on the screen`,
      (rows) => rows.filter(fitting(pattern)).length >= count,
    );
  }

  /** Waits until all rows together are as wanted, and returns them as they are then. */
  async until(what: string, fits: (rows: readonly string[]) => boolean): Promise<string[]> {
    const end = performance.now() + SHOWN_WITHIN_MS;
    for (;;) {
      const written = this.#written.promise;
      const rows = this.rows();
      if (fits(rows)) return rows;
      if (performance.now() > end) {
        throw new Error(`not within ${SHOWN_WITHIN_MS} ms: ${what}; it shows:\n${rows.join("\n")}`);
      }
      await passed(CAPTURE_PAUSE_MS);
      await Promise.race([written, passed(CAPTURE_AGAIN_MS)]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Bun.spawnSync(["tmux", "-S", this.#socket, "kill-server"], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    this.#reports.kill("SIGKILL");
    await this.#reports.exited;
  }

  async #watch(reports: ReadableStream<Uint8Array>): Promise<void> {
    for await (const _ of reports) {
      this.#written.resolve();
      this.#written = Promise.withResolvers();
    }
  }

  #tmux(...args: readonly string[]): string {
    const done = Bun.spawnSync(["tmux", "-S", this.#socket, ...args], {
      env: ENVIRONMENT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (!done.success) throw new Error(`tmux ${args[0]}: ${done.stderr}`);
    return done.stdout.toString();
  }
}
