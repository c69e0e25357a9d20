import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { READ_NOTICE_INTERVAL_MS } from "../../../src/base/limits.ts";
import { defined } from "../../../src/base/values.ts";
import { Follower } from "../../../src/client/follower.ts";
import { inboxRecords } from "../../../src/core/client/inbox.ts";
import type { ModelEffect, ModelEvent } from "../../../src/core/model/event.ts";
import { changesModel, emptyModel, updateAll } from "../../../src/core/model/update.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { sampleSize } from "../../samples.ts";
import type { Guest } from "../guest.ts";
import { type Site, siteWith } from "../site.ts";

const NAMES = ["ana", "ben", "carl"] as const;
const ROOMS = ["lobby", "lab", "@"] as const;
type Name = (typeof NAMES)[number];
type RoomName = (typeof ROOMS)[number];

interface Post {
  readonly seq: number;
  readonly n: number;
  readonly by: Name;
  readonly room: string;
  readonly isInThread: boolean;
  readonly repliesTo: Name | undefined;
  readonly isNotice: boolean;
  /** Names in the text, and in all its edits. */
  named: ReadonlySet<Name>;
  isErased: boolean;
}

/** A page that follows the account over several links. */
class Page {
  model = emptyModel();
  #guest: Guest;
  #handled = 0;
  readonly #follower: Follower;

  constructor(
    private readonly site: Site,
    private readonly name: Name,
    guest: Guest,
  ) {
    this.#guest = guest;
    this.#follower = new Follower(
      "all",
      undefined,
      { sha256, clock: { unixMs: () => 0 } },
      {
        event: (event) => {
          if (changesModel(event)) this.#update(event as ModelEvent);
        },
        gap: (fault) => {
          throw fault;
        },
      },
    );
  }

  async connect(guest: Guest): Promise<void> {
    this.#guest = await this.site.again(guest, this.name, this.#follower.after);
    this.#handled = 0;
    this.#update({ kind: "entered", user: this.name });
    this.#follower.connected({} as Parameters<Follower["connected"]>[0]);
    const { rooms, saved, follows } = await this.#guest.request("prefs", {});
    await this.receive();
    this.#update({ kind: "prefs", rooms, saved, follows } as unknown as ModelEvent);
  }

  async receive(): Promise<void> {
    await this.site.quiet();
    for (; this.#handled < this.#guest.notices.length; this.#handled++) {
      const notice = this.#guest.notices[this.#handled];
      if (notice?.kind === "record") {
        const { kind: _, ...record } = notice;
        this.#follower.notice({ kind: "records", records: [record] });
      } else if (notice?.kind !== "presence" && notice?.kind !== "status") {
        this.#follower.notice(notice as Parameters<Follower["notice"]>[0]);
      }
    }
    await this.site.quiet();
  }

  /** Reads the room up to the record, or all. */
  read(room: string, n?: number): void {
    const id = room as RoomId;
    if (!this.model.rooms.has(id)) return;
    this.#update(
      n === undefined ? { kind: "mark-read", room: id } : { kind: "printed", room: id, n },
    );
  }

  get isOpen(): boolean {
    return this.#guest.ended === undefined;
  }

  close(): void {
    this.#guest.hangUp();
  }

  #update(...events: readonly ModelEvent[]): void {
    const { model, effects } = updateAll(this.model, events);
    this.model = model;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ModelEffect): void {
    if (effect.kind === "read") void this.#guest.send("read", { room: effect.room, n: effect.n });
    if (effect.kind === "follow") {
      const { room, seq, on, read } = effect;
      void this.#guest.send("follow", { room, seq, on, read });
    }
    if (effect.kind === "calls") {
      const guest = this.#guest;
      void guest.send("inbox", {}).then((page) => {
        const records = inboxRecords([page], sha256);
        const reasons = new Map(page.calls.map(({ seq, reason }) => [seq, reason] as const));
        this.#update({ kind: "called", records, reasons });
      });
    }
  }
}

class World {
  readonly posts: Post[] = [];
  #outbox = "BAAAAAAAAAA";
  readonly ignored = new Map<Name, Set<Name>>(NAMES.map((name) => [name, new Set()]));

  private constructor(
    readonly site: Site,
    readonly guests: Record<Name, Guest>,
    readonly pages: readonly Page[],
  ) {}

