/**
 * Performance of the full-screen client of `chat join`: `bun bench/screen.ts [--quick]`. Measures
 * the first frame, a busy room, memory, and bytes on a slow line compared with WeeChat.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { missingProgram } from "./contestants.ts";
import { ngircd } from "./fan-out-irc.ts";
import { findProgram } from "./fan-out-program.ts";
import { newFolder, print } from "./harness.ts";
import { RawClient } from "./raw-client.ts";
import { quantile, saveSample } from "./samples.ts";
import { BenchTerminal } from "./screen-terminal.ts";
import { cpuSeconds, peakBytes, residentBytes, startServer } from "./server-process.ts";

const isQuick = process.argv.includes("--quick");
const BINARY = join(import.meta.dir, "..", "dist", "chat");
const WEECHAT = findProgram("weechat-curses");
const MIB = 2 ** 20;

const STARTS = isQuick ? 3 : 15;
const BUSY_PER_SECOND = 1_000;
const BUSY_SECONDS = isQuick ? 5 : 20;
const WARM_UP_SECONDS = isQuick ? 1 : 5;
const KEY_INTERVAL_MS = 40;
/**
 * Letters that appear nowhere else on the screen. Each is typed once before the line is cleared.
 */
const LETTERS = "абвгджзиклмнпрстуфцчшщыэюя";
const CTRL_U = "\x15";
const MESSAGES = isQuick ? 10_000 : 100_000;
const FILL_PER_SECOND = 3_000;
const SETTLE_MS = 3_000;

const LINE_BYTES_PER_SECOND = 4_800;
const SLOW_ROUNDS = isQuick ? 1 : 3;
const SLOW_MESSAGES = 100;
const SLOW_PER_SECOND = 10;
const SENDERS = ["bob", "cid"];
const END_OF_FRAME = "\x1b[?2026l";

class Session {
  readonly port: number;
  readonly #home: string;

  constructor(port: number, home: string) {
    this.port = port;
    this.#home = home;
  }

