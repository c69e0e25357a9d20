import { afterAll, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { VerbTable } from "../../src/cli/command.ts";
import { parseStrictly } from "../../src/cli/parser.ts";
import { VERBS } from "../../src/commands/table.ts";
import { within } from "../event.ts";
import { GUIDES, needsOf, textOf, WITHOUT_NEEDS } from "../guides.ts";
import { requires } from "../installed.ts";
import { reservedPort } from "../ports.ts";
import { CHAT } from "./binary.ts";
import { Lines } from "./lines.ts";

/**
 * Runs the commands in the `sh` blocks of each guide twice, alone, in a new home and folder, as a
 * reader would who starts with this guide and has only what its line "You need" names. A block that
 * begins with `# needs …` is not run; its calls of `chat` must still be valid. An unused entry of
 * the tables below is a failure.
 */

const ROOT = join(import.meta.dir, "..", "..");

/** Phrases of the lines "You need". */
const NEEDS: Readonly<Record<string, (reader: Reader) => Promise<void>>> = {
  "a running server": (reader) => reader.ownServer(),
  "a terminal in the folder where you started it": nothing,
  "an account on it": (reader) => reader.ownAccount(),
  "an account on a server": (reader) => reader.foreignAccount(),
  "its invite or address": nothing,
  "a server": (reader) => reader.foreignServer(),
  "the program": nothing,
  "a second machine in the same network": nothing,
  "an IRC client": nothing,
  jq: nothing,
  curl: nothing,
};

/** Program, target and data folder of a nightly backup. */
const BACKUP_IN_UNIT = /^(?:# )?ExecStart=(\S+) backup (\S+) --data (\S+)$/gm;

/** Guides whose commands need more machines than one: the test that runs them. */
const MACHINES: Readonly<Record<string, string>> = {
  "three machines with the program and the NATS server": "test/e2e/cluster-docs.test.ts",
};

/** A guide whose first step, in a sentence, starts a server. */
const IN_PROSE: Readonly<Record<string, readonly string[]>> = {
  "docs/class.md": ["a running server"],
};

async function nothing(): Promise<void> {}

/** Blocks that begin with `# needs X`: the tests that run them, and how many there may be. */
const ELSEWHERE: Readonly<Record<string, { readonly blocks: number; readonly by: string }>> = {
  "a release": { blocks: 3, by: "test/e2e/upgrade.test.ts" },
  "root and systemd": { blocks: 1, by: "tools/soak/release.ts" },
  "certbot, which runs it as root": { blocks: 1, by: "test/e2e/certificate-renewal.test.ts" },
};

/** Guides about the installation itself, whose commands change the machine or need a release. */
const INSTALLATION = ["README.md", "docs/install.md"];
const INSTALLS =
  /^(?:sudo|minisign|tar|npm ci && npm test|curl -f|sh i|grep linux-|chat (?:version -|upgrade))/;

/** Commands that run until they are stopped, and the output to wait for. */
const CONTINUOUS: readonly (readonly [RegExp, RegExp])[] = [
  [/^[^|]*\bchat serve|npm start$/m, /is listening on/],
  [/\bchat web/, /http:\/\/127\.0\.0\.1/],
  [/\bget-file --follow/, /photo/],
  [/\bchat share/, /chat:\/\//],
  [/\bhistory .*--follow/, /The build is done|^carol: hello$/],
  [/^chat link-device$/, /chat link-device \d+-/],
];

/** Values that a reader replaces, answers to prompts, and changes for the sandbox. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/^npm ci && npm start$/, "dist/chat serve"], // Without the registry, only the last step runs.
  // A terminal chooses the server of this user; a script needs an address once.
  [/^dist\/chat join --user ana$/, 'dist/chat join "$(cat data/invite)" --user ana'],
  [/chat:\/\/192\.0\.2\.7:2428\/[^'\s]*/g, "INVITE"],
  [/\bchat web( 192\S*)?.*$/, "chat web$1 --port 0 --no-open"],
  [/--local-port 5000\b/, "--local-port FREE"],
  [/\bchat lan\b/, "chat lan --interface 127.0.0.1 --port FREE"],
  [/\b(?:uptime|mysqldump shop)\b/, "echo up"],
  [/\bjq -r/, "jq --unbuffered -r"],
  [/\berase 1201 --file fq3Lr9mVt0sX\b/, "erase PHOTO"],
  [/\bfq3Lr9mVt0sX\b/, "FILE"],
  [/\berase 1201 1204\b/, "erase SEQ"],
  [/--thread 12\b/, "--thread SEQ"],
  // The walk has one server, which is its own board.
  [/\b192\.0\.2\.8\b/, "ADDRESS"],
  [/\b192\.0\.2\.7(?::2428)?(?!\d)/g, "ADDRESS"],
  [/SHA256:\.\.\./, "SHA256:FINGERPRINT"],
  [/^chat link-device 7-\S+/, 'CHAT_HOME=$OTHER/tablet chat link-device "$CHAT_LINK_CODE"'],
  [/^chat receive(?: 7-\S+)?$/, "CHAT_INVITE='SHARED' chat receive --out received"],
  [/^bun build\.ts --all$/, "cp dist/chat dist/chat-linux-x64"],
  [/\/tmp\/bob\b/, "$OTHER/bob"],
  [/\/etc\/ssl\/chat\.pem/, "data/tls.crt"],
  [/\/etc\/chat\//g, "ETC/"],
  [/\bwait=30\b/, "wait=1"],
  [/^CHAT_SERVE_DISCOVERY=false /, ""],
];

/** Registers a person in a home of their own, and joins the room `lab`. */
const [BOB, CLEO, CAROL, EVE] = ["bob", "cleo", "carol", "eve"].map((name) => {
  const chat = `CHAT_HOME=$OTHER/${name} CHAT_PASSWORD="a long password" chat`;
  const register = `${chat} register "INVITE" --user ${name}`;
  return `${register} && ${chat} join --user ${name} --room lab < /dev/null`;
}) as [string, string, string, string];

/** People, rooms and messages for which a guide's examples stand. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  "docs/backup.md": ['chat join "INVITE" --user ana < /dev/null'],
  "docs/files.md": [BOB.replace("--room lab", "")],
  "docs/history.md": [
    BOB,
    "chat send --to @bob hello",
    "CHAT_HOME=$OTHER/bob chat send-file photo.jpg",
  ],
  "docs/proofs.md": [BOB],
  "docs/scripting.md": [BOB, CLEO],
  "docs/serving.md": [BOB, CAROL, EVE, "chat join --user ana --room lab < /dev/null"],
};

/** Answers to what a terminal would ask. */
const ANSWERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docs/accounts.md": {
    CHAT_PASSWORD: "a long password",
    CHAT_NEW_PASSWORD: "a long password",
    CHAT_ROOM_PASSWORD: "SECRET",
    CHAT_SERVER: "ADDRESS",
  },
  // A terminal takes the only server, and a script one that was named.
  "docs/class.md": { CHAT_SERVER: "ADDRESS" },
  "docs/joining.md": { CHAT_ROOM_PASSWORD: "SECRET" },
  "docs/scripting.md": { CHAT_ROOM_PASSWORD: "SECRET" },
};

