import { expect, test } from "bun:test";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import {
  accountsAlike,
  displayedLike,
  PeopleIndex,
  shownName,
} from "../../../src/core/model/people.ts";
import { openRoom } from "../../../src/core/model/selectors.ts";
import type { Member } from "../../../src/core/model/state.ts";
import { TINTS, tintOf } from "../../../src/core/model/tint.ts";
import { LOBBY, recordEvent, scene } from "../model-scene.ts";

const member = (name: string, role = "member"): Member => ({ name, isOnline: false, role });
const NAMES = Array.from({ length: TINTS.length }, (_, i) => `Bu_Sari${i}`);
const MEMBERS: ModelEvent = { kind: "members", room: LOBBY, members: NAMES.map((n) => member(n)) };
const OPEN: ModelEvent = { kind: "open", target: "lobby" };

const peopleAfter = (index: PeopleIndex, ...events: readonly ModelEvent[]) => {
  const { model } = scene(recordEvent(1), OPEN, ...events);
  return index.of(openRoom(model), model);
};

test("gives a person the same tint in each room, however many people are there", () => {
  const all = peopleAfter(new PeopleIndex(), MEMBERS);
  const [one = ""] = NAMES;
  const alone = peopleAfter(new PeopleIndex(), { ...MEMBERS, members: [member(one)] });
  const tints = [all, alone].map((people) => people.get(one.toLowerCase())?.tint);
  expect(tints).toEqual([tintOf(one), tintOf(one)]);
});

test("returns the same people after presence, and others after a mute or a join", () => {
  const index = new PeopleIndex();
  const people = peopleAfter(index, MEMBERS);
  const name = NAMES[3] ?? "";
  const online: ModelEvent = { kind: "presence", room: LOBBY, user: name, online: true };
  expect(peopleAfter(index, MEMBERS, online)).toBe(people);
  const mute = recordEvent(2, { kind: "mute", body: { name, on: true } });
  const muted = peopleAfter(index, MEMBERS, mute);
  expect(muted.get(name.toLowerCase())).toMatchObject({ role: "member", mutedUntilUnixMs: 0 });
  const joined = peopleAfter(index, MEMBERS, recordEvent(2, { kind: "join", from: "cleo" }));
  expect(joined.get("cleo")).toEqual({ tint: tintOf("cleo"), role: "member" });
});

test("keeps the marks of a room until its members are known over a new link", () => {
  const index = new PeopleIndex();
  const people = peopleAfter(index, MEMBERS);
  expect(peopleAfter(index)).toBe(people);
  expect(index.of(undefined, { me: "ana" }).size).toBe(0);
});

test("shows valid display names, and finds people by them", () => {
  const names = [
    ["Ben", "Bén Ruíz"],
    ["eve", "\u202eben"],
    ["mallory", "Operator"],
  ] as const;
  const cleo = { ...member("cleo"), displayName: "Cléo" };
  const listed: ModelEvent = { kind: "members", room: LOBBY, members: [member("ana"), cleo] };
  const { model } = scene(recordEvent(1), OPEN, { kind: "named", names }, listed);
  const shown = ["BEN", "eve", "mallory", "cleo", "ana"].map((name) => shownName(model, name));
  expect(shown).toEqual(["Bén Ruíz", "eve", "mallory", "Cléo", "ana"]);
  const people = ["ben", "@cleo", "ana"];
  expect(displayedLike(model, people, "RUI")).toEqual(["ben"]);
  expect(displayedLike(model, people, "cleo")).toEqual(["@cleo"]);
  expect(displayedLike(model, people, "")).toEqual([]);
  const gone = scene(
    recordEvent(1),
    { kind: "named", names },
    { kind: "named", names: [["ben", undefined]] },
  );
  expect(shownName(gone.model, "ben")).toBe("ben");
});

test("finds accounts whose names look alike, although the server should refuse them", () => {
  const names = [
    ["ben", "Bén Ruíz"],
    ["eve", "Ben Ru1z"],
    ["cleo", "Cléo"],
    ["fay", "Ana"],
    ["dora", "Dora"],
  ] as const;
  const { model } = scene({ kind: "named", names });
  const alike = accountsAlike(model, ["Ben", "eve", "cleo", "fay", "ana", "dora"]);
  expect([...alike].sort()).toEqual(["ana", "ben", "eve", "fay"]);
  expect(accountsAlike(model, ["ben", "cleo", "dora"]).size).toBe(0);
});