  async register(): Promise<void> {
    const child = Bun.spawn([...this.#command, "--json"], {
      env: { ...process.env, ...this.#env },
      stdio: ["pipe", "pipe", "ignore"],
    });
    const reader = child.stdout.getReader();
    await reader.read();
    child.stdin.end();
    while (!(await reader.read()).done);
    await child.exited;
  }

  start(bytesPerSecond?: number): BenchTerminal {
    return new BenchTerminal(this.#command, this.#env, bytesPerSecond);
  }

  get #command(): readonly string[] {
    return [BINARY, "join", `127.0.0.1:${this.port}`, "--user", "ana"];
  }

  get #env(): Readonly<Record<string, string>> {
    return { CHAT_HOME: this.#home, XDG_RUNTIME_DIR: this.#home };
  }
}

async function measureFirstFrame(session: Session): Promise<void> {
  for (let i = 0; i < STARTS; i++) {
    const terminal = session.start();
    const frameMs = (await terminal.waitForText(END_OF_FRAME)) - terminal.startedMs;
    const roomMs = (await terminal.waitForText("#lobby>")) - terminal.startedMs;
    await terminal.close();
    saveSample({ table: "screen", row: { name: "first frame" }, values: { ms: frameMs } });
    saveSample({ table: "screen", row: { name: "room displayed" }, values: { ms: roomMs } });
    print(`first frame ${frameMs.toFixed(0)} ms, in the room ${roomMs.toFixed(0)} ms`);
  }
}

function startLoad(
  session: Session,
  name: string,
  perSecond: number,
  count: number,
): Bun.Subprocess {
  const program = join(import.meta.dir, "screen-load.ts");
  const args = [session.port, name, perSecond, count].map(String);
  return Bun.spawn([process.execPath, program, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function measureBusyRoom(session: Session): Promise<void> {
  const terminal = session.start();
  try {
    await terminal.waitForText("#lobby>");
    await terminal.waitUntilQuiet();
    const seconds = WARM_UP_SECONDS + BUSY_SECONDS + 2;
    const busy = startLoad(session, "busy", BUSY_PER_SECOND, seconds * BUSY_PER_SECOND);
    await terminal.waitForText("see you at lunch");
    await Bun.sleep(WARM_UP_SECONDS * 1_000);
    const [cpu, started] = [cpuSeconds(terminal.pid), performance.now()];
    const echoes = await measureEchoes(terminal, BUSY_SECONDS * 1_000);
    const elapsedSeconds = (performance.now() - started) / 1_000;
    const cpuPercent = (100 * (cpuSeconds(terminal.pid) - cpu)) / elapsedSeconds;
    await busy.exited;
    const [p50Ms, p99Ms] = [quantile(echoes, 0.5), quantile(echoes, 0.99)];
    const row = { name: "1,000 messages/s" };
    saveSample({ table: "screen", row, values: { p50Ms, p99Ms, cpuPercent } });
    print(
      `${BUSY_PER_SECOND} messages/s: key p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms ` +
        `of ${echoes.length}, CPU ${cpuPercent.toFixed(1)} %`,
    );
    const posted = seconds * BUSY_PER_SECOND;
    if (posted < MESSAGES)
      await startLoad(session, "fill", FILL_PER_SECOND, MESSAGES - posted).exited;
    await Bun.sleep(SETTLE_MS); // Temporary memory is freed meanwhile.
    const [rssMib, peakMib] = [residentBytes(terminal.pid), peakBytes(terminal.pid)].map(
      (bytes) => bytes / MIB,
    );
    const values = { rssMib: rssMib ?? 0, peakMib: peakMib ?? 0 };
    saveSample({
      table: "screen",
      row: { name: `after ${MESSAGES.toLocaleString("en")} messages` },
      values,
    });
    print(`after ${MESSAGES} messages: ${rssMib?.toFixed(0)} MiB, peak ${peakMib?.toFixed(0)} MiB`);
  } finally {
    await terminal.close();
  }
}

async function measureEchoes(terminal: BenchTerminal, ms: number): Promise<number[]> {
  const until = performance.now() + ms;
  const echoes: number[] = [];
  while (performance.now() < until) {
    for (const letter of LETTERS) {
      terminal.clearOutput();
      const typed = performance.now();
      terminal.type(letter);
      echoes.push((await terminal.waitForText(letter)) - typed);
      await Bun.sleep(KEY_INTERVAL_MS * Math.random() * 2); // Avoids aliasing with frames.
    }
    terminal.type(CTRL_U);
    await Bun.sleep(KEY_INTERVAL_MS * 4);
  }
  return echoes.sort((a, b) => a - b);
}

async function postSlowly(posts: readonly ((text: string) => void)[]): Promise<void> {
  for (let i = 0; i < SLOW_MESSAGES; i++) {
    posts[i % posts.length]?.(
      `message ${i}: ${"the second run is done, see you ".repeat((i % 3) + 1)}`,
    );
    await Bun.sleep(1_000 / SLOW_PER_SECOND);
  }
}

async function measureSlowChat(session: Session, round: number): Promise<void> {
  const names = SENDERS.map((name) => `${name}${round}`);
  const clients = await Promise.all(names.map((name) => RawClient.register(session.port, name)));
  const terminal = session.start(LINE_BYTES_PER_SECOND);
  const posts = clients.map((client) => (text: string) => void client.post("lobby", text));
  await measureSlow("chat join", terminal, "#lobby>", posts);
  for (const client of clients) client.close();
}

async function measureSlowWeechat(weechat: string): Promise<void> {
  const server = await ngircd.start();
  const folder = newFolder();
  try {
    const senders = await Promise.all(SENDERS.map((_, i) => ngircd.makeSender(server.port, i)));
    const settings = [
      "/set weechat.bar.nicklist.hidden on",
      "/set irc.server_default.autojoin #bench",
      `/server add bench 127.0.0.1/${server.port} -ssl`,
      "/set irc.server.bench.ssl_verify off", // The server's certificate is self-signed.
      "/set irc.server.bench.nicks ana",
      "/connect bench",
    ];
    const command = [weechat, "-d", folder, "-P", "irc,buflist", "-r", settings.join(";")];
    const terminal = new BenchTerminal(command, { HOME: folder }, LINE_BYTES_PER_SECOND);
    const posts = senders.map((sender) => (text: string) => sender.send(text));
    await measureSlow("WeeChat", terminal, "Channel created on", posts);
    for (const sender of senders) sender.close();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureSlow(
  name: string,
  terminal: BenchTerminal,
  ready: string,
  posts: readonly ((text: string) => void)[],
): Promise<void> {
  try {
    await terminal.waitForText(ready);
    await terminal.waitUntilQuiet();
    const before = terminal.outputBytes;
    await postSlowly(posts);
    await terminal.waitUntilQuiet();
    const bytes = terminal.outputBytes - before;
    await terminal.waitForText(`message ${SLOW_MESSAGES - 1}`);
    saveSample({ table: "slow-line", row: { name }, values: { bytes } });
    print(`${name}: ${bytes} bytes for ${SLOW_MESSAGES} messages over a slow line`);
  } finally {
    await terminal.close();
  }
}

async function withSession(action: (session: Session) => Promise<void>): Promise<void> {
  const server = await startServer();
  const home = newFolder();
  try {
    const session = new Session(server.port, home);
    await session.register();
    await action(session);
  } finally {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

await withSession(async (session) => {
  await measureFirstFrame(session);
  for (let round = 0; round < SLOW_ROUNDS; round++) {
    await measureSlowChat(session, round);
    if (WEECHAT !== undefined && missingProgram(ngircd) === undefined)
      await measureSlowWeechat(WEECHAT);
  }
});
await withSession(measureBusyRoom);