/** Events that happen while a command runs. */
const EVENTS: readonly (readonly [RegExp, string])[] = [
  [/\bget-file --follow/, "CHAT_HOME=$OTHER/bob chat send-file photo.jpg --name photo-of-bob.jpg"],
  [/\bhistory .*--follow/, 'chat send "The build is done."'],
];

/** Events between a command and the next. */
const AFTERWARDS: readonly (readonly [RegExp, string])[] = [
  [/^chat backup /, "chat send 'newer than the backup'"],
];

/** Servers that a guide starts with other settings, after which the reader's runs again. */
const RESTARTS = /--proxy-cert/;

const EXIT_CODES: Readonly<Record<string, readonly number[]>> = {
  // The server of the test is on loopback and not announced; other servers may be on the LAN.
  "chat discover": [4, 0],
  // The rooms of the test have no such messages.
  "chat search registrar certificate": [4],
  'chat search from:bob in:lobby "wifi key"': [4],
  // No upload is unfinished.
  "chat admin erase fq3Lr9mVt0sX": [4],
};

/** Refusals when a guide is followed a second time in the same home: command, code and text. */
const SECOND_TIME: readonly (readonly [RegExp, readonly [number, RegExp]])[] = [
  [/^chat register --user dora$/, [3, /^chat: the name 'dora' is taken; choose another name$/m]],
  [/ --out proof\.txt$/, [2, /^chat: proof\.txt already exists; .+$/m]],
  [/^chat restore .* \.\/data-restored$/, [1, /^chat: \S+ is not empty; use a new folder .+$/m]],
  // The room was removed at the end of the first time, and the account.
  [/^chat admin .*\blab\b/, [4, /^chat: no room named 'lab'; .+$/m]],
  [/^chat admin ban eve /, [4, /^chat: no user named 'eve'; .+$/m]],
];

