/**
 * `npm run soak -- irc [--minutes 30] [--seed 1]`: WeeChat, irssi, the full screen and the page
 * talk in three rooms. Each round also sends a file, edits, reacts, replies, erases, kicks,
 * renames, sets a topic and writes directly, then stops or kills the server or a client. Each
 * program must have displayed each text once. Writes bench/soak-irc.md. `--plant loss` and
 * `--plant repeat` change one view, and must fail. Needs weechat-headless, irssi, tmux, chromium
 * and curl.
 */
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commitHash } from "../bench/results.ts";
import { type Program, Sandbox, type Served } from "../test/e2e/program.ts";
import { Browser } from "../test/page/browser.ts";
import { pageAddress } from "../test/page/fixtures.ts";
import { SeededRandom } from "../test/worlds/seeded-random.ts";
import { compare, createFindings, type Findings, Truth } from "./soak-irc-check.ts";
import {
  IrssiProgram,
  PageProgram,
  ScreenProgram,
  type SoakProgram,
  WeeChatProgram,
} from "./soak-irc-programs.ts";
import { type IrcRun, ircVerdicts, renderIrcReport } from "./soak-irc-result.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    rounds: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    plant: { type: "string" },
  },
});
const RESULT = join(import.meta.dir, "..", "bench", "soak-irc.md");
const MINUTES = Number(values.minutes);
const BASES = ["den", "lab", "pub"];
const PASSWORD = "long enough";
/** WeeChat sends one line in 2 s, and irssi in 2.2 s. */
const TALK_MS = 3_000;
const CALM_MS = 6_000;
const DOWN_MS = 3_000;
const DISPLAY_MS = 2_000;
const FILE_BYTES = 50_000;
const WAIT_MS = 120_000;
const POLL_MS = 250;
const WORDS = [
  "ship",
  "café",
  "日本語",
  "**bold**",
  "`code`",
  "😀",
  "and",
  "http",
  "later",
  "why?",
];

const random = new SeededRandom(Number(values.seed));
const started = performance.now();
const commit = commitHash();
await using sandbox = new Sandbox();
let served: Served = await sandbox.serve({ args: ["--open", "--irc-tls", "127.0.0.1:0"] });
const ircPort = Number(new URL((served.listening["irc"] as string[])[0] ?? "").port);
const certificate = join(served.data, "tls.crt");
const fingerprint = new X509Certificate(readFileSync(certificate, "utf8")).fingerprint256;
const browser = new Browser([]);
await browser.start();

const home = (name: string) =>
  sandbox.home(name).with({ CHAT_USER: name, CHAT_PASSWORD: PASSWORD });
const olga = home("olga");
const irc = (name: string) => ({ name, password: PASSWORD, port: ircPort, fingerprint });
const weechat = new WeeChatProgram(sandbox, irc("ana"));
const irssi = new IrssiProgram(sandbox, irc("ben"));
const screen = new ScreenProgram("cleo", home("cleo"), served.address);
const page = new PageProgram("dora", PASSWORD, browser, pageAddress(served));
const programs: readonly SoakProgram[] = [weechat, irssi, screen, page];
const modern = [screen, page] as const;

const names = new Map(BASES.map((base) => [base, base]));
/** Read from the data folder after each round. */
const truth = new Truth();
/** Follows the observer's output. */
const live = new Truth();
let observer: Program;
const findings = new Map<SoakProgram, Findings>(programs.map((p) => [p, createFindings()]));
const outages = new Map(programs.map((p) => [p, [] as { fromUnixMs: number; toUnixMs: number }[]]));
const paused = new Set<SoakProgram>();
const busy = new Map<SoakProgram, Promise<unknown>>();
/** Senders of the texts whose delivery to the server nothing could prevent. */
const required = new Map<string, SoakProgram>();
const lastSaid = new Map<SoakProgram, string>();
const files: { readonly token: string; readonly digest: string }[] = [];
const counts = new Map<string, number>();
const failures: string[] = [];
let lastToken = 0;
let isUnderDisruption = false;

function fail(message: string): void {
  failures.push(message);
  print(`failure: ${message}`);
}

