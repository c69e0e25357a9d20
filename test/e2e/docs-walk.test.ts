import { afterAll, expect, test } from "bun:test";
import {
  cpSync,
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
import { GUIDES } from "../guides.ts";
import { requires } from "../installed.ts";
import { reservedPort } from "../ports.ts";
import { CHAT } from "./binary.ts";
import { Lines } from "./lines.ts";

/**
 * Runs each command in the `sh` blocks of README and docs in a new home, as a new user would. Each
 * must succeed. The tables below replace addresses, secrets and actions of other people; an unused
 * entry is a failure.
 */

const ROOT = join(import.meta.dir, "..", "..");

/** Guides that change the rules of the server, and so run last. */
const FOR_OPERATORS = [
  "docs/serving.md",
  "docs/certificates.md",
  "docs/backup.md",
  "docs/cluster.md",
];
const PATHS = [...GUIDES.filter((path) => !FOR_OPERATORS.includes(path)), ...FOR_OPERATORS];

const CLUSTER_NATS = "nats://10.0.0.1:4222,nats://10.0.0.2:4222,nats://10.0.0.3:4222";
const CLUSTER_MONITORS = "http://10.0.0.1:8222,http://10.0.0.2:8222,http://10.0.0.3:8222";

/**
 * Commands that cannot run in the test, with the reason; their calls of `chat` must still be valid.
 */
const SKIPPED: Readonly<Record<string, string>> = {
  "npm ci && npm test": "this is one of its tests",
  "sudo install dist/chat /usr/local/bin/chat": "changes the machine; the test uses a link on PATH",
  "nats-server -c nats.conf": "of three machines, see test/e2e/cluster-docs.test.ts",
  [`chat serve --data ./data --nats ${CLUSTER_NATS} --nats-monitor ${CLUSTER_MONITORS}`]:
    "the same",
  "chat cluster status --nats nats://10.0.0.1:4222": "the same",
  [`chat cluster init ./data --nats ${CLUSTER_NATS}`]: "the same",
  "chat cluster leave ./data": "the same",
  "curl -fsSLO https://chat.example.org/0.3.0/install.sh":
    "needs a release, see test/e2e/install.test.ts",
  "sh install.sh https://chat.example.org/0.3.0": "the same",
  "minisign -V -P KEY -m SHA256SUMS": "the same",
  "grep linux-x64.tar.gz SHA256SUMS | sha256sum -c": "the same",
  "chat version --check .": "the same",
  "chat upgrade https://chat.example.org/0.3.0": "the same",
  "sudo apt-get install ./chat_0.3.0_amd64.deb": "changes the machine; see tools/soak/release.ts",
  "sudo systemctl enable --now chat": "the same",
  "sudo cat /var/lib/chat/invite": "the same",
  'install -o chat -g chat -m 0600 "$RENEWED_LINEAGE/fullchain.pem" /var/lib/chat/cert.pem':
    "the same",
  'install -o chat -g chat -m 0600 "$RENEWED_LINEAGE/privkey.pem" /var/lib/chat/key.pem':
    "the same",
  "sudo useradd --system chat": "the same",
  "sudo systemctl daemon-reload": "the same",
  "sudo cat /var/lib/chat/data/invite": "the same",
  "chat upgrade ~/Downloads/chat-0.3.0": "needs a signed release, see test/e2e/upgrade.test.ts",
  "chat upgrade https://192.0.2.7:2428/program": "the same",
  "chat upgrade ~/Downloads/chat-0.2.0 --downgrade": "the same",
  "ssh 10.0.0.2 mkdir -m 700 data": "the same",
  "ssh 10.0.0.3 mkdir -m 700 data": "the same",
  "scp -p data/identity.key data/settings.json data/tls.key data/tls.crt 10.0.0.2:data/":
    "the same",
  "scp -p data/identity.key data/settings.json data/tls.key data/tls.crt 10.0.0.3:data/":
    "the same",
};

const CONTINUOUS: Readonly<Record<string, RegExp>> = {
  "npm ci && npm start": /is listening on/,
  'chat serve --name "Room 12" --welcome "Be kind."': /'Room 12' is listening on/,
  "chat serve --no-tls --host 127.0.0.1 --public chat.example.org --proxy-cert /etc/ssl/chat.pem":
    /is listening on/,
  "chat serve --public chat.example.org --proxy-cert /etc/ssl/chat.pem": /is listening on/,
  "chat web 192.0.2.7": /http:\/\/127\.0\.0\.1/,
  "chat web --port 8000": /http:\/\/127\.0\.0\.1/,
  "chat get-file --follow --out inbox": /photo/,
  "chat share photo.jpg notes/": /chat:\/\//,
  'chat share --text "the door code is 4711"': /chat:\/\//,
  "mysqldump shop | chat share - --name shop.sql": /chat:\/\//,
  "chat history --follow --json | jq -r .text": /The build is done/,
  "chat history --room lobby --follow --exec sh -c 'echo \"$CHAT_FROM: $CHAT_TEXT\"'":
    /: The build is done/,
  "chat link-device": /chat link-device \d+-/,
};

const SERVICE_INVITE = "chat admin invite --data /var/lib/chat/data --user admin";

const REPLACEMENTS: Readonly<Record<string, string>> = {
  "npm ci && npm start": "dist/chat serve", // Without the registry, only the last step runs.
  // A terminal chooses the server of this user; a script needs an address once.
  "dist/chat join --user ana": 'dist/chat join "$(cat data/invite)" --user ana',
  "chat send-file photo.jpg --to lab --thread 12":
    'chat send-file photo.jpg --to lab --thread "$(chat send --to lab Where)"',
  "bun build.ts --all": "cp dist/chat dist/chat-linux-x64",
  "chat web 192.0.2.7": "chat web 192.0.2.7 --no-open",
  "chat web --port 8000": "chat web --port 0 --no-open",
  "chat join 192.0.2.7 --local-port 5000": "chat join 192.0.2.7 --local-port FREE",
  "chat lan --user ana": "chat lan --user ana --interface 127.0.0.1 --port FREE",
  'CHAT_ROOM_PASSWORD="blue house" chat lan --user ana':
    'CHAT_ROOM_PASSWORD="blue house" chat lan --user ana --interface 127.0.0.1 --port FREE',
  "chat lan --plain": "chat lan --plain --interface 127.0.0.1 --port FREE",
  "uptime | chat lan --plain": "echo up | chat lan --plain --interface 127.0.0.1 --port FREE",
  "chat history --follow --json | jq -r .text":
    "chat history --follow --json | jq --unbuffered -r .text",
  "chat get-file fq3Lr9mVt0sX --out ~/Downloads": "chat get-file FILE --out ~/Downloads",
  "chat get-file fq3Lr9mVt0sX --out - > copy.jpg": "chat get-file FILE --out - > copy.jpg",
  "chat link-device 7-tiger-canoe 192.0.2.7":
    'CHAT_HOME=$OTHER/tablet chat link-device "$CHAT_LINK_CODE" 192.0.2.7',
  "chat receive 7-tiger-canoe": "CHAT_INVITE='SHARED' chat receive",
  "mysqldump shop | chat share - --name shop.sql": "echo dump | chat share - --name shop.sql",
  "chat receive": "CHAT_INVITE='SHARED' chat receive",
  [`sudo -u chat CHAT_HOME=/var/lib/chat/admin ${SERVICE_INVITE}`]:
    "CHAT_HOME=$OTHER/admin chat admin invite --data data --user admin",
  "chat admin erase 1201 1204": "chat admin erase SEQ",
  // The walk has one server, which is its own board.
  "chat witness 192.0.2.7 --to 192.0.2.8": "chat witness 192.0.2.7 --to 192.0.2.7",
  "chat verify 192.0.2.7 --witness 192.0.2.8": "chat verify 192.0.2.7 --witness 192.0.2.7",
};

const PREPARATIONS: Readonly<Record<string, string>> = {
  "chat get-file --follow --out inbox":
    "CHAT_HOME=$OTHER/bob chat send-file photo.jpg --user bob --name photo-of-bob.jpg",
  'chat send --to @bob,@cleo "The build is done."':
    'CHAT_HOME=$OTHER/cleo chat register "$(cat data/invite)" --user cleo',
  "chat admin kick bob --room lab":
    "CHAT_HOME=$OTHER/bob chat join --user bob --room lab < /dev/null",
  "chat admin ban eve --for 7d --reason spam":
    'CHAT_HOME=$OTHER/eve chat register "$(cat data/invite)" --user eve || true',
};

/** Server that restarts after a line with its previous settings. */
const RESTARTS: Readonly<Record<string, string>> = {
  "chat serve --no-tls --host 127.0.0.1 --public chat.example.org --proxy-cert /etc/ssl/chat.pem":
    "chat serve",
  "chat serve --public chat.example.org --proxy-cert /etc/ssl/chat.pem": "chat serve",
};

const EXIT_CODES: Readonly<Record<string, readonly number[]>> = {
  // The server of the test is on loopback and not announced; other servers may be on the LAN.
  "chat discover": [4, 0],
  // No upload is unfinished.
  "chat admin erase fq3Lr9mVt0sX": [4],
};

const sandbox = realpathSync(mkdtempSync(join(tmpdir(), "chat-docs-walk-")));
const HERE = join(sandbox, "here");
const OTHER_HOMES = join(sandbox, "other");

interface Running {
  readonly out: Lines;
  readonly err: Lines;
  stop(): Promise<void>;
}

class Walk {
  #env: Record<string, string>;
  #server: Running | undefined;
  readonly #running: Running[] = [];
  #shared = "";
  readonly used = new Set<string>();
  readonly #done = new Set<string>();

  constructor() {
    for (const folder of ["bin", "home/Downloads", "here/dist", "other", "run", "etc"]) {
      mkdirSync(join(sandbox, folder), { recursive: true, mode: 0o700 });
    }
    symlinkSync(CHAT, join(sandbox, "bin", "chat"));
    symlinkSync(CHAT, join(HERE, "dist", "chat"));
    for (const name of ["photo.jpg", "thesis.pdf", "film.mkv", "notes/one.txt", "big/file"]) {
      mkdirSync(dirname(join(HERE, name)), { recursive: true });
      writeFileSync(join(HERE, name), `this is ${name}\n`);
    }
    writeFileSync(join(sandbox, "etc", "room-password"), "blue house\n");
    writeFileSync(join(HERE, "#lab.weechatlog"), "2026-01-05 09:01:00\tben\thello\n");
    writeFileSync(join(HERE, "2026-01-06.log"), "[09:01:00] <ben> hello again\n");
    this.#env = {
      PATH: `${join(sandbox, "bin")}:${process.env["PATH"] ?? ""}`,
      HOME: join(sandbox, "home"),
      XDG_RUNTIME_DIR: join(sandbox, "run"),
      TMPDIR: sandbox,
      OTHER: OTHER_HOMES,
      TZ: "UTC",
      CHAT_USER: "ana",
      CHAT_PASSWORD: "a long password",
      CHAT_NEW_PASSWORD: "a long password",
      CHAT_SERVE_HOST: "127.0.0.1",
      CHAT_SERVE_PORT: "0",
      CHAT_SERVE_DISCOVERY: "false",
    };
  }

  async line(written: string): Promise<void> {
    const line = written.replace(/ +#.*$/, "").trimEnd();
    if (line === "") return;
    if (SKIPPED[line] !== undefined) return this.#cannot(line);
    const exported = /^export (\w+)=(\S+)$/.exec(line);
    if (exported !== null) {
      this.#env = { ...this.#env, [exported[1] ?? ""]: exported[2] ?? "" };
      return;
    }
    // Some commands appear in several guides.
    if (this.#done.has(line)) return;
    this.#done.add(line);
    const preparation = this.#take(PREPARATIONS, line);
    const lasts =
      this.#take(CONTINUOUS, line) ??
      (/^[^|]*chat serve/m.test(line) ? /is listening on/ : undefined);
    const instead = await this.#filled(this.#take(REPLACEMENTS, line) ?? line);
    if (lasts === undefined) {
      if (preparation !== undefined) await this.#run(preparation);
      await this.#run(instead, this.#take(EXIT_CODES, line));
    } else {
      await this.#lasting(instead, lasts, preparation);
    }
    const again = this.#take(RESTARTS, line);
    if (again !== undefined) await this.#lasting(again, /is listening on/, undefined);
  }

  async posts(text: string): Promise<void> {
    const etc = join(sandbox, "etc");
    for (const [, command = ""] of text.matchAll(
      /^(?:ExecStart=|(?:[\d*/,-]+ ){5})(.*curl .*)$/gm,
    )) {
      cpSync(join(HERE, "data", "tls.crt"), join(etc, "tls.crt"));
      const [, header = ""] = /-H @\S+\/(\S+)/.exec(command) ?? [];
      cpSync(join(HERE, "build.header"), join(etc, header));
      const filled = await this.#filled(command);
      const here = filled
        .replaceAll("/usr/local/bin/nightly-backup", "sh -c 'echo no space; exit 1'")
        .replaceAll("/tmp/backup.log", join(sandbox, "backup.log"))
        .replaceAll(/%[iH]/g, "unit");
      expect(await this.#run(here)).toMatch(/^\{"seq":\d+\}$/m);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server?.stop(), ...this.#running.map((one) => one.stop())]);
  }

  #take<Value>(table: Readonly<Record<string, Value>>, line: string): Value | undefined {
    if (!Object.hasOwn(table, line)) return undefined;
    this.used.add(line);
    return table[line];
  }

  async #cannot(line: string): Promise<void> {
    this.used.add(line);
    for (const call of callsIn(line)) await parse(call);
  }

  async #run(command: string, exitCodes: readonly number[] = [0]): Promise<string> {
    const child = Bun.spawn(["bash", "-c", command], {
      cwd: HERE,
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
    const isExpected = exitCodes.includes(code);
    expect({ command, code, isGood: isExpected, err, out }).toEqual({
      command,
      code,
      isGood: true,
      err,
      out,
    });
    // curl treats a refusal as a normal answer.
    if (command.includes("curl ")) expect(out).not.toContain('"code":');
    return out;
  }

  async #lasting(command: string, says: RegExp, preparation: string | undefined): Promise<void> {
    const isServer = /chat serve/.test(command);
    if (isServer) await this.#server?.stop();
    const started = this.#start(command);
    if (isServer) this.#server = started;
    else this.#running.push(started);
    const done = preparation === undefined ? undefined : this.#run(preparation);
    const found = await Promise.any([
      started.out.next(command, (line) => says.test(line), 60_000),
      started.err.next(command, (line) => says.test(line), 60_000),
    ]).catch(() => {
      throw new Error(`${command} never said ${says}:\n${started.out.text}${started.err.text}`);
    });
    await done;
    await this.#remember(command, found, started);
    // A command whose output a later line needs runs until then.
    if (!isServer && !/share|link-device/.test(command)) await started.stop();
  }

  async #remember(command: string, found: string, { out }: Running): Promise<void> {
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
      cwd: HERE,
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

  async #filled(line: string): Promise<string> {
    let filled = line
      .replaceAll("/tmp/bob", join(OTHER_HOMES, "bob"))
      .replaceAll("/etc/ssl/chat.pem", join(HERE, "data", "tls.crt"))
      .replaceAll("/etc/chat/", `${join(sandbox, "etc")}/`)
      .replaceAll("wait=30", "wait=1")
      .replaceAll("FREE", String(await reservedPort()));
    if (/192\.0\.2\.7|SHA256:\.\.\./.test(filled)) {
      const invite = readFileSync(join(HERE, "data", "invite"), "utf8")
        .trim()
        .replaceAll("'", "");
      const [, place = ""] = /^chat:\/\/([^/]+)\//.exec(invite) ?? [];
      const [, fingerprint = ""] = /fp=([\w-]+)/.exec(invite) ?? [];
      filled = filled
        .replaceAll(/chat:\/\/192\.0\.2\.7:2428\/[^'\s]*/g, invite)
        .replaceAll(/chat:\/\/192\.0\.2\.7:40123\/[^'\s]*/g, this.#shared)
        .replaceAll("192.0.2.7:2428", place)
        .replaceAll("192.0.2.7", place)
        .replaceAll("SHA256:...", `SHA256:${fingerprint}`);
    }
    filled = filled.replaceAll("SHARED", this.#shared);
    if (filled.includes("FILE")) {
      const [row = ""] = (await this.#run("chat files")).split("\n");
      filled = filled.replaceAll("FILE", row.split("\t")[0] ?? "");
    }
    if (filled.includes("SEQ")) {
      const sent = await this.#run("chat send --to lobby 'soon gone'");
      filled = filled.replaceAll("SEQ", sent.trim());
    }
    return filled;
  }
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
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = "", block = ""]) => ({
    language,
    text: block,
  }));
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

afterAll(() => rmSync(sandbox, { recursive: true, force: true }));

requires("bash", "curl", "jq", "setsid").test(
  "runs every command of README and docs in order in a new home",
  async () => {
    await using walk = new Walk();
    for (const path of PATHS) {
      for (const { language, text } of blocksOf(path)) {
        if (language === "sh") for (const command of commandsIn(text)) await walk.line(command);
        if (language === "ini" || language === "cron") await walk.posts(text);
      }
    }
    const listed = [SKIPPED, CONTINUOUS, REPLACEMENTS, PREPARATIONS, RESTARTS, EXIT_CODES].flatMap(
      (table) => Object.keys(table),
    );
    expect(listed.filter((line) => !walk.used.has(line))).toEqual([]);
  },
);

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
  "yaml",
  "toml",
  "cron",
  "nginx",
];

test("configuration blocks of the guides are valid", async () => {
  for (const path of PATHS) {
    for (const { language, text } of blocksOf(path)) {
      expect({ path, language: LANGUAGES.includes(language) ? "known" : language }).toEqual({
        path,
        language: "known",
      });
      if (language === "yaml") expect(typeof Bun.YAML.parse(text)).toBe("object");
      if (language === "toml") expect(typeof Bun.TOML.parse(text)).toBe("object");
      if (language === "ini") {
        for (const line of text.split("\n")) expect(line).toMatch(/^(\[\w+\]|[A-Z]\w*=.+|)$/);
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
