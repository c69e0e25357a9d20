/**
 * What the page costs, in a real browser on this machine: `bun bench/page.ts [--quick]`. Needs
 * Chromium and dist/chat.
 */
import { closeSync, ftruncateSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Served, Town } from "../test/e2e/program.ts";
import { Browser } from "../test/page/browser.ts";
import { pageAddress } from "../test/page/scenery.ts";
import { Talker } from "../test/page/talk.ts";
import type { Visit } from "../test/page/visit.ts";

const isQuick = process.argv.includes("--quick");
const STARTS = isQuick ? 5 : 15;
const FRAMES_MS = isQuick ? 4_000 : 15_000;
const UPLOAD_BYTES = isQuick ? 128 << 20 : 512 << 20;
const UPLOADS = isQuick ? 1 : 3;
const POSTS_PER_SECOND = 200;

function at(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** All that comes over the line before somebody can come in, as it comes: compressed. */
async function size(served: Served): Promise<void> {
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const headers = { "accept-encoding": "br" };
  const bytesOf = async (path: string) => {
    const url = new URL(path, String(served.listening["web"]));
    const response = await fetch(url, { headers, tls, decompress: false });
    return { response, bytes: (await response.arrayBuffer()).byteLength };
  };
  const page = await bytesOf("/");
  const text = await (await fetch(String(served.listening["web"]), { tls })).text();
  const paths = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(
    ([, path = ""]) => path,
  );
  const assets = await Promise.all(paths.map(bytesOf));
  const total = assets.reduce((sum, { bytes }) => sum + bytes, page.bytes);
  print(`compressed before use: ${(total / 1000).toFixed(1)} kB in ${1 + assets.length} files`);
}

/** From nothing in the cache to a form that takes a name; and to the room for who is known. */
async function starts(browser: Browser, served: Served): Promise<void> {
  const fresh: number[] = [];
  const known: number[] = [];
  const MARK = `new MutationObserver(() => {
    if (document.querySelector("#enter-name")) window.fieldAt ??= performance.now();
    if (document.querySelector(".composer textarea")) window.roomAt ??= performance.now();
  }).observe(document, { childList: true, subtree: true });`;
  for (let i = 0; i < STARTS; i++) {
    await using visit = await browser.visit(pageAddress(served), { before: MARK });
    await visit.field("Name").waitFor();
    fresh.push(await visit.page.evaluate<number>("window.fieldAt"));
    await visit.enter(`starter${i}`);
    await visit.page.reload();
    await visit.box.waitFor();
    known.push(await visit.page.evaluate<number>("window.roomAt"));
  }
  const told = (all: readonly number[]) =>
    `median ${at(all, 0.5).toFixed(0)} ms, p95 ${at(all, 0.95).toFixed(0)} ms`;
  print(`interactive, first visit: ${told(fresh)}`);
  print(`interactive, in the room again: ${told(known)}`);
}

/** Time that the page works for each frame, and between frames, while others talk. */
async function frames(browser: Browser, served: Served): Promise<void> {
  await using visit = await browser.visit(pageAddress(served));
  await visit.enter("watcher");
  const talker = await Talker.open(served, "talker");
  await talker.says("begins");
  await visit.sees("begins");
  const measured = measure(visit);
  const posts: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; performance.now() - began < FRAMES_MS; ) {
    const due = ((performance.now() - began) / 1000) * POSTS_PER_SECOND;
    for (; n < due; n++) posts.push(talker.says(`number ${n}, as long as people write them.`));
    await Bun.sleep(5);
  }
  await Promise.all(posts);
  const { gaps, works } = await measured;
  talker.tab.close();
  const told = (name: string, all: readonly number[]) =>
    print(
      `${name} at ${POSTS_PER_SECOND} messages/s: ` +
        [0.5, 0.95, 0.99].map((p) => `p${p * 100} ${at(all, p).toFixed(1)} ms`).join(", "),
    );
  told("between frames", gaps);
  told("work in a frame", works);
}

interface Frames {
  readonly gaps: readonly number[];
  readonly works: readonly number[];
}

/** A message sent to itself at the frame's beginning comes when the frame is drawn. */
function measure({ page }: Visit): Promise<Frames> {
  return page.evaluate<Frames>(`new Promise((resolve) => {
    const gaps = [], works = [], end = performance.now() + ${FRAMES_MS};
    const channel = new MessageChannel();
    let began = 0, last = 0;
    channel.port1.onmessage = () => works.push(performance.now() - began);
    const frame = (now) => {
      if (last > 0) gaps.push(now - last);
      last = now;
      began = performance.now();
      channel.port2.postMessage(0);
      if (began < end) requestAnimationFrame(frame);
      else resolve({ gaps, works });
    };
    requestAnimationFrame(frame);
  })`);
}

/** The same bytes by the page and by the command line, in turns. */
async function uploads(browser: Browser, town: Town, served: Served): Promise<void> {
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "x" };
  const tom = town.home("tom").with(env);
  await tom.json(["register"]);
  await using visit = await browser.visit(pageAddress(served));
  await visit.enter("uploader");
  const [page, line]: [number[], number[]] = [[], []];
  for (let i = 0; i < UPLOADS; i++) {
    const path = town.path(`page${i}.bin`);
    const fd = openSync(path, "w");
    ftruncateSync(fd, UPLOAD_BYTES);
    closeSync(fd);
    const began = performance.now();
    await visit.attach(path);
    await visit.file(`page${i}.bin`).waitFor({ timeout: 120_000 });
    page.push(UPLOAD_BYTES / 1e3 / (performance.now() - began));
    const begun = performance.now();
    await tom.json(["send-file", path, "--to", "lobby"]);
    line.push(UPLOAD_BYTES / 1e3 / (performance.now() - begun));
  }
  const [byPage, byLine] = [at(page, 0.5), at(line, 0.5)];
  print(
    `upload: page ${byPage.toFixed(0)} MB/s, command line ${byLine.toFixed(0)} MB/s, ` +
      `ratio ${(byPage / byLine).toFixed(2)}`,
  );
}

const browser = new Browser();
await browser.start();
try {
  await using town = new Town();
  const limits = ["--posts-per-second", "1000000"];
  const served = await town.serve({ args: limits });
  await size(served);
  await starts(browser, served);
  await frames(browser, served);
  await uploads(browser, town, served);
} finally {
  await browser.stop();
}