function tally(what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function nameOf(base: string): string {
  return names.get(base) ?? base;
}

function tokenIn(base: string): string {
  return `${base}.${String(++lastToken).padStart(5, "0")}`;
}

function textOf(token: string): string {
  const words = Array.from({ length: random.int(6) }, () => random.pick(WORDS));
  return [token, ...words].join(" ");
}

async function recorded(what: string, isRecorded: () => boolean): Promise<void> {
  await pollUntil(`${what} is recorded`, () => {
    live.read(observer.jsonLines);
    return isRecorded();
  });
}

const postRecorded = (token: string) => recorded(token, () => live.posts.has(token));

async function pollUntil(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${WAIT_MS} ms: ${what}`);
    await Bun.sleep(POLL_MS);
  }
}

// Talk

/**
 * Stops the talk of these programs during an action. IRC clients delay lines, and the server would
 * refuse those to a renamed room or from a kicked user.
 */
async function withPaused(members: readonly SoakProgram[], act: () => Promise<void>) {
  for (const member of members) paused.add(member);
  try {
    await Promise.all(members.map((member) => busy.get(member)));
    for (const member of members) {
      const last = lastSaid.get(member);
      if (last !== undefined) await postRecorded(last);
    }
    await act();
  } finally {
    for (const member of members) paused.delete(member);
  }
}

async function talk(program: SoakProgram, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    if (program.isRunning && !paused.has(program)) {
      const base = random.pick(BASES);
      const saying = say(program, base).catch((error: Error) => {
        if (program.isRunning) fail(`${program.title}: ${error.message}`);
      });
      busy.set(program, saying);
      await saying;
    }
    await Bun.sleep(TALK_MS);
  }
}

async function say(program: SoakProgram, base: string): Promise<string> {
  const token = tokenIn(base);
  const isSafe = !isUnderDisruption || (!program.isLog && program.isRunning);
  await program.say(nameOf(base), textOf(token));
  tally("texts typed");
  if (isSafe && program.isRunning) {
    required.set(token, program);
    lastSaid.set(program, token);
  }
  return token;
}

/** Posts a text as an observer, and waits until the programs display it. */
async function mark(base: string, readers: readonly SoakProgram[] = programs): Promise<void> {
  const token = tokenIn(base);
  const connections = (kind: string) => observer.jsonLines.filter((r) => r.kind === kind).length;
  await pollUntil("the observer's return", () => connections("connected") > connections("lost"));
  observer.type(`/join ${nameOf(base)}`, textOf(token));
  await Promise.all(
    readers.map(async (program) => {
      const isShown = async () => (await program.view(nameOf(base))).includes(token);
      await pollUntil(`${token} in ${program.title}`, isShown).catch((error: Error) => {
        fail(error.message);
      });
    }),
  );
}

// Actions

const ACTIONS: Readonly<Record<string, (base: string) => Promise<void>>> = {
  file: async (base) => {
    const sender = random.pick(modern);
    const token = tokenIn(base);
    const bytes = random.bytes(FILE_BYTES);
    const path = sandbox.path(`${token}.bin`);
    writeFileSync(path, bytes);
    await withPaused([sender], async () => {
      if (sender === page) await page.sendFile(nameOf(base), path);
      else await sender.command(nameOf(base), `/send ${path}`);
      await postRecorded(token);
    });
    files.push({ token, digest: createHash("sha256").update(bytes).digest("hex") });
  },
  edit: async (base) => {
    const author = random.pick(modern);
    await withPaused([author], async () => {
      const token = await say(author, base);
      await postRecorded(token);
      const edit = tokenIn(base);
      await author.command(nameOf(base), `/edit ${textOf(edit)}`);
      await recorded(edit, () => live.posts.get(token)?.edits.includes(edit) === true);
    });
  },
  erasure: async (base) => {
    const author = random.pick(modern);
    await withPaused([author], async () => {
      const token = await say(author, base);
      await postRecorded(token);
      await author.command(nameOf(base), `/erase ${live.seqOf(token)}`);
      if (author === page) await page.confirm();
      await recorded(`the erasure of ${token}`, () => live.posts.get(token)?.isErased === true);
    });
  },
  reply: async (base) => {
    const author = random.pick(modern);
    await withPaused([author], async () => {
      const token = tokenIn(base);
      await author.command(nameOf(base), `/reply ${newestIn(base)} ${textOf(token)}`);
      await postRecorded(token);
    });
  },
  reaction: async (base) => {
    const author = random.pick(modern);
    await withPaused([author], async () => {
      const re = newestIn(base);
      await author.command(nameOf(base), `/react 👍 ${re}`);
      await recorded("the reaction", () => has("re", re, "reaction"));
    });
  },
  topic: async (base) => {
    const topic = `topic ${random.int(1e6)}`;
    await random.pick(programs).command(nameOf(base), `/topic ${topic}`);
    await recorded(topic, () => has("topic", topic));
  },
  direct: async () => {
    const author = random.pick(programs);
    const reader = random.pick(programs.filter((program) => program !== author));
    await withPaused([author], async () => {
      const token = tokenIn("dm");
      await author.say(`@${reader.account}`, `${token} for you`);
      required.set(token, author);
    });
  },
  kick: async (base) => {
    const target = random.pick(programs);
    const others = programs.filter((program) => program !== target);
    const elsewhere = BASES.find((other) => other !== base) ?? base;
    await withPaused([target], async () => {
      await random.pick(others).command(nameOf(base), `/kick ${target.account}`);
      await recorded("the kick", () => !live.isIn(target.account, base));
      await mark(base, others);
      await target.command(nameOf(elsewhere), `/join #${nameOf(base)}`);
      await recorded("the join", () => live.isIn(target.account, base));
      // A kicked moderator is no longer one.
      observer.type(`/join ${nameOf(base)}`, `/grant ${target.account}`);
      await mark(base);
    });
  },
  rename: async (base) => {
    await withPaused(programs, async () => {
      const next = `${base}-${++lastToken}`;
      const rename = ["admin", "room", "rename", nameOf(base), next, "--data", served.data];
      await pollUntil("the rename", async () => (await olga.run(rename)).exitCode === 0);
      names.set(base, next);
      await mark(base);
    });
  },
};

