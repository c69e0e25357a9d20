/**
 * The full screen of the compiled `chat join` on a terminal of 90x24: `bun bench/screen.ts
 * [--quick]`. The first frame, the echo of a key and the processor time in a busy room, memory
 * after many messages, and the bytes that a hundred messages cost on a slow line, beside WeeChat.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ngircd } from "./fan-out-irc.ts";
import { RawClient } from "./raw-client.ts";
import { atShare, keepSample } from "./samples.ts";
import { BenchTerminal } from "./screen-terminal.ts";
import { cpuSeconds, peakBytes, residentBytes, startServer } from "./server-process.ts";

const isQuick = process.argv.includes("--quick");
const BINARY = join(import.meta.dir, "..", "dist", "chat");
const WEECHAT = "/usr/bin/weechat-curses";
const MIB = 2 ** 20;

const STARTS = isQuick ? 3 : 15;
const BUSY_PER_SECOND = 1_000;
const BUSY_SECONDS = isQuick ? 5 : 20;
/** Until the runtime has compiled what is hot. */
const WARM_UP_SECONDS = isQuick ? 1 : 5;
const KEY_EVERY_MS = 40;
/** Letters that nothing else on the screen has: each is typed once, then the line is cleared. */
const LETTERS = "абвгджзиклмнпрстуфцчшщыэюя";
const CTRL_U = "\x15";
const MESSAGES = isQuick ? 10_000 : 100_000;
const FILL_PER_SECOND = 3_000;
const SETTLE_MS = 3_000;

/** A phone's line on a bad day. */
const LINE_BYTES_PER_SECOND = 4_800;
const SLOW_ROUNDS = isQuick ? 1 : 3;
const SLOW_MESSAGES = 100;
const SLOW_PER_SECOND = 10;
const TALKERS = ["bob", "cid"];
const END_OF_FRAME = "\x1b[?2026l";

class Talk {
  readonly port: number;
  readonly #home: string;

  constructor(port: number, home: string) {
    this.port = port;
    this.#home = home;
  }

  /** Meets the server and makes the account. */
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