  static async open(): Promise<World> {
    const { site, ...guests } = await siteWith(NAMES);
    for (const name of NAMES) {
      await guests[name].request("join", { room: "lab", create: true });
    }
    const pages = [new Page(site, "ana", guests.ana), new Page(site, "ana", guests.ana)];
    const world = new World(site, guests, pages);
    for (const page of pages) await page.connect(guests.ana);
    return world;
  }

  async post(
    by: Name,
    to: RoomName,
    { names, answers, isInThread, isNotice }: Record<string, unknown> & { names: readonly Name[] },
  ): Promise<void> {
    const guest = this.guests[by];
    const target = to === "@" ? (by === "ana" ? "@ben" : "@ana") : to;
    const room = guest.roomId(target.replace("@", ""));
    const answered =
      answers === true
        ? this.posts.findLast((one) => one.room === room && !one.isErased && !one.isInThread)
        : undefined;
    const text = `hello ${names.map((name) => `@${name}`).join(" ")}`;
    const isThread = answered !== undefined && isInThread === true;
    const fields = defined({
      mentions: names as string[],
      re: answered?.seq,
      thread: isThread || undefined,
      notice: isNotice === true || undefined,
    });
    const answer = await this.#try(guest.post(text, target, this.#outbox, fields));
    if (answer === undefined) return;
    await this.site.quiet();
    this.posts.push({
      seq: answer.seq,
      n: answer.n,
      by,
      isErased: false,
      named: new Set(names),
      room: guest.records.find(({ head }) => head.seq === answer.seq)?.head.room ?? "",
      repliesTo: answered?.by,
      isInThread: isThread,
      isNotice: isNotice === true,
    });
  }

  async edit(by: Name, names: readonly Name[]): Promise<void> {
    const post = this.posts.findLast((one) => one.by === by && !one.isErased);
    if (post === undefined) return;
    const text = `edited ${names.map((name) => `@${name}`).join(" ")}`;
    const fields: RequestFields<"edit"> = { seq: post.seq, text };
    if ((await this.#try(this.guests[by].send("edit", fields))) === undefined) return;
    post.named = new Set([...post.named].filter((name) => names.includes(name)));
  }

  async erase(by: Name): Promise<void> {
    const post = this.posts.findLast((one) => one.by === by && !one.isErased);
    if (post === undefined) return;
    const erased = await this.#try(this.guests[by].send("erase", { seq: post.seq }));
    if (erased !== undefined) post.isErased = true;
  }

  async ignore(by: Name, user: Name, on: boolean): Promise<void> {
    if (by === user) return;
    await this.guests[by].request("ignore", { user, on });
    if (on) this.ignored.get(by)?.add(user);
    else this.ignored.get(by)?.delete(user);
  }

  async leave(by: Name): Promise<void> {
    await this.#try(this.guests[by].send("leave", { room: "lab" }));
  }

  async join(by: Name): Promise<void> {
    await this.#try(this.guests[by].send("join", { room: "lab", create: true }));
  }

  async restart(crashes: boolean): Promise<void> {
    await this.site.time.advance(60_000);
    if (crashes) await this.site.restartAfterCrash();
    else await this.site.restart();
    // Guests count their posts from 1 again.
    this.#outbox = `${String.fromCharCode(this.#outbox.charCodeAt(0) + 1)}AAAAAAAAAA`;
    for (const name of NAMES) this.guests[name] = await this.site.again(this.guests[name], name);
    for (const page of this.pages) await page.connect(this.guests.ana);
  }

  async #try<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    try {
      return await this.site.wait(promise);
    } catch (error) {
      if (error instanceof Fault) return undefined;
      throw error;
    }
  }