/** All programs have displayed it, so that they accept a reply or reaction to it. */
function newestIn(base: string): number {
  const posts = [...live.posts.values()].filter((post) => {
    return post.base === base && !post.isErased && post.unixMs < Date.now() - DISPLAY_MS;
  });
  return Math.max(...posts.map(({ seq }) => seq));
}

function has(field: string, value: unknown, kind?: string): boolean {
  return observer.jsonLines.some((record) => {
    return record[field] === value && (kind === undefined || record.kind === kind);
  });
}

// Disruptions

async function restartServer(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const fromUnixMs = Date.now();
  await served.program.signal(signal);
  for (const list of outages.values()) list.push({ fromUnixMs, toUnixMs: Date.now() });
  await Bun.sleep(random.int(DOWN_MS));
  const args = ["--open", "--irc-tls", `127.0.0.1:${ircPort}`];
  served = await sandbox.serve({ port: served.port, args });
}

async function restartClient(program: SoakProgram): Promise<void> {
  const fromUnixMs = Date.now();
  await program.kill();
  outages.get(program)?.push({ fromUnixMs, toUnixMs: Date.now() });
  await Bun.sleep(random.int(DOWN_MS));
  await program.open();
}

const DISRUPTIONS: Readonly<Record<string, () => Promise<void>>> = {
  "the server is killed": () => restartServer("SIGKILL"),
  "the server is stopped": () => restartServer("SIGTERM"),
  ...Object.fromEntries(
    programs.map((program) => [`${program.title} is killed`, () => restartClient(program)]),
  ),
  nothing: () => Promise.resolve(),
};
let deck: string[] = [];

function nextDisruption(): string {
  if (deck.length === 0) deck = Object.keys(DISRUPTIONS);
  return deck.splice(random.int(deck.length), 1)[0] ?? "nothing";
}

// Rounds

async function runRound(): Promise<string> {
  const since = truth.lastSeq;
  let isOver = false;
  const talking = programs.map((program) => talk(program, () => isOver));
  const disruption = nextDisruption();
  try {
    for (const [name, act] of Object.entries(ACTIONS)) {
      await act(random.pick(BASES)).then(
        () => tally(name),
        (error: Error) => fail(`${name}: ${error.message}`),
      );
    }
    isUnderDisruption = true;
    // IRC clients delay lines, and a client that is killed forgets them.
    for (const token of required.keys()) if (!token.startsWith("dm.")) await postRecorded(token);
    await Bun.sleep(random.int(CALM_MS));
    await DISRUPTIONS[disruption]?.();
    tally(disruption);
    await page.waitUntilConnected();
    await Bun.sleep(CALM_MS);
  } finally {
    isOver = true;
    await Promise.all(talking);
    isUnderDisruption = false;
  }
  for (const base of BASES) await mark(base);
  const history = ["history", "--data", served.data, "--since", "2020-01-01T00:00:00Z"];
  // The observer has also received the texts that were erased since.
  truth.read([...(await olga.json(history)), ...observer.jsonLines]);
  for (const [token, { title }] of required)
    if (!truth.posts.has(token)) fail(`never recorded: ${token} of ${title}`);
  required.clear();
  for (const program of programs) await check(program, since);
  await checkFiles();
  return disruption;
}