  /** @param bytesPerSecond of the line; undefined: it is fast */
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

async function firstFrames(talk: Talk): Promise<void> {
  for (let i = 0; i < STARTS; i++) {
    const terminal = talk.start();
    const frameMs = (await terminal.shows(END_OF_FRAME)) - terminal.startedMs;
    const roomMs = (await terminal.shows("#lobby>")) - terminal.startedMs;
    await terminal.end();
    keepSample({ table: "screen", row: { name: "first frame" }, values: { ms: frameMs } });
    keepSample({ table: "screen", row: { name: "in the room" }, values: { ms: roomMs } });
    print(`first frame ${frameMs.toFixed(0)} ms, in the room ${roomMs.toFixed(0)} ms`);
  }
}

/** In a process of its own, so that it takes nothing from who looks at the clock. */
function load(talk: Talk, name: string, perSecond: number, count: number): Bun.Subprocess {
  const program = join(import.meta.dir, "screen-load.ts");
  const args = [talk.port, name, perSecond, count].map(String);
  return Bun.spawn([process.execPath, program, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function busyRoom(talk: Talk): Promise<void> {
  const terminal = talk.start();
  try {
    await terminal.shows("#lobby>");
    await terminal.quiet();
    const seconds = WARM_UP_SECONDS + BUSY_SECONDS + 2;
    const busy = load(talk, "busy", BUSY_PER_SECOND, seconds * BUSY_PER_SECOND);
    await terminal.shows("see you at lunch");
    await Bun.sleep(WARM_UP_SECONDS * 1_000);
    const [cpu, started] = [cpuSeconds(terminal.pid), performance.now()];
    const echoes = await typeFor(terminal, BUSY_SECONDS * 1_000);
    const elapsedSeconds = (performance.now() - started) / 1_000;
    const cpuPercent = (100 * (cpuSeconds(terminal.pid) - cpu)) / elapsedSeconds;
    await busy.exited;
    const [p50Ms, p99Ms] = [atShare(echoes, 0.5), atShare(echoes, 0.99)];
    const row = { name: "1,000 messages/s" };
    keepSample({ table: "screen", row, values: { p50Ms, p99Ms, cpuPercent } });
    print(
      `${BUSY_PER_SECOND} messages/s: key p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms ` +
        `of ${echoes.length}, CPU ${cpuPercent.toFixed(1)} %`,
    );
    const said = seconds * BUSY_PER_SECOND;
    if (said < MESSAGES) await load(talk, "fill", FILL_PER_SECOND, MESSAGES - said).exited;
    await Bun.sleep(SETTLE_MS); // What was needed to come this far is let go of.
    const [rssMib, peakMib] = [residentBytes(terminal.pid), peakBytes(terminal.pid)].map(
      (bytes) => bytes / MIB,
    );
    const values = { rssMib: rssMib ?? 0, peakMib: peakMib ?? 0 };
    keepSample({
      table: "screen",
      row: { name: `after ${MESSAGES.toLocaleString("en")} messages` },
      values,
    });
    print(`after ${MESSAGES} messages: ${rssMib?.toFixed(0)} MiB, peak ${peakMib?.toFixed(0)} MiB`);
  } finally {
    await terminal.end();
  }
}

/** @returns milliseconds from each key to its echo, ascending */
async function typeFor(terminal: BenchTerminal, ms: number): Promise<number[]> {
  const until = performance.now() + ms;
  const echoes: number[] = [];
  while (performance.now() < until) {
    for (const letter of LETTERS) {
      terminal.forget();
      const typed = performance.now();
      terminal.type(letter);
      echoes.push((await terminal.shows(letter)) - typed);
      await Bun.sleep(KEY_EVERY_MS * Math.random() * 2); // Not in step with the frames.
    }
    terminal.type(CTRL_U);
    await Bun.sleep(KEY_EVERY_MS * 4);
  }
  return echoes.sort((one, other) => one - other);
}

/** The same words for both, from two who talk in turns. */
async function talkSlowly(say: readonly ((text: string) => void)[]): Promise<void> {
  for (let i = 0; i < SLOW_MESSAGES; i++) {
    say[i % say.length]?.(
      `message ${i}: ${"the second run is done, see you ".repeat((i % 3) + 1)}`,
    );
    await Bun.sleep(1_000 / SLOW_PER_SECOND);
  }
}

async function slowChat(talk: Talk, round: number): Promise<void> {
  const names = TALKERS.map((name) => `${name}${round}`);
  const clients = await Promise.all(names.map((name) => RawClient.register(talk.port, name)));
  const terminal = talk.start(LINE_BYTES_PER_SECOND);
  const say = clients.map((client) => (text: string) => void client.post("lobby", text));
  await measureSlow("chat join", terminal, "#lobby>", say);
  for (const client of clients) client.close();
}

async function slowWeechat(): Promise<void> {
  const server = await ngircd.start();
  const folder = mkdtempSync(join(tmpdir(), "chat-bench-weechat-"));
  try {
    const talkers = await Promise.all(TALKERS.map((_, i) => ngircd.makeSender(server.port, i)));
    const settings = [
      "/set weechat.bar.nicklist.hidden on",
      "/set irc.server_default.autojoin #bench",
      `/server add bench 127.0.0.1/${server.port}`,
      "/set irc.server.bench.nicks ana",
      "/connect bench",
    ];
    const command = [WEECHAT, "-d", folder, "-P", "irc,buflist", "-r", settings.join(";")];
    const terminal = new BenchTerminal(command, { HOME: folder }, LINE_BYTES_PER_SECOND);
    const say = talkers.map((talker) => (text: string) => talker.send(text));
    await measureSlow("WeeChat", terminal, "Channel created on", say);
    for (const talker of talkers) talker.close();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureSlow(
  name: string,
  terminal: BenchTerminal,
  ready: string,
  say: readonly ((text: string) => void)[],
): Promise<void> {
  try {
    await terminal.shows(ready);
    await terminal.quiet();
    const before = terminal.outputBytes;
    await talkSlowly(say);
    await terminal.quiet();
    const bytes = terminal.outputBytes - before;
    await terminal.shows(`message ${SLOW_MESSAGES - 1}`);
    keepSample({ table: "slow-line", row: { name }, values: { bytes } });
    print(`${name}: ${bytes} bytes for ${SLOW_MESSAGES} messages over a slow line`);
  } finally {
    await terminal.end();
  }
}

async function withTalk(work: (talk: Talk) => Promise<void>): Promise<void> {
  const server = await startServer();
  const home = mkdtempSync(join(tmpdir(), "chat-bench-"));
  try {
    const talk = new Talk(server.port, home);
    await talk.register();
    await work(talk);
  } finally {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await withTalk(async (talk) => {
  await firstFrames(talk);
  for (let round = 0; round < SLOW_ROUNDS; round++) {
    await slowChat(talk, round);
    if (existsSync(WEECHAT) && existsSync(ngircd.program ?? "")) await slowWeechat();
  }
});
await withTalk(busyRoom);
