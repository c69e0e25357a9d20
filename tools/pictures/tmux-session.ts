import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Runs the real program in tmux windows with temporary homes. */

const ROOT = join(import.meta.dir, "../..");
const CHAT = join(ROOT, "dist", "chat");
const TEXT_TIMEOUT_MS = 15_000;

export interface Window {
  readonly name: string;
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
}

export class TmuxSession {
  readonly folder = mkdtempSync(join(tmpdir(), "chat-picture-"));
  readonly #socket = `chat-picture-${process.pid}`;

  tmux(...args: string[]): string {
    const env = this.#environment("tmux");
    const command = ["tmux", "-L", this.#socket, "-f", "/dev/null", ...args];
    const done = Bun.spawnSync(command, { env, cwd: this.folder, stderr: "pipe" });
    if (!done.success) throw new Error(`${command.join(" ")}: ${done.stderr}`);
    return done.stdout.toString();
  }

  run(user: string, ...args: string[]): void {
    const env = this.#environment(user);
    const command = { env: { ...env, CHAT_INVITE: this.#invite() }, cwd: this.folder };
    const done = Bun.spawnSync([CHAT, ...args], { ...command, stderr: "pipe" });
    if (!done.success) throw new Error(`chat ${args.join(" ")}: ${done.stderr}`);
  }

  open({ name, columns, rows }: Window, ...args: string[]): void {
    const home = join(this.folder, `home-${name}`);
    const size = ["-x", String(columns), "-y", String(rows)];
    const command = ["env", `CHAT_HOME=${home}`, `CHAT_INVITE=${this.#invite()}`, CHAT, ...args];
    this.tmux("new-session", "-d", "-s", name, ...size, ...command);
  }

  /** Empty before the server has created the invite. */
  #invite(): string {
    const path = join(this.folder, "data", "invite");
    return existsSync(path) ? readFileSync(path, "utf8").trim().replaceAll("'", "") : "";
  }

  async join(window: Window): Promise<void> {
    this.open(window, "join", "--user", window.name);
    await this.waitForText(window, "New password for");
    this.type(window, "");
    await this.waitForText(window, "#lobby>");
  }

  type(window: Window, line: string): void {
    if (line !== "") this.tmux("send-keys", "-t", window.name, "-l", line);
    this.tmux("send-keys", "-t", window.name, "Enter");
  }

  keys({ name }: Window, ...keys: readonly string[]): void {
    this.tmux("send-keys", "-t", name, ...keys);
  }

  async pressAndWait(window: Window, key: string): Promise<void> {
    const before = this.capture(window).join("\n");
    this.keys(window, key);
    await this.#until(`change after ${key}`, window, () => {
      return this.capture(window).join("\n") !== before;
    });
  }

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

  waitForText(window: Window, text: string): Promise<void> {
    return this.#until(`'${text}'`, window, (screen) => screen.includes(text));
  }

  async #until(
    description: string,
    { name }: Window,
    matches: (screen: string) => boolean,
  ): Promise<void> {
    const deadline = performance.now() + TEXT_TIMEOUT_MS;
    for (;;) {
      const screen = this.tmux("capture-pane", "-p", "-J", "-t", name);
      if (matches(screen)) return;
      if (performance.now() > deadline) throw new Error(`no ${description} in ${name}:\n${screen}`);
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

  /** Omits the settings and servers of the user who runs the script. */
  #environment(user: string): Record<string, string> {
    return {
      PATH: `${join(ROOT, "dist")}:${process.env["PATH"] ?? ""}`,
      HOME: this.folder,
      TERM: "xterm-256color",
      LANG: "C.UTF-8",
      TZ: "UTC",
      XDG_RUNTIME_DIR: this.folder,
      CHAT_HOME: join(this.folder, `home-${user}`),
    };
  }
}
