import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { type ChangeMap, noteChange, withChanges } from "../../../src/core/model/changes.ts";
import {
  hasNoItem,
  indexOfSeq,
  isMessage,
  isSameName,
  itemAt,
  itemOf,
} from "../../../src/core/model/item.ts";
import { fileErasure } from "../../../src/core/model/selectors.ts";
import type { Changes } from "../../../src/core/model/state.ts";
import { record } from "../model-scene.ts";

const never = () => false;

test("converts the displayed fields of a record", () => {
  const body = { text: "hi @Ana", re: 3, mentions: ["Ana", "ana", 7, "no name!"] };
  const item = itemOf(record(5, { body }), "ana", never);
  expect(item).toMatchObject({ text: "hi @Ana", re: 3, mentionsMe: true, isMine: false });
  expect(item.mentions).toEqual(["ana"]);
  const answer = record(5, { body: { text: "x", re: 3 } });
  expect([() => true, never].map((is) => itemOf(answer, "ana", is).mentionsMe)).toEqual([
    true,
    false,
  ]);
  expect(itemOf(record(5, { from: "ANA", body }), "ana", never)).toMatchObject({
    isMine: true,
    mentionsMe: false,
  });
});

test("finds mentions in a caption", () => {
  const body = { name: "a.png", text: "see, @Ana; not x@ben.example" };
  const item = itemOf(record(5, { kind: "file", from: "ben", body }), "ana", never);
  expect(item).toMatchObject({ text: body.text, mentions: ["Ana"], mentionsMe: true });
  const silent = itemOf(record(6, { kind: "file", body: { name: "@ana", text: 7 } }), "ana", never);
  expect(silent).toMatchObject({ text: "", mentions: [], mentionsMe: false });
});

test("attributes an imported message to no local account", () => {
  const imported = { from: "ana", time: 7 };
  const body = { text: "hi @ana", mentions: ["ana"], imported };
  const item = itemOf(record(5, { from: "ben", body }), "ana", () => true);
  expect(item).toMatchObject({ isMine: false, mentionsMe: false });
  expect(item.imported).toEqual({ from: "ana", timeUnixMs: 7 });
  for (const wrong of [{}, { from: 7, time: "x" }, { from: "", time: -1 }, []]) {
    const changed = itemOf(record(5, { body: { text: "x", imported: wrong } }), "ana", never);
    expect(changed.imported).toEqual({ from: "?", timeUnixMs: 0 });
  }
  const changes = new Map<number, Changes>();
  const react = { re: 5, react: "+", imported };
  noteChange(changes, record(6, { kind: "reaction", from: "ben", body: react }));
  noteChange(changes, record(7, { kind: "reaction", from: "ben", body: { re: 5, react: "+" } }));
  const [reaction] = withChanges(item, changes.get(5), "ana").reactions;
  expect(reaction).toEqual({ sign: "+", by: ["ana (imported)", "ben"], mine: [] });
});

test("shows whether a group change creates the group or adds users", () => {
  const begins = [{ change: "create" }, { epoch: 0 }, { change: "update", epoch: 1 }];
  const groups = begins.map(
    (body) => itemOf(record(5, { kind: "group", body }), "ana", never).group,
  );
  expect(groups.map((group) => group?.isCreation)).toEqual([true, true, false]);
  const ben = [{ user: "ben" }];
  const change = (body: Record<string, unknown>) =>
    itemOf(record(5, { kind: "group", body }), "ana", never).on;
  expect(change({ added: ben, removed: [] })).toBe(true);
  expect(change({ added: [], removed: ben })).toBe(false);
  expect(change({ added: [], removed: [] })).toBeUndefined();
  const added = [...ben, { user: 7 }, null];
  expect(itemOf(record(5, { kind: "group", body: { added } }), "ana", never).subject).toBe("ben");
  const folds = [{ epoch: 1 }, { epoch: 0 }, { added: ben }];
  expect(folds.map((body) => hasNoItem(record(5, { kind: "group", body })))).toEqual([
    ...[true, false, false],
  ]);
});

