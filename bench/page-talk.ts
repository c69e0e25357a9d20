/**
 * What is said in the bench of the page: Markdown, names, addresses and lists, and one message in
 * fifty is a picture.
 */
import { writeFileSync } from "node:fs";
import { ID_BYTES, outboxId, type UserId } from "../src/base/ids.ts";
import { type Draft, parseBody } from "../src/wire/record.ts";
import type { Home, Sandbox, Served } from "../test/e2e/program.ts";
import { openStopped } from "../test/e2e/stopped-folder.ts";
import { photo } from "../test/page/scenery.ts";
import type { Talker } from "../test/page/talk.ts";

export const PICTURE_EVERY = 50;
/** More than the page keeps, so that who scrolls on fetches each of them anew. */
const PICTURES = 64;
/** Of so many sizes, portrait and landscape. */
const KINDS = 8;
/** So many records wait for the disk at once. */
const AT_ONCE = 1_000;

/** What people write, with marks, names and addresses. */
export function words(n: number): string {
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

/** A user who sends pictures, by the command line. */
export class Painter {
  readonly #home: Home;
  readonly #paths: readonly string[];

  private constructor(home: Home, paths: readonly string[]) {
    this.#home = home;
    this.#paths = paths;
  }

  static async open(sandbox: Sandbox, served: Served): Promise<Painter> {
    const env = { CHAT_INVITE: served.invite, CHAT_USER: "painter", CHAT_PASSWORD: "xxxxxxxx" };
    const home = sandbox.home(`painter-${served.port}`).with(env);
    await home.json(["register"]);
    const paths = Array.from({ length: KINDS }, (_, i) => {
      const path = sandbox.path(`photo${i}.png`);
      writeFileSync(path, photo(320 + 40 * i, 480 - 40 * i));
      return path;
    });
    return new Painter(home, paths);
  }

  async sends(count: number): Promise<void> {
    const paths = Array.from({ length: count }, (_, i) => this.#path(i));
    await this.#home.json(["send-file", ...paths, "--to", "lobby"]);
  }

  /** @returns sends the n-th picture, and does not wait for it */
  async paints(): Promise<(n: number) => void> {
    const program = await this.#home.join([]);
    return (n) => program.type(`/send "${this.#path(n)}"`);
  }

  #path(n: number): string {
    return this.#paths[n % this.#paths.length] ?? "";
  }
}

export interface Talk {
  readonly talker: Talker;
  readonly paint: (n: number) => void;
  readonly perSecond: number;
  readonly forMs: number;
}

export async function talks({ talker, paint, perSecond, forMs }: Talk): Promise<void> {
  const posts: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; performance.now() - began < forMs; ) {
    const due = ((performance.now() - began) / 1000) * perSecond;
    for (; n < due; n++) {
      if (isPicture(n)) paint(Math.floor(n / PICTURE_EVERY));
      else posts.push(talker.says(words(n)));
    }
    await Bun.sleep(5);
  }
  await Promise.all(posts);
}

type Spoken = Pick<Draft, "kind" | "id" | "body" | "by">;

/**
 * A server whose lobby has so many messages of one user. They are written while no server runs: of
 * the pictures each is told again and again, as if it had been sent there many times.
 */
export async function serveFull(sandbox: Sandbox, count: number): Promise<Served> {
  const first = await sandbox.serve({ data: "full" });
  const painter = await Painter.open(sandbox, first);
  await painter.sends(PICTURES);
  await first.program.signal("SIGTERM");
  const folder = await openStopped(first.data);
  const { history, lobby } = folder;
  const pictures: Spoken[] = [];
  for await (const record of history.read(1)) {
    const { kind, id, by } = record.head;
    if (kind === "file") pictures.push({ kind, id, by: by as UserId, body: parseBody(record) });
  }
  const outbox = outboxId(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  const by = folder.idOf("painter");
  const spoken = (n: number): Spoken => {
    const picture = isPicture(n) ? pictures[Math.floor(n / PICTURE_EVERY) % PICTURES] : undefined;
    return picture ?? { kind: "text", id: `${outbox}.${n + 1}`, by, body: { text: words(n) } };
  };
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => from + i);
    await Promise.all(some.map((n) => history.append({ ...spoken(n), room: lobby.id })));
  }
  await folder.close();
  return sandbox.serve({ data: "full" });
}