const READER_FILES: Readonly<Record<string, string>> = {
  "here/#lab.weechatlog": "2026-01-31 18:05:00\tana\thi\n",
  "here/2026-01-31.log": "[18:05:00] <ben> hello\n",
  "here/photo.jpg": "a photo\n",
  "here/thesis.pdf": "a thesis\n",
  "here/film.mkv": "a film\n",
  "here/notes/one.txt": "a note\n",
  "here/big/file": "a big file\n",
  "etc/room-password": "blue house\n",
};

const sandbox = realpathSync(mkdtempSync(join(tmpdir(), "chat-docs-walk-")));
const used = new Set<unknown>();
const walked = new Set<string>();

interface Running {
  readonly out: Lines;
  readonly err: Lines;
  stop(): Promise<void>;
}

class Reader {
  readonly #folder: string;
  #env: Record<string, string>;
  #data = "";
  #isOwner = false;
  #server: Running | undefined;
  readonly #running: Running[] = [];
  #shared = "";
  #time = 1;

  constructor(private readonly page: string) {
    this.#folder = join(sandbox, page.replaceAll(/\W/g, "-"));
    for (const folder of ["bin", "home/Downloads", "here/dist", "other", "run", "etc", "tmp"]) {
      mkdirSync(join(this.#folder, folder), { recursive: true, mode: 0o700 });
    }
    symlinkSync(CHAT, this.#path("bin", "chat"));
    symlinkSync(CHAT, this.#path("here", "dist", "chat"));
    for (const [name, text] of Object.entries(READER_FILES)) {
      mkdirSync(dirname(this.#path(name)), { recursive: true });
      writeFileSync(this.#path(name), text);
    }
    this.#env = {
      PATH: `${this.#path("bin")}:${process.env["PATH"] ?? ""}`,
      HOME: this.#path("home"),
      XDG_RUNTIME_DIR: this.#path("run"),
      TMPDIR: this.#path("tmp"),
      OTHER: this.#path("other"),
      TZ: "UTC",
      CHAT_SERVE_HOST: "127.0.0.1",
      CHAT_SERVE_DISCOVERY: "false",
    };
  }

  #path(...names: readonly string[]): string {
    return join(this.#folder, ...names);
  }

  async ownServer(): Promise<void> {
    this.#isOwner = true;
    await this.#lasting("chat serve", /is listening on/);
  }

  async ownAccount(): Promise<void> {
    await this.#run(this.#filled('chat join "INVITE" --user ana < /dev/null'));
  }

  async foreignServer(): Promise<void> {
    await this.#lasting("CHAT_HOME=$OTHER/owner chat serve --data $OTHER/data", /is listening on/);
  }

  async foreignAccount(): Promise<void> {
    await this.foreignServer();
    await this.ownAccount();
  }

  /** Follows the guide once. */
  async walk(): Promise<void> {
    for (const { language, text } of blocksOf(this.page)) {
      if (language === "sh") await this.#block(text);
      if (language === "ini" || language === "cron") await this.#runUnit(text);
    }
    this.#time++;
  }

  async begin(): Promise<void> {
    this.#env["CHAT_SERVE_PORT"] = String(await reservedPort());
    for (const need of IN_PROSE[this.page] ?? needsOf(this.page)) {
      const prepare = MACHINES[need] === undefined ? NEEDS[need] : nothing;
      if (prepare === undefined) throw new Error(`${this.page}: unknown need: ${need}`);
      await prepare(this);
    }
    for (const command of EXAMPLES[this.page] ?? []) await this.#run(this.#filled(command));
    const answers = Object.entries(ANSWERS[this.page] ?? {});
    for (const [name, value] of answers) this.#env[name] = this.#filled(value);
  }

  async #block(text: string): Promise<void> {
    const need = neededElsewhere(this.page, text);
    for (const written of commandsIn(text)) {
      const line = written.replace(/(?:^| +)#.*$/, "").trimEnd();
      if (line === "") continue;
      const isInstallation = INSTALLATION.includes(this.page) && INSTALLS.test(line);
      if (need === undefined && !isInstallation) await this.#line(line);
      else for (const call of callsIn(line)) await parse(call);
    }
  }

  async #line(line: string): Promise<void> {
    const exported = /^export (\w+)=(\S+)$/.exec(line);
    if (exported !== null) {
      this.#env = { ...this.#env, [exported[1] ?? ""]: exported[2] ?? "" };
      return;
    }
    const command = await this.#replaced(line);
    const [, says] = match(CONTINUOUS, line) ?? [];
    if (says === undefined) {
      await this.#run(command, this.#expected(line));
      const [, next] = match(AFTERWARDS, line) ?? [];
      if (next !== undefined) await this.#run(next);
      return;
    }
    const [, event] = match(EVENTS, line) ?? [];
    await this.#lasting(command, says, event);
    if (RESTARTS.test(line)) await this.#lasting("chat serve", /is listening on/);
  }

  #expected(line: string): readonly [readonly number[], RegExp?] {
    const [, refusal] = (this.#time > 1 ? match(SECOND_TIME, line) : undefined) ?? [];
    if (refusal !== undefined) return [[refusal[0]], refusal[1]];
    if (EXIT_CODES[line] !== undefined) used.add(line);
    return [EXIT_CODES[line] ?? [0]];
  }

  /** Runs the lines of cron and of units that back up, or post over HTTP. */
  async #runUnit(text: string): Promise<void> {
    for (const _ of text.matchAll(BACKUP_IN_UNIT)) {
      await this.#run(`chat backup ${this.#path("nightly")} --data ${this.#data}`);
    }
    for (const [, command = ""] of text.matchAll(
      /^(?:ExecStart(?:Post)?=|(?:[\d*/,-]+ ){5})-?(.*curl .*)$/gm,
    )) {
      cpSync(join(this.#data, "tls.crt"), this.#path("etc", "tls.crt"));
      const [, header = ""] = /-H @\S+\/(\S+)/.exec(command) ?? [];
      const [, room = ""] = /\/rooms\/(\w+)/.exec(command) ?? [];
      await this.#run(this.#filled(`chat join "INVITE" --user poster --room ${room} < /dev/null`));
      const token = await this.#run(`chat admin invite --data data --user poster --post ${room}`);
      writeFileSync(this.#path("etc", header), `Authorization: Bearer ${token}`);
      const filled = (await this.#replaced(command))
        .replaceAll("/usr/local/bin/nightly-backup", "sh -c 'echo no space; exit 1'")
        .replaceAll("/tmp/backup.log", this.#path("backup.log"))
        .replaceAll(/%[iH]/g, "unit");
      const posted = await this.#run(
        `export CURL_CA_BUNDLE=${this.#path("etc", "tls.crt")}; ${filled}`,
      );
      expect(posted).toMatch(/^\{"seq":\d+\}$/m);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server?.stop(), ...this.#running.map((one) => one.stop())]);
  }

  async #run(
    command: string,
    [exitCodes, message]: readonly [readonly number[], RegExp?] = [[0]],
  ): Promise<string> {
    const child = Bun.spawn(["bash", "-c", command], {
      cwd: this.#path("here"),
      env: this.#env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err, code] = await within(
      command,
      Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]),
    );
    const time = this.#time;
    const isExpected = exitCodes.includes(code) && (message?.test(err) ?? true);
    expect({ command, time, code, isExpected, err, out }).toEqual({
      command,
      time,
      code,
      isExpected: true,
      err,
      out,
    });
    // curl treats a refusal as a normal answer.
    if (command.includes("curl ")) expect(out).not.toContain('"code":');
    return out;
  }

  async #lasting(command: string, says: RegExp, event?: string): Promise<void> {
    const isServer = says.test("is listening on");
    if (isServer) await this.#server?.stop();
    const started = this.#start(command);
    if (isServer) this.#server = started;
    else this.#running.push(started);
    const done = event === undefined ? undefined : this.#run(event);
    const found = await Promise.any([
      started.out.next(command, (line) => says.test(line)),
      started.err.next(command, (line) => says.test(line)),
    ]).catch(() => {
      throw new Error(`${command} never said ${says}:\n${started.out.text}${started.err.text}`);
    });
    await done;
    await this.#remember(command, found, started);
    // A command whose output a later line needs runs until then.
    if (!isServer && !/share|link-device/.test(command)) await started.stop();
  }

  async #remember(command: string, found: string, { out }: Running): Promise<void> {
    if (/ is listening on/.test(found)) {
      const own = this.#path("here", "data");
      this.#data = this.#isOwner || existsSync(own) ? own : this.#path("other", "data");
    }
    const [invite] = /chat:\/\/[^\s']+/.exec(found) ?? [];
    if (/chat share/.test(command) && invite !== undefined) this.#shared = invite;
    if (!/link-device/.test(command)) return;
    // Standard output. The awaited line is on the other stream and may arrive first.
    const code = out.all[0] ?? (await out.next("code", () => true));
    this.#env = { ...this.#env, CHAT_LINK_CODE: code };
  }

  #start(command: string): Running {
    // A separate process group, so that the signal reaches the complete pipeline.
    const child = Bun.spawn(["setsid", "bash", "-c", command], {
      cwd: this.#path("here"),
      env: this.#env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const stop = async () => {
      if (child.exitCode === null && child.signalCode === null) endGroup(child.pid);
      await within(`the end of ${command}`, child.exited);
    };
    return { out: new Lines(command, child.stdout), err: new Lines(command, child.stderr), stop };
  }

  async #replaced(line: string): Promise<string> {
    let replaced = line;
    for (const row of REPLACEMENTS) {
      const [pattern, replacement] = row;
      if (replaced.search(pattern) < 0) continue;
      used.add(row);
      replaced = replaced.replace(pattern, replacement);
    }
    if (/\bFREE\b/.test(replaced)) {
      replaced = replaced.replaceAll("FREE", String(await reservedPort()));
    }
    if (/\bFILE\b/.test(replaced) && EXIT_CODES[line] === undefined) {
      const [row = ""] = (await this.#run("chat files")).split("\n");
      replaced = replaced.replaceAll("FILE", row.split("\t")[0] ?? "");
    }
    if (/\bPHOTO\b/.test(replaced)) {
      const sent = await this.#run("chat send-file photo.jpg --to lobby");
      const [file, seq] = sent.split("\t");
      replaced = replaced.replaceAll("PHOTO", `${seq} --file ${file}`);
    }
    if (/\bSEQ\b/.test(replaced)) {
      const room = /--to (\w+)/.exec(line)?.[1] ?? "lobby";
      const sent = await this.#run(`chat send --to ${room} 'an earlier message'`);
      replaced = replaced.replaceAll(/\bSEQ\b/g, sent.trim());
    }
    return this.#filled(replaced);
  }

  #filled(line: string): string {
    if (!/\b(?:INVITE|ADDRESS|FINGERPRINT|SECRET|ETC)\b|SHARED|FILE/.test(line)) return line;
    const invite = () =>
      readFileSync(join(this.#data, "invite"), "utf8").trim().replaceAll("'", "");
    return line
      .replaceAll(/(?<!_)\bINVITE\b/g, () => invite())
      .replaceAll(/\bADDRESS\b/g, () => /^chat:\/\/([^/]+)\//.exec(invite())?.[1] ?? "")
      .replaceAll(/\bFINGERPRINT\b/g, () => /fp=([\w-]+)/.exec(invite())?.[1] ?? "")
      .replaceAll(/\bSECRET\b/g, () => /#(.*)$/.exec(invite())?.[1] ?? "")
      .replaceAll(/\bFILE\b/g, "fq3Lr9mVt0sX")
      .replaceAll(/\bETC\b/g, this.#path("etc"))
      .replaceAll("SHARED", this.#shared);
  }
}

function match<Value>(
  table: readonly (readonly [RegExp, Value])[],
  line: string,
): readonly [RegExp, Value] | undefined {
  const row = table.find(([pattern]) => pattern.test(line));
  if (row !== undefined) used.add(row);
  return row;
}

function neededElsewhere(page: string, block: string): string | undefined {
  const needed = needsOf(page).find((need) => MACHINES[need] !== undefined);
  return needed ?? /^# needs (.+)\n/.exec(block)?.[1];
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(path: string): Block[] {
  return [...textOf(path).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(
    ([, language = "", text = ""]) => ({ language, text }),
  );
}

/** Here-documents and loops are one command. */
function commandsIn(block: string): string[] {
  const commands: string[] = [];
  let end: RegExp | undefined;
  for (const line of block.split("\n")) {
    if (end === undefined) commands.push(line);
    else commands.push(`${commands.pop()}\n${line}`);
    const heredoc = /<<'(\w+)'$/.exec(line)?.[1];
    if (heredoc !== undefined) end = new RegExp(`^${heredoc}$`);
    else if (/^for .*; do$/.test(line)) end = /^done$/;
    else if (end?.test(line) === true) end = undefined;
  }
  return commands;
}

function callsIn(line: string): string[][] {
  return [...line.matchAll(/(?:^|[=/ ])chat ([a-z][^|#>&\n]*)/g)].map(([, words = ""]) =>
    words.trim().split(/\s+/),
  );
}

async function parse(words: readonly string[], table: VerbTable = VERBS): Promise<void> {
  const [word = "", ...rest] = words;
  const row = Object.hasOwn(table, word) ? table[word] : undefined;
  if (row === undefined) throw new Error(`chat has no ${words.join(" ")}`);
  const { command } = await row.load();
  if (command.kind === "group") return parse(rest, command.verbs);
  parseStrictly({ ...command.args, json: { type: "boolean" } }, rest, `chat ${word}`);
}

const WITH_COMMANDS = GUIDES.filter((path) =>
  blocksOf(path).some(({ language }) => language === "sh" || language === "cron"),
);

/** Readers who walk at once. Most commands wait for a server or a time-out. */
const READERS = 3;
let lastWalks: Promise<unknown>[] = Array.from({ length: READERS }, () => Promise.resolve());

function inTurn(walk: () => Promise<void>): Promise<void> {
  const [turn = Promise.resolve(), ...others] = lastWalks;
  const done = turn.then(walk);
  lastWalks = [...others, done.catch(() => undefined)];
  return done;
}

afterAll(() => rmSync(sandbox, { recursive: true, force: true }));

requires("bash", "curl", "jq", "setsid").describe("commands work alone and twice:", () => {
  test.concurrent.each(WITH_COMMANDS)("%s", (path) =>
    inTurn(async () => {
      await using reader = new Reader(path);
      await reader.begin();
      await reader.walk();
      await reader.walk();
      walked.add(path);
    }),
  );
});

requires("bash", "curl", "jq", "setsid").test("no table of the walk has an unused entry", () => {
  const rows = [...CONTINUOUS, ...REPLACEMENTS, ...EVENTS, ...AFTERWARDS, ...SECOND_TIME];
  const isComplete = walked.size === WITH_COMMANDS.length; // Not with -t.
  expect(
    isComplete ? rows.filter((row) => !used.has(row)).map(([pattern]) => pattern) : [],
  ).toEqual([]);
  const codes = Object.keys(EXIT_CODES);
  expect(isComplete ? codes.filter((line) => !used.has(line)) : []).toEqual([]);
});

test("each guide says at once what its reader needs, in the words of the walk", () => {
  const needs = GUIDES.flatMap(needsOf);
  const known = [...Object.keys(NEEDS), ...Object.keys(MACHINES)];
  expect(needs.filter((need) => !known.includes(need))).toEqual([]);
  expect(known.filter((need) => !needs.includes(need))).toEqual([]);
  for (const path of WITHOUT_NEEDS) expect([path, GUIDES.includes(path)]).toEqual([path, true]);
});

test("blocks that are not run name what they need, and another test that runs them", () => {
  const blocks = GUIDES.flatMap((path) =>
    blocksOf(path).map(({ text }) => neededElsewhere(path, text)),
  );
  const marked = blocks.filter((need) => need !== undefined && MACHINES[need] === undefined);
  for (const [need, { blocks: most, by }] of Object.entries(ELSEWHERE)) {
    const count = marked.filter((one) => one === need).length;
    expect([need, count, existsSync(join(ROOT, by))]).toEqual([need, most, true]);
  }
  expect(marked.filter((need) => need !== undefined && !ELSEWHERE[need])).toEqual([]);
});

test("the nightly backup uses the paths of the packages, and those of the unit by hand", () => {
  const units = [...textOf("docs/backup.md").matchAll(BACKUP_IN_UNIT)];
  const paths = units.map(([, program, , data]) => [program, data]);
  const packaged = readFileSync(join(ROOT, "tools/packaging/chat.service"), "utf8");
  const byHand = textOf("docs/serving.md");
  expect(paths).toEqual([
    [/^ExecStart=(\S+) serve/m, /^ExecStart=.* --data (\S+)/m].map(
      (in_) => in_.exec(packaged)?.[1],
    ),
    [/^ExecStart=(\S+) serve/m, /\bCHAT_SERVE_DATA=(\S+)/].map((in_) => in_.exec(byHand)?.[1]),
  ]);
});

/** test/e2e/bots.test.ts runs the blocks in bash and Python. */
const LANGUAGES = [
  "",
  "sh",
  "bash",
  "python",
  "zsh",
  "powershell",
  "xml",
  "ini",
  "json",
  "yaml",
  "toml",
  "cron",
  "nginx",
];

test("configuration blocks of the guides are valid", async () => {
  for (const path of GUIDES) {
    for (const { language, text } of blocksOf(path)) {
      expect({ path, language: LANGUAGES.includes(language) ? "known" : language }).toEqual({
        path,
        language: "known",
      });
      if (language === "yaml") expect(typeof Bun.YAML.parse(text)).toBe("object");
      if (language === "toml") expect(typeof Bun.TOML.parse(text)).toBe("object");
      if (language === "ini") {
        for (const line of text.split("\n"))
          expect(line).toMatch(/^(\[\w+\]|(?:# )?[A-Z]\w*=.+|)$/);
      }
      if (language === "cron") {
        for (const line of text.trim().split("\n")) {
          expect(line).toMatch(/^(\w+=\S+|([\d*/,-]+ ){5}\S.*)$/);
        }
      }
      if (language === "ini" || language === "cron" || language === "yaml") {
        for (const words of callsIn(text)) await parse(words);
      }
    }
  }
});