test("names nobody for a message that retention has erased", () => {
  const changes = new Map<number, Changes>();
  const erase = (seq: number, body: object) =>
    noteChange(changes, record(9, { kind: "erase", from: "olga", body: { seq, ...body } }));
  erase(5, { also: [6], retention: true });
  erase(7, {});
  expect([5, 6, 7].map((seq) => changes.get(seq))).toMatchObject([
    { isErased: true, hasExpired: true },
    { isErased: true, hasExpired: true },
    { isErased: true, erasedBy: "olga" },
  ]);
  expect(changes.get(5)?.erasedBy).toBeUndefined();
  const expired = withChanges(itemOf(record(5), "ana", never), changes.get(5), "ana");
  const deleted = withChanges(itemOf(record(7), "ana", never), changes.get(7), "ana");
  const gone = { state: "erased", hasExpired: true, body: undefined } as const;
  const read = itemOf({ ...record(8), ...gone }, "ana", never);
  const all = [expired, deleted, read].map(({ hasExpired = false }) => hasExpired);
  expect(all).toEqual([true, false, true]);
  // Also if its record is read only afterwards.
  expect(withChanges(read, changes.get(7), "ana").hasExpired).toBe(true);
});

test("moves erased files of a message out of its files, from the order or the record", () => {
  const file = (letter: string) => {
    const id = `f${letter.repeat(11)}` as FileId;
    return { file: id, name: `${letter}.txt`, size: 3, chunks: 1, digest: "0a".repeat(32) };
  };
  const [a, b] = [file("A"), file("B")];
  const body = { text: "both", files: [a, b] };
  const changes: ChangeMap = new Map();
  const order = record(9, { kind: "erase", body: { of: 5, files: [a.file, 3] } });
  expect(noteChange(changes, order)).toEqual([5]);
  const item = itemOf(record(5, { kind: "file", body }), "ana", () => false);
  const marked = { ...body, files: [{ ...a, erased: true }, b] };
  const later = itemOf(record(5, { kind: "file", body: marked }), "ana", () => false);
  const once = withChanges(item, changes.get(5), "ana");
  for (const shown of [once, withChanges(once, changes.get(5), "ana"), later]) {
    expect(shown).toMatchObject({ state: "whole", text: "both", files: [b] });
    expect(shown.files).toHaveLength(1);
    expect(shown.erasedFiles).toEqual([{ file: a.file, name: "A.txt" }]);
  }
  expect(fileErasure(once, b.file)).toEqual({ seq: 5, files: [b.file] });
  expect(fileErasure({ ...once, text: "" }, b.file)).toEqual({ seq: 5 });
  noteChange(changes, record(10, { kind: "erase", body: { seq: 5 } }));
  const gone = withChanges(once, changes.get(5), "ana");
  expect(gone).toMatchObject({ state: "erased", files: [], erasedFiles: undefined });
});

test("names the user who erased a message of another user", () => {
  const erasedBy = (from: string | undefined, state: ChatRecord["state"] = "whole") => {
    const changes = new Map<number, Changes>();
    noteChange(changes, record(6, { kind: "erase", from, body: { seq: 5 } }));
    const item = withChanges(itemOf(record(5, { state }), "ana", never), changes.get(5), "ana");
    return [item.state, item.erasedBy];
  };
  expect(erasedBy("olga")).toEqual(["erased", "olga"]);
  expect(erasedBy("olga", "erased")).toEqual(["erased", "olga"]);
  expect(erasedBy("Ben")).toEqual(["erased", undefined]);
  expect(erasedBy(undefined)).toEqual(["erased", undefined]);
});

