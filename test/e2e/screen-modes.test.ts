import { expect, test } from "bun:test";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Emulator } from "../cli/screen/terminal/emulator.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

const PROGRAM = join(import.meta.dir, "screen-program.ts");
const MODES = "#{alternate_on} #{mouse_any_flag} #{wrap_flag} #{cursor_flag} #{pane_title}";

class Terminal implements AsyncDisposable {
  readonly screen: Screen;
  readonly #sandbox: Sandbox;
  #modes = "";
  #checks = 0;

  private constructor(sandbox: Sandbox, screen: Screen) {
    this.#sandbox = sandbox;
    this.screen = screen;
  }

  static async open(how = ""): Promise<Terminal> {
    const sandbox = new Sandbox();
    const env = { BUN: process.execPath, PROGRAM };
    const terminal = new Terminal(sandbox, await Screen.open(sandbox, "shell", env));
    await terminal.#begin(how);
    return terminal;
  }

  get pid(): number {
    return Number(readFileSync(this.#sandbox.path("pid"), "utf8"));
  }

  async expectGivenBack(): Promise<void> {
    const check = `check ${++this.#checks}`;
    this.screen.line(`stty -a >after; cmp before after && echo ${check}`);
    await this.screen.shows(new RegExp(`^${check}$`));
    expect(this.screen.query(MODES)).toBe(this.#modes);
  }

  async expectTaken(): Promise<void> {
    await this.screen.shows(/^90x24$/);
    expect(this.screen.query(MODES)).toBe("1 1 0 1 the program");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.screen[Symbol.asyncDispose]();
    await this.#sandbox[Symbol.asyncDispose]();
  }

  async #begin(how: string): Promise<void> {
    this.screen.line("stty -a >before; echo begun");
    await this.screen.shows(/^begun$/);
    this.#modes = this.screen.query(MODES);
    this.screen.line(`${how}sh -c 'echo $$ >pid; exec $BUN $PROGRAM'`);
    await this.expectTaken();
  }
}

requires("tmux").describe("the terminal is given back", () => {
  test.concurrent.each([
    ["at the end", "q", ""],
    ["after an uncaught error", "x", "JSON Parse error"],
  ])("%s", async (_when, key, words) => {
    await using terminal = await Terminal.open();
    terminal.screen.type(key);
    await terminal.screen.until("the prompt", (rows) => rows.at(-1) === "$");
    await terminal.expectGivenBack();
    expect(terminal.screen.rows().join("\n")).toContain(words);
    expect(terminal.screen.rows().join("\n")).not.toContain("drawn");
  });

  test.concurrent.each([["SIGTERM"], ["SIGHUP"]] as const)("at %s", async (signal) => {
    await using terminal = await Terminal.open();
    process.kill(terminal.pid, signal);
    await terminal.screen.until("the prompt", (rows) => rows.at(-1) === "$");
    await terminal.expectGivenBack();
  });

  test.concurrent("by Ctrl-Z, and restored by fg", async () => {
    await using terminal = await Terminal.open();
    const { screen } = terminal;
    for (const round of [1, 2]) {
      screen.type("z");
      await screen.until("the prompt", (rows) => rows.at(-1) === "$");
      await terminal.expectGivenBack();
      screen.line("fg");
      await terminal.expectTaken();
      await screen.shows(new RegExp(`^typed${" 7a".repeat(round)}$`));
    }
    screen.type("q");
    await screen.until("the prompt", (rows) => rows.at(-1) === "$");
    await terminal.expectGivenBack();
  });

  test.concurrent("draws the screen and reads keys again after SIGSTOP and fg", async () => {
    await using terminal = await Terminal.open();
    const { screen } = terminal;
    process.kill(terminal.pid, "SIGSTOP");
    await screen.shows(/\[1\] \+ Stopped/);
    screen.type("fg");
    screen.press("C-j"); // The shell leaves the modes as they are: Enter is a carriage return.
    await screen.shows(/^typed$/);
    screen.type("a");
    await screen.shows(/^typed 61$/);
    screen.type("q");
    await screen.until("the prompt", (rows) => rows.at(-1) === "$");
    await terminal.expectGivenBack();
  });

  test.concurrent("repairs the screen after SIGSTOP without a shell", async () => {
    await using terminal = await Terminal.open("exec ");
    const { screen } = terminal;
    const device = screen.query("#{pane_tty}");
    for (const round of [1, 2]) {
      Bun.spawnSync(["stty", "sane", "-F", device]);
      writeFileSync(device, "\x1b[m\x1b[7m\x1b[2;5r\x1b[?1049l\x1b[2Jsomething else");
      await screen.shows(/something else$/);
      process.kill(terminal.pid, "SIGSTOP");
      await terminal.expectTaken();
      expect(screen.rows().join("\n")).not.toContain("else");
      screen.type("a");
      await screen.shows(new RegExp(`^typed${" 61".repeat(round)}$`));
      const { stdout } = Bun.spawnSync(["stty", "-a", "-F", device]);
      expect(stdout.toString()).toMatch(/-icanon.*-echo /s);
    }
    screen.type("q");
  });
});

interface Progress {
  readonly frames: number;
  readonly queuedBytes: number;
}

const FRAME_BYTES_MAX = 4096;

requires("script").test(
  "a blocked terminal stops nothing, and finally displays the newest frame",
  async () => {
    await using sandbox = new Sandbox();
    const fifo = sandbox.path("fifo");
    Bun.spawnSync(["mkfifo", fifo]);
    const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    const progressPath = sandbox.path("progress");
    const program = `${process.execPath} ${PROGRAM} ${progressPath}`;
    const command = `echo $$ >${sandbox.path("pid")}; exec ${program}`;
    const child = Bun.spawn(["sh", "-c", `exec script -qec '${command}' /dev/null >${fifo}`], {
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: process.env["PATH"] ?? "", CHAT_HOME: "/nonexistent/chat", SHELL: "/bin/sh" },
    });
    try {
      const emulator = new Emulator({ columns: 80, rows: 24 });
      let readBytes = 0;
      const read = () => {
        const text = readAll(fd);
        readBytes += text.length;
        emulator.write(text);
      };
      await until("the first frame", () => {
        read();
        return emulator.text(0) === "80x24";
      });
      type(child, "f");
      const pid = Number(readFileSync(sandbox.path("pid"), "utf8"));
      // `script` may still read from the fifo, so output is not yet queued.
      const progress = await until("it continues while nobody reads", () => {
        process.kill(pid, "SIGURG");
        const now = progressIn(progressPath);
        return now !== undefined && now.frames > 20_000 && now.queuedBytes > 0 && now;
      });
      expect(progress.queuedBytes).toBeLessThan(FRAME_BYTES_MAX);
      type(child, "e");
      readBytes = 0;
      const last = await until("it shows the newest one", () => {
        read();
        process.kill(pid, "SIGURG");
        const frames = progressIn(progressPath)?.frames;
        return emulator.text(0) === `frame ${frames}` && frames;
      });
      expect(last).toBeGreaterThan(progress.frames);
      expect(readBytes).toBeLessThan(1 << 20);
      type(child, "q");
      await until("it has ended", () => {
        read();
        return child.exitCode !== null;
      });
      expect(child.exitCode).toBe(0);
    } finally {
      child.kill("SIGKILL");
      closeSync(fd);
    }
  },
);

function type(
  child: { readonly stdin: { write(text: string): unknown; flush(): unknown } },
  key: string,
): void {
  child.stdin.write(key);
  child.stdin.flush();
}

function readAll(fd: number): string {
  const bytes = Buffer.alloc(1 << 16);
  let text = "";
  try {
    for (;;) text += bytes.toString("latin1", 0, readSync(fd, bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
  }
  return text;
}

function progressIn(path: string): Progress | undefined {
  try {
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Progress) : undefined;
  } catch {
    return undefined;
  }
}
