import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * `npm run picture`: draws docs/terminal.svg from the real program. A server and two people run in
 * tmux; what the server's terminal and one of theirs show becomes text in an SVG. Addresses,
 * identity and time are replaced, so that the picture changes only when the program does. Needs
 * tmux and dist/chat.
 */

const ROOT = join(import.meta.dir, "..");
const CHAT = join(ROOT, "dist", "chat");
const PICTURE = join(ROOT, "docs", "terminal.svg");
const WAIT_MS = 15_000;

interface Window {
  readonly name: string;
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
}

const SERVER: Window = {
  name: "server",
  title: "chat serve --name 'Room 12' --welcome 'Be kind.'",
  columns: 110,
  rows: 32,
};
const ANA: Window = { name: "ana", title: "chat join --user ana", columns: 110, rows: 26 };
/** Talks, and is not drawn. */
const BOB: Window = { name: "bob", title: "chat join --user bob", columns: 80, rows: 24 };

/** What differs from run to run, and what stands in the picture for it. */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/chat:\/\/127\.0\.0\.1:\d+/g, "chat://192.0.2.7:2428"],
  [/#operator=[\w-]{22}/g, "#operator=Xq3Lr9mVt0sXyB7cKJ2hFw"],
  [/(https:\/\/127\.0\.0\.1):\d+/g, "$1:2428"],
  [/127\.0\.0\.1:\d+ chat/g, "192.0.2.20:50112 chat"],
  [/127\.0\.0\.1:\d+ tcp/g, "192.0.2.20:50112 tcp"],
  [/127\.0\.0\.1:\d+;/, "127.0.0.1;"],
  [/((?:fp=|SHA256:))[\w-]{43}/g, "$1q3Lr9mVt0sXyB7cKJ2hFwZ4eNaQp6uTgD8iRoM1kYlE"],
  [/Its data is in \S+/g, "Its data is in ./data"],
  [/(?<!\d|:)\d\d:\d\d(?= |\x1b)/g, "14:05"],
];

class Stage {
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

  type(window: Window, line: string): void {
    if (line !== "") this.tmux("send-keys", "-t", window.name, "-l", line);
    this.tmux("send-keys", "-t", window.name, "Enter");
  }

  /** Waits until the window shows it. */
  async sees(window: Window, text: string): Promise<void> {
    const until = performance.now() + WAIT_MS;
    for (;;) {
      const shown = this.tmux("capture-pane", "-p", "-J", "-t", window.name);
      if (shown.includes(text)) return;
      if (performance.now() > until) throw new Error(`no '${text}' in ${window.name}:\n${shown}`);
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

async function play(stage: Stage): Promise<void> {
  const password = join(stage.folder, "room-password");
  writeFileSync(password, "k7mq-tz4w-9hpd\n");
  const names = ["--name", "Room 12", "--welcome", "Be kind."];
  const place = ["--host", "127.0.0.1", "--port", "0", "--room-password-file", password];
  stage.open(SERVER, "serve", ...place, ...names);
  await stage.sees(SERVER, "on another one");
  for (const window of [ANA, BOB]) {
    stage.open(window, "join", "--user", window.name);
    await stage.sees(window, "Password for");
    stage.type(window, ""); // None: this device alone signs in.
    await stage.sees(window, "#lobby>");
  }
  await stage.sees(ANA, "ana and bob joined");
  const say = async (window: Window, line: string, words: string) => {
    stage.type(window, line);
    for (const one of [ANA, BOB]) await stage.sees(one, words);
  };
  await say(ANA, "/topic Benches, tools, and what is broken", "set the topic");
  await say(ANA, "Where is the soldering iron?", "Where is the soldering iron?");
  await say(BOB, "/reply In the blue box, second shelf.", "In the blue box");
  await say(ANA, "/react 👍", "👍");
  const plan = join(stage.folder, "bench-plan.pdf");
  writeFileSync(plan, new Uint8Array(412_000));
  await say(BOB, `/send ${plan}`, "bench-plan.pdf");
  await say(ANA, "/me goes to look", "goes to look");
  stage.run(
    "printer",
    "send",
    "--user",
    "printer",
    "@ana: job 7 is ready, see http://printer.local/7",
  );
  await stage.sees(ANA, "job 7 is ready");
  stage.type(ANA, "/join physics");
  await stage.sees(ANA, "make it?");
  stage.tmux("send-keys", "-t", ANA.name, "y");
  await stage.sees(ANA, "#physics>");
  stage.type(BOB, "/msg ana Found it?");
  await stage.sees(ANA, "1 unread");
  stage.tmux("send-keys", "-t", ANA.name, "M-1");
  await stage.sees(ANA, "#lobby>");
  stage.tmux("send-keys", "-t", ANA.name, "-l", "Found it, thank you!");
  await stage.sees(ANA, "Found it, thank you!");
}

interface Pen {
  readonly color: string;
  /** Undefined: that of the window. */
  readonly background: string | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
}

interface Glyph {
  readonly text: string;
  readonly pen: Pen;
}

const PLAIN: Pen = { color: "#d8dee4", background: undefined, bold: false, dim: false };
const COLORS = [
  "#484f58",
  "#ff7b72",
  "#3fb950",
  "#d29922",
  "#58a6ff",
  "#bc8cff",
  "#39c5cf",
  "#b1bac4",
];
const BRIGHT = [
  "#8b949e",
  "#ffa198",
  "#56d364",
  "#e3b341",
  "#79c0ff",
  "#d2a8ff",
  "#56d4dd",
  "#f0f6fc",
];

/** Of xterm: 16 named ones, a cube of 216, and 24 greys. */
function indexed(index: number): string {
  const named = [...COLORS, ...BRIGHT][index];
  if (named !== undefined) return named;
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  if (index >= 232) return `#${hex(8 + (index - 232) * 10).repeat(3)}`;
  const step = (value: number) => hex(value === 0 ? 0 : 55 + value * 40);
  const cube = index - 16;
  return `#${step(Math.floor(cube / 36))}${step(Math.floor(cube / 6) % 6)}${step(cube % 6)}`;
}

/** The pen after one SGR sequence. */
function penAfter(pen: Pen, codes: string): Pen {
  let next = pen;
  const numbers = codes.split(";").map(Number);
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at] ?? 0;
    const color = COLORS[code - 30] ?? BRIGHT[code - 90];
    const background = COLORS[code - 40] ?? BRIGHT[code - 100];
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 39) next = { ...next, color: PLAIN.color };
    else if (code === 49) next = { ...next, background: undefined };
    else if (code === 38 || code === 48) {
      const shown = indexed(numbers[at + 2] ?? 0);
      next = code === 38 ? { ...next, color: shown } : { ...next, background: shown };
      at += 2;
    } else if (color !== undefined) next = { ...next, color };
    else if (background !== undefined) next = { ...next, background };
  }
  return next;
}