test("treats a malformed body as empty", () => {
  const body = { text: 7, re: -1, mentions: "ana", name: 3, on: "yes", until: "later" };
  const item = itemOf(record(5, { kind: "mute", body }), "ana", never);
  expect(item).toMatchObject({ text: "", re: undefined, mentions: [], subject: undefined });
  expect(item).toMatchObject({ on: undefined, untilUnixMs: undefined, isRemoved: false });
  const kick = record(5, { kind: "kick", body: { removed: true } });
  expect(itemOf(kick, "ana", never)).toMatchObject({ isRemoved: true, text: "" });
  const untils = [0, 1.5].map((until) => record(5, { kind: "mute", body: { until } }));
  expect(untils.map((item) => itemOf(item, "ana", never).untilUnixMs)).toEqual([0, undefined]);
  for (const kind of ["kick", "leave"]) {
    const reasons = ["bye", 7].map((reason) => record(5, { kind, body: { reason, text: "x" } }));
    expect(reasons.map((item) => itemOf(item, "ana", never).text)).toEqual(["bye", ""]);
  }
});

test("marks a notice, which mentions nobody", () => {
  const body = { text: "@ana", mentions: ["ana"], re: 3, notice: true };
  const itemFor = (change: object, kind = "text") =>
    itemOf(record(5, { kind, body: { ...body, ...change } }), "ana", () => true);
  expect(itemFor({})).toMatchObject({ isNotice: true, mentionsMe: false, mentions: ["ana"] });
  for (const notice of [false, "true", undefined]) {
    expect(itemFor({ notice }).isNotice).toBeUndefined();
    expect(itemFor({ notice }).mentionsMe).toBe(true);
  }
  expect(itemFor({}, "action")).toMatchObject({ mentionsMe: true });
});

test("shows an erased encrypted message as deleted, and not as unreadable", () => {
  const sealed = record(5, { kind: "sealed", body: { reason: "absent" } });
  expect(itemOf(sealed, "ana", never)).toMatchObject({ kind: "sealed", state: "whole" });
  const erased = record(5, { kind: "sealed", state: "erased", body: undefined });
  expect(itemOf(erased, "ana", never)).toMatchObject({ kind: "text", state: "erased", text: "" });
});

test("finds mentions in an edited caption", () => {
  const digest = "0a".repeat(32);
  const files = [{ file: "fabcdefghijk", name: "a.png", size: 1, chunks: 1, digest }];
  const file = record(5, { kind: "file", body: { text: "see, @ben", files } });
  const item = itemOf(file, "ana", never);
  expect(item.files[0]?.isSealed).toBeUndefined();
  const sealed = { ...file, room: { ...file.room, isSealed: true } };
  expect(itemOf(sealed, "ana", never).files[0]?.isSealed).toBe(true);
  const changes = new Map<number, Changes>();
  const edit = (seq: number, text: string) => record(seq, { kind: "edit", body: { seq: 5, text } });
  noteChange(changes, edit(6, "see, @cleo"));
  const changed = withChanges(item, changes.get(5), "ana");
  expect(changed).toMatchObject({
    text: "see, @cleo",
    mentions: ["cleo"],
    files: [{ name: "a.png" }],
  });
  noteChange(changes, edit(7, ""));
  expect(withChanges(item, changes.get(5), "ana")).toMatchObject({ text: "", mentions: [] });
});

test("counts the replies to a message in any order of arrival, without erased ones", () => {
  const changes = new Map<number, Changes>();
  const item = itemOf(record(5), "ana", never);
  const reply = (seq: number, re: unknown) => record(seq, { body: { text: "yes", re } });
  const counted = () => withChanges(item, changes.get(5), "ana").replies;
  expect(noteChange(changes, reply(9, 5))).toEqual([5]);
  expect(noteChange(changes, { ...reply(7, 5), kind: "action" })).toEqual([5]);
  expect(noteChange(changes, reply(9, 5))).toEqual([]);
  for (const re of [9, 10, 99, -1, 1.5, "5", undefined])
    expect(noteChange(changes, reply(9, re))).toEqual([]);
  expect(noteChange(changes, { ...reply(10, 5), state: "damaged" })).toEqual([]);
  expect(counted()).toEqual({
    count: 2,
    lastSeq: 9,
    lastUnixMs: record(9).timeUnixMs,
    by: [String(record(9).from)],
  });
  noteChange(changes, record(11, { kind: "erase", body: { seq: 9 } }));
  expect(counted()).toEqual({
    count: 1,
    lastSeq: 7,
    lastUnixMs: record(7).timeUnixMs,
    by: [String(record(7).from)],
  });
  expect(noteChange(changes, reply(9, 5))).toEqual([]);
  noteChange(changes, record(12, { kind: "erase", body: { seq: 5 } }));
  expect(withChanges(item, changes.get(5), "ana")).toMatchObject({
    state: "erased",
    replies: { count: 1 },
  });
  noteChange(changes, record(13, { kind: "erase", body: { seq: 7 } }));
  expect(counted()).toBeUndefined();
});

