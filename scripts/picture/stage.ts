import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Where the real program plays for a picture: windows of tmux, and homes that are gone later. */

const ROOT = join(import.meta.dir, "../..");
const CHAT = join(ROOT, "dist", "chat");
const WAIT_MS = 15_000;

export interface Window {
  readonly name: string;
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
}

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "chat-picture-"));
  readonly #socket = `chat-picture-${process.pid}`;

  tmux(...args: string[]): string {
    const env = this.#environment("tmux");
    const command = ["tmux", "-L", this.#socket, "-f", "/dev/null", ...args];
    const done = Bun.spawnSync(command, { env, cwd: this.folder, stderr: "pipe" });
    if (!done.success) throw new Error(`${command.join(" ")}: ${done.stderr}`);
    return done.stdout.toString();
  }

  /** Runs to its end, as a script would. */
  run(who: string, ...args: string[]): void {
    const env = this.#environment(who);
    const done = Bun.spawnSync([CHAT, ...args], { env, cwd: this.folder, stderr: "pipe" });
    if (!done.success) throw new Error(`chat ${args.join(" ")}: ${done.stderr}`);
  }

  open({ name, columns, rows }: Window, ...args: string[]): void {
    const home = join(this.folder, `home-${name}`);
    const size = ["-x", String(columns), "-y", String(rows)];
    const command = ["env", `CHAT_HOME=${home}`, CHAT, ...args];
    this.tmux("new-session", "-d", "-s", name, ...size, ...command);
  }

  /** Enters under the name of the window, as a newcomer. */
  async join(window: Window): Promise<void> {
    this.open(window, "join", "--user", window.name);
    await this.sees(window, "Password for");
    this.type(window, ""); // None: this device alone signs in.
    await this.sees(window, "#lobby>");
  }

  type(window: Window, line: string): void {
    if (line !== "") this.tmux("send-keys", "-t", window.name, "-l", line);
    this.tmux("send-keys", "-t", window.name, "Enter");
  }

  /** As tmux names them; `-l` and a text: as it stands. */
  keys({ name }: Window, ...keys: readonly string[]): void {
    this.tmux("send-keys", "-t", name, ...keys);
  }

  /** Waits until it looks otherwise than before. */
  async presses(window: Window, key: string): Promise<void> {
    const before = this.capture(window).join("\n");
    this.keys(window, key);
    await this.#until(`anything by ${key}`, window, () => {
      return this.capture(window).join("\n") !== before;
    });
  }

  /** A file beside the windows. */
  write(name: string, bytes: Uint8Array): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }

  cursor({ name }: Window): { readonly row: number; readonly column: number } {
    const format = "#{cursor_y} #{cursor_x}";
    const [row = 0, column = 0] = this.tmux("display-message", "-p", "-t", name, format)
      .trim()
      .split(" ")
      .map(Number);
    return { row, column };
  }

  /** Waits until the window shows it. */
  sees(window: Window, text: string): Promise<void> {
    return this.#until(`'${text}'`, window, (shown) => shown.includes(text));
  }

  async #until(what: string, { name }: Window, fits: (shown: string) => boolean): Promise<void> {
    const until = performance.now() + WAIT_MS;
    for (;;) {
      const shown = this.tmux("capture-pane", "-p", "-J", "-t", name);
      if (fits(shown)) return;
      if (performance.now() > until) throw new Error(`no ${what} in ${name}:\n${shown}`);
      await Bun.sleep(30);
    }
  }

  capture({ name }: Window): string[] {
    return this.tmux("capture-pane", "-p", "-e", "-J", "-t", name).trimEnd().split("\n");
  }

  close(): void {
    try {
      this.tmux("kill-server");
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** Nothing of the person who draws, and no other server of theirs. */
  #environment(who: string): Record<string, string> {
    return {
      // Found as `chat`, as where it is installed.
      PATH: `${join(ROOT, "dist")}:${process.env["PATH"] ?? ""}`,
      HOME: this.folder,
      TERM: "xterm-256color",
      LANG: "C.UTF-8",
      TZ: "UTC",
      XDG_RUNTIME_DIR: this.folder,
      CHAT_HOME: join(this.folder, `home-${who}`),
    };
  }
}