/** Characters with the pen that each is drawn with, cut where the terminal would wrap. */
function rowsOf(lines: readonly string[], columns: number): Glyph[][] {
  const rows: Glyph[][] = [];
  let pen = PLAIN;
  for (const line of lines) {
    const replaced = REPLACED.reduce((text, [pattern, by]) => text.replace(pattern, by), line);
    const glyphs: Glyph[] = [];
    for (const part of replaced.split(/(\x1b\[[\d;]*m)/)) {
      const codes = /^\x1b\[([\d;]*)m$/.exec(part)?.[1];
      if (codes !== undefined) pen = penAfter(pen, codes);
      else for (const text of part) glyphs.push({ text, pen });
    }
    while (glyphs.at(-1)?.text === " " && glyphs.at(-1)?.pen.background === undefined) glyphs.pop();
    do rows.push(glyphs.splice(0, columns));
    while (glyphs.length > 0);
  }
  return rows;
}

const FONT_SIZE = 13;
const COLUMN_WIDTH = 7.83;
const ROW_HEIGHT = 18;
const PADDING = 12;
const TITLE_HEIGHT = 28;
const GAP = 14;

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Each run of one pen stands at its own column, so that any monospace font keeps the lines. */
function drawRow(row: readonly Glyph[], x: number, y: number): string {
  const runs: { text: string; pen: Pen; column: number }[] = [];
  for (const [column, { text, pen }] of row.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && last.pen === pen) last.text += text;
    else runs.push({ text, pen, column });
  }
  return runs
    .filter(({ text, pen }) => text.trim() !== "" || pen.background !== undefined)
    .map(({ text, pen, column }) => {
      const at = (x + column * COLUMN_WIDTH).toFixed(1);
      const width = (text.length * COLUMN_WIDTH).toFixed(1);
      const bold = pen.bold ? ' font-weight="bold"' : "";
      const dim = pen.dim ? ' opacity="0.65"' : "";
      const place = `x="${at}" y="${y}" textLength="${width}"`;
      // No-break spaces: browsers collapse other ones, and stretch the rest to the width.
      const shown = escapeXml(text).replaceAll(" ", "\u00a0");
      const words = `<text ${place} fill="${pen.color}"${bold}${dim}>${shown}</text>`;
      if (pen.background === undefined) return words;
      const box = `x="${at}" y="${y - FONT_SIZE}" width="${width}" height="${ROW_HEIGHT}"`;
      return `<rect ${box} fill="${pen.background}"/>${words}`;
    })
    .join("\n");
}

interface Drawn {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

function drawWindow(stage: Stage, window: Window, x: number, y: number): Drawn {
  const rows = rowsOf(stage.capture(window), window.columns);
  const width = window.columns * COLUMN_WIDTH + 2 * PADDING;
  const height = TITLE_HEIGHT + window.rows * ROW_HEIGHT + PADDING;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (color, i) => `<circle cx="${x + 16 + i * 16}" cy="${y + 14}" r="5" fill="${color}"/>`,
  );
  const top = y + TITLE_HEIGHT + FONT_SIZE + 1;
  const middle = `x="${x + width / 2}" y="${y + 19}" text-anchor="middle"`;
  const svg = [
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    ...dots,
    `<text ${middle} fill="#8b949e">${window.title}</text>`,
    ...rows.map((row, i) => drawRow(row, x + PADDING, top + i * ROW_HEIGHT)),
  ].filter((part) => part !== "");
  return { svg: svg.join("\n"), width, height };
}

function draw(stage: Stage): string {
  const server = drawWindow(stage, SERVER, 0, 0);
  const ana = drawWindow(stage, ANA, 0, server.height + GAP);
  const width = Math.ceil(server.width);
  const height = Math.ceil(server.height + GAP + ana.height);
  const fonts = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace";
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const font = `font-family="${fonts}" font-size="${FONT_SIZE}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>`,
    "<title>A chat server, and a conversation on the full screen</title>",
    server.svg,
    ana.svg,
    "</svg>",
    "",
  ].join("\n");
}

const stage = new Stage();
try {
  await play(stage);
  writeFileSync(PICTURE, draw(stage));
  process.stderr.write("drew docs/terminal.svg\n");
} finally {
  stage.close();
}