test("applies edits, reactions and erasures in any order of arrival", () => {
  const changes = new Map<number, Changes>();
  const edit = (seq: number, text: string) => record(seq, { kind: "edit", body: { seq: 5, text } });
  const react = (seq: number, from: string) =>
    record(seq, { kind: "reaction", from, body: { re: 5, react: "+" } });
  expect(noteChange(changes, edit(9, "new"))).toEqual([5]);
  const unreadable = { ...edit(10, "lost"), state: "damaged" } as const;
  for (const past of [edit(9, "new"), edit(7, "old"), unreadable])
    expect(noteChange(changes, past)).toEqual([]);
  for (const wrong of [{ body: { re: 5 } }, { body: { react: "+" } }, { from: undefined }])
    expect(noteChange(changes, { ...react(8, "ana"), ...wrong } as ChatRecord)).toEqual([]);
  noteChange(changes, react(11, "ana"));
  noteChange(changes, react(10, "ben"));
  expect(noteChange(changes, react(10, "ben"))).toEqual([]);
  noteChange(changes, react(12, "ben"));
  const item = itemOf(record(5), "ana", never);
  const changed = withChanges(item, changes.get(5), "ana");
  expect(changed.text).toBe("new");
  expect(changed.reactions).toEqual([{ sign: "+", by: ["ben", "ana"], mine: [11] }]);
  expect(withChanges(item, changes.get(5), "ben").reactions[0]?.mine).toEqual([10, 12]);
  expect(noteChange(changes, record(13, { kind: "erase", body: { seq: 11 } }))).toEqual([11, 5]);
  expect(withChanges(item, changes.get(5), "ana").reactions[0]?.by).toEqual(["ben"]);
  expect(noteChange(changes, react(11, "ana"))).toEqual([]);
  noteChange(changes, record(14, { kind: "erase", body: { seq: 5, also: [7, 9, "x"] } }));
  const mentioning = { ...item, mentionsMe: true };
  expect(withChanges(mentioning, changes.get(5), "ana")).toMatchObject({
    state: "erased",
    text: "",
    mentionsMe: false,
  });
  expect(withChanges(item, undefined, "ana")).toBe(item);
});

test("shows no item for invisible records, and groups only messages", () => {
  expect(
    ["room", "edit", "erase", "reaction"].every((kind) => hasNoItem(record(1, { kind }))),
  ).toBe(true);
  expect(hasNoItem(record(1, { kind: "later-kind" }))).toBe(false);
  expect(isMessage(itemOf(record(1, { kind: "join" }), undefined, never))).toBe(false);
  expect(isSameName("Ana", "aNA")).toBe(true);
  expect(isSameName(undefined, undefined)).toBe(false);
});

test("finds items by seq", () => {
  const items = [2, 5, 9].map((seq) => itemOf(record(seq), undefined, never));
  expect([1, 2, 3, 9, 10].map((seq) => indexOfSeq(items, seq))).toEqual([0, 0, 1, 2, 3]);
  expect(itemAt(items, 5)?.seq).toBe(5);
  expect(itemAt(items, 4)).toBeUndefined();
});
