/** Messages for the page benchmark, with Markdown and, in every fiftieth, a picture. */
import { writeFileSync } from "node:fs";
import { ID_BYTES, outboxId, type UserId } from "../src/base/ids.ts";
import { type Draft, parseBody } from "../src/wire/record.ts";
import type { Home, Sandbox, Served } from "../test/e2e/program.ts";
import { openStopped } from "../test/e2e/stopped-folder.ts";
import { photo } from "../test/page/fixtures.ts";
import type { HeadlessUser } from "../test/page/headless-user.ts";

/** Arguments of a server that delays no benchmark. */
export const FAST = ["--posts-per-second", "1000000", "--texts-per-day", "1T"];
export const PICTURE_EVERY = 50;
/** Precedes the pictures that the history repeats. */
export const FIRST_TEXT = "the first message";
/** More pictures than the page caches, so that scrolling always fetches them. */
const PICTURES = 64;
const PICTURE_SIZES = 8;
const CONCURRENT_APPENDS = 1_000;

export function sampleText(n: number): string {
  const kinds = [
    `number ${n}, as long as people write them.`,
    `**number ${n}**, and \`code\` of it, _as_ they say`,
    `@watcher look at https://example.org/${n} and #lobby`,
    `> number ${n}\n- one\n- two`,
  ];
  return kinds[n % kinds.length] ?? "";
}

function isPicture(n: number): boolean {
  return n % PICTURE_EVERY === PICTURE_EVERY - 1;
}

export class PictureSender {
  readonly #home: Home;
  readonly #paths: readonly string[];

  private constructor(home: Home, paths: readonly string[]) {
    this.#home = home;
    this.#paths = paths;
  }

  static async open(sandbox: Sandbox, served: Served): Promise<PictureSender> {
    const env = { CHAT_INVITE: served.invite, CHAT_USER: "painter", CHAT_PASSWORD: "xxxxxxxx" };
    const home = sandbox.home(`painter-${served.port}`).with(env);
    await home.json(["register"]);
    const paths = Array.from({ length: PICTURE_SIZES }, (_, i) => {
      const path = sandbox.path(`photo${i}.png`);
      writeFileSync(path, photo(320 + 40 * i, 480 - 40 * i));
      return path;
    });
    return new PictureSender(home, paths);
  }

  async sendFirst(count: number): Promise<void> {
    await this.#home.json(["send", FIRST_TEXT]);
    const paths = Array.from({ length: count }, (_, i) => this.#path(i));
    await this.#home.json(["send-file", ...paths, "--to", "lobby"]);
  }

  async startSending(): Promise<(n: number) => void> {
    const program = await this.#home.join([]);
    return (n) => program.type(`/send "${this.#path(n)}"`);
  }

  #path(n: number): string {
    return this.#paths[n % this.#paths.length] ?? "";
  }
}

export interface Traffic {
  readonly sender: HeadlessUser;
  readonly sendPicture: (n: number) => void;
  readonly perSecond: number;
  readonly durationMs: number;
}

export async function runTraffic({
  sender,
  sendPicture,
  perSecond,
  durationMs,
}: Traffic): Promise<void> {
  const posts: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (let n = 0; performance.now() - startedAt < durationMs; ) {
    const due = ((performance.now() - startedAt) / 1000) * perSecond;
    for (; n < due; n++) {
      if (isPicture(n)) sendPicture(Math.floor(n / PICTURE_EVERY));
      else posts.push(sender.post(sampleText(n)));
    }
    await Bun.sleep(5);
  }
  await Promise.all(posts);
}

type DraftFields = Pick<Draft, "kind" | "id" | "body" | "by">;

export async function serveWithHistory(sandbox: Sandbox, count: number): Promise<Served> {
  const first = await sandbox.serve({ data: "full" });
  const painter = await PictureSender.open(sandbox, first);
  await painter.sendFirst(PICTURES);
  await first.program.signal("SIGTERM");
  const folder = await openStopped(first.data);
  const { history, lobby } = folder;
  const pictures: DraftFields[] = [];
  for await (const record of history.read(1)) {
    const { kind, id, by } = record.head;
    if (kind === "file") pictures.push({ kind, id, by: by as UserId, body: parseBody(record) });
  }
  const outbox = outboxId(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  const by = folder.idOf("painter");
  const draftFor = (n: number): DraftFields => {
    const picture = isPicture(n) ? pictures[Math.floor(n / PICTURE_EVERY) % PICTURES] : undefined;
    return picture ?? { kind: "text", id: `${outbox}.${n + 1}`, by, body: { text: sampleText(n) } };
  };
  for (let from = 0; from < count; from += CONCURRENT_APPENDS) {
    const numbers = Array.from(
      { length: Math.min(CONCURRENT_APPENDS, count - from) },
      (_, i) => from + i,
    );
    await Promise.all(numbers.map((n) => history.append({ ...draftFor(n), room: lobby.id })));
  }
  await folder.close();
  return sandbox.serve({ data: "full", args: FAST });
}
