import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import {
  FOLLOWS_MAX,
  PREFS_RECORDS_MAX,
  PREFS_ROOMS_MAX,
  SAVED_MAX,
} from "../../../src/base/limits.ts";
import { erasuresOf } from "../../../src/core/log/erasures.ts";
import {
  AccountPrefs,
  EVERYWHERE,
  isMutedAt,
  notifyLevel,
  type PrefsChange,
  prefsDrafts,
  type RoomPrefs,
} from "../../../src/core/rooms/prefs.ts";
import { type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { ANA, Ledger } from "../ledger.ts";

const CELLAR = "rCCCCCCCCCCC" as RoomId;

const set = (prefs: RoomPrefs, room = CELLAR): PrefsChange => ({ kind: "prefs-set", room, prefs });
const save = (seq: number, on = true): PrefsChange => ({ kind: "save", room: CELLAR, seq, on });

class Owner {
  readonly ledger = new Ledger();
  prefs = new AccountPrefs();

  change(change: PrefsChange): readonly LogRecord[] {
    const records = prefsDrafts(ANA, change, this.prefs).map((draft) => this.ledger.append(draft));
    for (const record of records) this.prefs.apply(record.head, parseBody(record) ?? {});
    return records;
  }

  refolded(): AccountPrefs {
    const blank = new Set(this.ledger.records.flatMap(erasuresOf));
    const prefs = new AccountPrefs();
    for (const record of this.ledger.records) {
      const body = blank.has(record.head.seq) ? undefined : parseBody(record);
      if (body !== undefined) prefs.apply(record.head, body);
    }
    return prefs;
  }
}

test("applies the last change of a room and records no unchanged settings", () => {
  const owner = new Owner();
  expect(owner.change(set({ favourite: false }))).toHaveLength(0);
  expect(owner.change(set({ muted: 0, favourite: true }))).toHaveLength(1);
  expect(owner.change(set({ favourite: true, muted: 0 }))).toHaveLength(0);
  expect(owner.prefs.rooms.get(CELLAR)).toEqual({ muted: 0, favourite: true });
  owner.change(set({ hidden: 3, unread: 4 }));
  expect(owner.refolded().rooms.get(CELLAR)).toEqual({ hidden: 3, unread: 4 });
  owner.change(set({}));
  expect(owner.refolded().rooms.size).toBe(0);
});

test("records followed threads, whose read position never goes back", () => {
  const owner = new Owner();
  const follow = (seq: number, read: number, on = true): PrefsChange => {
    return { kind: "follow", room: CELLAR, seq, on, read };
  };
  expect(owner.change(follow(3, 5))).toHaveLength(1);
  for (const read of [5, 4]) expect(owner.change(follow(3, read))).toHaveLength(0);
  owner.change(save(3));
  owner.change(follow(3, 1, false));
  expect(owner.refolded().follows.get(3)).toEqual({ room: CELLAR, on: false, read: 5 });
  expect(owner.refolded().saved.has(3)).toBe(true);
  for (let seq = 4; seq <= FOLLOWS_MAX + 3; seq++) owner.change(follow(seq, 0));
  const { follows } = owner.refolded();
  expect([follows.size, follows.has(3), follows.has(4)]).toEqual([FOLLOWS_MAX, false, true]);
  // After PREFS_RECORDS_MAX records, one record contains all settings.
  for (let read = 1; read < PREFS_RECORDS_MAX; read++) owner.change(follow(4, read));
  expect([...owner.refolded().follows]).toEqual([...owner.prefs.follows]);
  expect(owner.refolded().saved.has(3)).toBe(true);
});

test("keeps the level of a room when an older client omits it", () => {
  const owner = new Owner();
  owner.change(set({ notify: "all" }));
  owner.change(set({ favourite: true }));
  expect(owner.refolded().rooms.get(CELLAR)).toEqual({ favourite: true, notify: "all" });
  expect(owner.change(set({ favourite: true }))).toHaveLength(0);
  owner.change(set({}));
  owner.change(set({ notify: "mentions" }));
  expect(owner.refolded().rooms.get(CELLAR)).toEqual({ notify: "mentions" });
});

test("keeps keywords and the order that an older client omits", () => {
  const owner = new Owner();
  owner.change(set({ keywords: ["Bus", "bus", "exam"] }, EVERYWHERE));
  const stored = () => owner.refolded().rooms.get(EVERYWHERE);
  expect(stored()).toEqual({ keywords: ["bus", "exam"] });
  owner.change(set({ status: "away" }, EVERYWHERE));
  expect(stored()).toEqual({ status: "away", keywords: ["bus", "exam"] });
  expect(owner.change(set({ status: "away", keywords: ["exam", "bus"] }, EVERYWHERE))).toHaveLength(
    1,
  );
  expect(owner.change(set({ status: "away", keywords: ["exam", "bus"] }, EVERYWHERE))).toHaveLength(
    0,
  );
  owner.change(set({}, EVERYWHERE));
  expect(stored()).toEqual({ keywords: ["exam", "bus"] });
  owner.change(set({ unreadFirst: true }, EVERYWHERE));
  owner.change(set({ status: "away" }, EVERYWHERE));
  expect(stored()).toEqual({ status: "away", keywords: ["exam", "bus"], unreadFirst: true });
  expect(owner.change(set({ status: "away" }, EVERYWHERE))).toHaveLength(0);
  expect(owner.change(set({ unreadFirst: false }, EVERYWHERE))).toHaveLength(1);
  for (let i = 0; i <= PREFS_RECORDS_MAX; i++) owner.change(save(7, i % 2 === 0));
  expect(stored()).toEqual({ keywords: ["exam", "bus"] });
  owner.change(set({ keywords: [] }, EVERYWHERE));
  expect(owner.refolded().rooms.size).toBe(0);
});

test("derives the level from the settings and the kind of the room", () => {
  const level = (prefs: RoomPrefs | undefined, isDirect = false) =>
    notifyLevel(prefs, { isDirect, unixMs: 5 });
  expect([level(undefined), level(undefined, true)]).toEqual(["mentions", "all"]);
  expect([level({ notify: "all" }), level({ notify: "mentions" }, true)]).toEqual([
    "all",
    "mentions",
  ]);
  expect([level({ notify: "all", muted: 6 }), level({ notify: "all", muted: 5 })]).toEqual([
    "nothing",
    "all",
  ]);
});

test("keeps saved messages in the order of saving", () => {
  const owner = new Owner();
  for (const seq of [7, 3, 9]) owner.change(save(seq));
  owner.change(save(3, false));
  expect(owner.change(save(3, false))).toHaveLength(0);
  owner.change(save(3));
  expect([...owner.refolded().saved.keys()]).toEqual([7, 9, 3]);
});

test("merges settings into one record periodically and blanks old ones", () => {
  const owner = new Owner();
  owner.change(set({ favourite: true }));
  for (let i = 1; i < PREFS_RECORDS_MAX; i++) owner.change(save(7, i % 2 === 1));
  expect(owner.prefs.records).toHaveLength(PREFS_RECORDS_MAX);
  const [draft, order] = owner.change(save(8));
  expect([draft?.head.kind, order?.head.kind]).toEqual(["prefs", "prefs-erase"]);
  expect(owner.prefs.records).toEqual([draft?.head.seq ?? 0]);
  expect(order && erasuresOf(order)).toHaveLength(PREFS_RECORDS_MAX);
  for (const prefs of [owner.prefs, owner.refolded()]) {
    expect([...prefs.saved.keys()]).toEqual([7, 8]);
    expect([...prefs.rooms]).toEqual([[CELLAR, { favourite: true }]]);
    expect(prefs.records).toEqual(owner.prefs.records);
  }
});

test("limits settings and saved messages, and frees space by removal", () => {
  const owner = new Owner();
  for (let i = 1; i <= SAVED_MAX; i++) owner.change(save(i));
  expect(() => owner.change(save(SAVED_MAX + 1))).toThrow("at most");
  owner.change(save(1, false));
  owner.change(save(SAVED_MAX + 1));
  const room = (i: number) => `r${i}` as RoomId;
  for (let i = 0; i < PREFS_ROOMS_MAX; i++) owner.change(set({ favourite: true }, room(i)));
  expect(() => owner.change(set({ muted: 0 }))).toThrow("at most");
  owner.change(set({ muted: 0 }, room(3)));
  owner.change(set({}, room(3)));
  owner.change(set({ muted: 0 }));
  expect(owner.refolded().rooms.size).toBe(PREFS_ROOMS_MAX);
});

test("ends a temporary mute at its time, but not a permanent one", () => {
  expect(isMutedAt(undefined, 5)).toBe(false);
  expect(isMutedAt(0, 5)).toBe(true);
  expect([isMutedAt(6, 5), isMutedAt(5, 5)]).toEqual([true, false]);
});