async function check(program: SoakProgram, roundSince: number): Promise<void> {
  const { account, isLog } = program;
  const found = findings.get(program) ?? createFindings();
  const viewer = { account, isLog, outages: outages.get(program) ?? [] };
  for (const base of BASES) {
    const view = planted(program, [...(await program.view(nameOf(base)))]);
    compare(truth, base, viewer, view, sinceFor(view, roundSince), found);
  }
  const partners = new Set<string>();
  for (const { base, readers } of truth.posts.values())
    if (base === "dm" && readers.includes(account))
      for (const reader of readers) if (reader !== account) partners.add(`@${reader}`);
  const views: (readonly string[])[] = [];
  for (const partner of isLog ? ["@"] : partners) views.push(await program.view(partner));
  compare(truth, "dm", viewer, views.flat(), roundSince, found);
}

/** A screen displays only the newest messages of a busy room, but those without a gap. */
function sinceFor(view: readonly string[], roundSince: number): number {
  const seqs = view.map((token) => truth.seqOf(token)).filter((seq) => seq > 0);
  return Math.max(roundSince, Math.min(...seqs) - 1);
}

let isPlanted = false;

function planted(program: SoakProgram, view: readonly string[]): readonly string[] {
  if (values.plant === undefined || isPlanted || program !== irssi || view.length < 2) return view;
  isPlanted = true;
  return values.plant === "loss" ? view.slice(0, -1) : [...view, ...view.slice(0, 1)];
}

/** IRC clients receive a link, which curl fetches. */
async function checkFiles(): Promise<void> {
  for (const { token, digest } of files.splice(0)) {
    for (const program of [weechat, irssi]) {
      const log = [...program.logs.values()].join("\n");
      const [, url = ""] = new RegExp(`\\[file\\] ${token}\\.bin .*(https://\\S+)`).exec(log) ?? [];
      const curl = Bun.spawnSync(["curl", "-sS", "--cacert", certificate, url]);
      const actual = createHash("sha256").update(curl.stdout).digest("hex");
      if (actual === digest) tally("downloads");
      else fail(`${program.title} cannot fetch ${token} from ${url}: ${curl.stderr}`);
    }
  }
}

async function setUp(): Promise<void> {
  for (const base of BASES) await olga.run(["join", "--room", base]);
  const [first = "", ...others] = BASES;
  const joins = others.map((base) => `/join ${base}\n`).join("");
  const inFirst = ["--room", first];
  await Promise.all(
    programs.map(({ account }) => home(account).run(["join", ...inFirst], { stdin: joins })),
  );
  observer = await olga.join(inFirst);
  for (const base of BASES)
    observer.type(`/join ${base}`, ...programs.map(({ account }) => `/grant ${account}`));
  for (const program of programs) await program.open();
  for (const base of BASES) await mark(base);
}

function printRound(number: number, disruption: string): void {
  const each = programs.map((program) => {
    const { lost, repeated, repeatedInWindow, wrong } = findings.get(program) ?? createFindings();
    const amounts = [lost.size, repeatedInWindow.size, repeated.size, wrong.size].join("/");
    return `${program.title} ${amounts}`;
  });
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  print(
    `${minutes} min, round ${number}, ${disruption}: ${truth.posts.size} posts; ` +
      `lost/repeated in window/repeated/wrong: ${each.join(", ")}; ${failures.length} failures`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

let rounds = 0;
try {
  await setUp();
  while (performance.now() - started < MINUTES * 60_000 && rounds < Number(values.rounds)) {
    const disruption = await runRound();
    printRound(++rounds, disruption);
  }
} catch (error) {
  fail(String(error));
} finally {
  for (const program of programs) await program.kill().catch(() => undefined);
  await browser.stop();
}
const run: IrcRun = {
  ...{ seconds: (performance.now() - started) / 1000, commit, seed: Number(values.seed), rounds },
  ...{ posts: truth.posts.size, counts, failures },
  programs: programs.map(({ title }, i) => {
    const program = programs[i] as SoakProgram;
    return { title, findings: findings.get(program) ?? createFindings() };
  }),
};
const verdicts = ircVerdicts(run);
const report = renderIrcReport(run, verdicts);
if (values.plant === undefined) writeFileSync(RESULT, report);
print(`\n${report}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
