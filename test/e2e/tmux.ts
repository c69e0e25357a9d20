import type { Subprocess } from "bun";
import type { Sandbox } from "./program.ts";

const COLUMNS = 90;
const ROWS = 24;
const DISPLAY_TIMEOUT_MS = 60_000;
/** Milliseconds between two captures, so that output drawn in several steps is captured once. */
const CAPTURE_PAUSE_MS = 15;
const CAPTURE_AGAIN_MS = 500;

const ENVIRONMENT = { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", TERM: "xterm-256color" };

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

  /**
   * Pastes text as from a clipboard, with the marks of bracketed paste if the program requested
   * them.
   */
  paste(text: string): void {
    this.#tmux("set-buffer", "--", text);
    this.#tmux("paste-buffer", "-p", "-t", "0");
  }

  record(file: string): void {
    this.#tmux("pipe-pane", "-t", "0", `cat > '${file}'`);
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-t", "0", "-x", String(columns), "-y", String(rows));
  }

  rows(): string[] {
    const output = this.#tmux("capture-pane", "-p", "-t", "0");
    const rows = output.split("\n").map((row) => row.trimEnd());
    while (rows.at(-1) === "") rows.pop();
    return rows;
  }

  cursor(): { readonly row: number; readonly column: number } {
    const [row = 0, column = 0] = this.query("#{cursor_y} #{cursor_x}").split(" ").map(Number);
    return { row, column };
  }

  query(format: string): string {
    return this.#tmux("display-message", "-p", "-t", "0", format).trim();
  }

  /**
   * Waits for a matching row. Other rows may be incomplete; to check several rows, use `showsOver`
   * or `until`.
   */
  shows(pattern: string | RegExp): Promise<string[]> {
    return this.showsTimes(pattern, 1);
  }

  /** Waits until the last row is this prompt, without an answer. */
  prompts(question: RegExp): Promise<string[]> {
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

  async until(what: string, fits: (rows: readonly string[]) => boolean): Promise<string[]> {
    const end = performance.now() + DISPLAY_TIMEOUT_MS;
    for (;;) {
      const written = this.#written.promise;
      const rows = this.rows();
      if (fits(rows)) return rows;
      if (performance.now() > end) {
        throw new Error(
          `not within ${DISPLAY_TIMEOUT_MS} ms: ${what}; it shows:\n${rows.join("\n")}`,
        );
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