  #unread(reader: Name, room: string, read: number): readonly Post[] {
    return this.posts.filter(
      (one) =>
        one.room === room &&
        one.n > read &&
        one.by !== reader &&
        !one.isErased &&
        this.ignored.get(reader)?.has(one.by) !== true,
    );
  }

  /** Compares the counts of the server and of the pages with those of all posts. */
  async check(): Promise<void> {
    for (const page of this.pages) {
      if (page.isOpen) await page.receive();
      else await page.connect(this.guests.ana);
    }
    await this.site.time.advance(READ_NOTICE_INTERVAL_MS + 50);
    for (const page of this.pages) await page.receive();
    for (const name of NAMES) {
      const fresh = await this.site.again(this.guests[name], name, Number.MAX_SAFE_INTEGER);
      const inbox = await fresh.request("inbox", {});
      const all = fresh.all("room");
      for (const { room, read = 1, unread, calls = [] } of all) {
        const posts = this.#unread(name, room, read);
        const counted = posts.filter(({ isInThread }) => !isInThread);
        expect({ name, room, unread }).toEqual({ name, room, unread: counted.length });
        const isDirect = all.some((one) => one.room === room && one.with !== undefined);
        // Calls in threads are read with the thread.
        const isInThread = (seq: number) => posts.some((one) => one.seq === seq && one.isInThread);
        const isCalling = ({ named, repliesTo, isNotice }: Post) =>
          !isDirect && !isNotice && (named.has(name) || repliesTo === name);
        const called = counted.filter(isCalling).map(({ seq }) => seq);
        const listed = calls.map(({ seq }) => seq).filter((seq) => !isInThread(seq));
        expect({ name, room, listed }).toEqual({ name, room, listed: called });
        const entry = inbox.rooms.find((one) => one.room === room);
        expect(entry?.unread ?? 0).toBe(counted.length);
        expect([entry?.first, entry?.last]).toEqual([counted[0]?.seq, counted.at(-1)?.seq]);
        if (name !== "ana") continue;
        for (const page of this.pages) {
          const state = page.model.rooms.get(room as RoomId);
          const own = { read: state?.read, unread: state?.unread };
          expect({ room, ...own }).toEqual({ room, read, unread: counted.length });
          const mentions = state?.mentions.map(({ seq }) => seq).filter((seq) => !isInThread(seq));
          const all = counted.filter((one) => !one.isNotice).map(({ seq }) => seq);
          const wanted = isDirect ? all : called;
          expect({ room, mentions }).toEqual({ room, mentions: wanted });
        }
      }
      fresh.hangUp();
    }
  }
}

type Act = (world: World) => Promise<void> | void;

/** Shows the values of a failing case. */
function acts<Value>(
  values: fc.Arbitrary<Value>,
  perform: (world: World, value: Value) => Promise<void> | void,
): fc.Arbitrary<Act> {
  return values.map((value) => {
    const act: Act = (world) => perform(world, value);
    const describe = () => `${perform} ${JSON.stringify(value)}`;
    return Object.assign(act, { [fc.toStringMethod]: describe });
  });
}

const name = fc.constantFrom(...NAMES);
const names = fc.subarray([...NAMES]);
const page = fc.nat(1);
const post = fc.record({
  by: name,
  to: fc.constantFrom(...ROOMS),
  names,
  answers: fc.boolean(),
  isInThread: fc.boolean(),
  isNotice: fc.boolean(),
});
const places = fc.tuple(page, fc.nat(8), fc.boolean());
const nothing = fc.constant(undefined);

const act = fc.oneof(
  {
    weight: 12,
    arbitrary: acts(post, (world, { by, to, ...fields }) => world.post(by, to, fields)),
  },
  {
    weight: 2,
    arbitrary: acts(fc.tuple(name, names), (world, [by, named]) => world.edit(by, named)),
  },
  { weight: 3, arbitrary: acts(name, (world, by) => world.erase(by)) },
  {
    weight: 3,
    arbitrary: acts(fc.tuple(name, name, fc.boolean()), (world, [by, user, on]) =>
      world.ignore(by, user, on),
    ),
  },
  {
    weight: 4,
    arbitrary: acts(places, async (world, [at, back, isAll]) => {
      const { room = "", n = 1 } = world.posts.at(-1 - back) ?? {};
      await world.pages[at]?.receive();
      world.pages[at]?.read(room, isAll ? undefined : n);
    }),
  },
  { weight: 2, arbitrary: acts(page, (world, at) => world.pages[at]?.receive()) },
  { weight: 1, arbitrary: acts(page, (world, at) => world.pages[at]?.connect(world.guests.ana)) },
  { weight: 1, arbitrary: acts(page, (world, at) => world.pages[at]?.close()) },
  { weight: 1, arbitrary: acts(name, (world, by) => world.leave(by)) },
  { weight: 1, arbitrary: acts(name, (world, by) => world.join(by)) },
  { weight: 1, arbitrary: acts(fc.boolean(), (world, crashes) => world.restart(crashes)) },
  { weight: 2, arbitrary: acts(nothing, (world) => world.check()) },
);

test("the counts of server and pages are those of the messages", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
      const world = await World.open();
      for (const each of acts) await each(world);
      for (const one of world.pages) await one.connect(world.guests.ana);
      await world.check();
    }),
    { numRuns: sampleSize(6, 400) },
  );
});
