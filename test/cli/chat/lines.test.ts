import { expect, test } from "bun:test";
import { PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import { RecentMessages } from "../../../src/cli/chat/console.ts";
import { confirmHint, digitRows } from "../../../src/cli/chat/identity-lines.ts";
import { handedRow, membersLine } from "../../../src/cli/chat/slash-views.ts";
import type { DisplayBody } from "../../../src/cli/output/records.ts";
import type { DisplayRecord } from "../../../src/cli/output/render.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { INDONESIAN_TERMINAL } from "../../../src/ui/messages/id/terminal.ts";
import { eventBody } from "../output/event-body.ts";

const people = (count: number, isOnline: (i: number) => boolean) =>
  Array.from({ length: count }, (_, i) => ({ user: `p${i}`, online: isOnline(i), role: "member" }));

test("lists all members of a room and marks offline members", () => {
  const two = people(2, (i) => i === 0);
  expect(membersLine("lobby", two)(ENGLISH_TERMINAL)).toBe("lobby: p0, p1 (offline)");
  expect(membersLine("lobby", two)(INDONESIAN_TERMINAL)).toBe("lobby: p0, p1 (luring)");
  const full = people(PRESENCE_MEMBERS_MAX, () => false);
  expect(membersLine("lobby", full)(ENGLISH_TERMINAL).split(", ")).toHaveLength(
    PRESENCE_MEMBERS_MAX,
  );
});

test("tells late from missing work, and who has left", () => {
  const work = { user: "ana", messages: 2, files: 1, first: 5_000, at: 5_000 };
  const row = (more: object, texts = ENGLISH_TERMINAL) =>
    handedRow({ ...work, ...more }, texts, () => 60).replace(/^ana +/, "");
  const facts = "2  1  1970-01-01 01:00:05";
  expect(row({})).toBe(facts);
  expect(row({ due: 4_999 })).toBe(`${facts}  late`);
  expect(row({ due: 5_000, left: true })).toBe(`${facts}  in time, has left the room`);
  const stamp = "well-done";
  expect(row({ reply: "done", stamp, due: 4_999 })).toBe(`${facts}  late, Well done`);
  expect(row({ reply: "answered" }, INDONESIAN_TERMINAL)).toBe(`${facts}  dijawab`);
  // The stamp was on older work.
  expect(row({ stamp })).toBe(facts);
  expect(row({ due: 1, at: undefined, first: undefined }, INDONESIAN_TERMINAL)).toBe(
    "-  belum ada",
  );
});

test("marks operators, moderators, bots and muted members", () => {
  const users = [
    { user: "ana", online: true, role: "operator" },
    { user: "ben", online: false, role: "moderator", mutedUntil: 0 },
    { user: "dice", online: true, role: "member", bot: true },
  ];
  expect(membersLine("lobby", users)(ENGLISH_TERMINAL)).toBe(
    "lobby: ana (operator), ben (moderator, muted, offline), dice (bot)",
  );
});

test("counts the members of a large room and lists the first hundred online members", () => {
  const few = people(PRESENCE_MEMBERS_MAX + 1, (i) => i === 3 || i === 7);
  expect(membersLine("lobby", few)(ENGLISH_TERMINAL)).toBe("lobby: 501 people, 2 online: p3, p7");
  const crowd = people(600, (i) => i < 400);
  const many = membersLine("lobby", crowd)(ENGLISH_TERMINAL);
  expect(many).toStartWith("lobby: 600 people, 400 online: p0, p1, p2");
  expect(many).toEndWith(", p99 and 300 more");
});

function record(seq: number, from: string, body: DisplayBody): DisplayRecord {
  return { seq, timeUnixMs: 0, from, destination: { room: "lobby" }, ...body };
}

test("remembers the authors of messages and files, until they are erased", () => {
  const recent = new RecentMessages();
  const add = (shown: DisplayRecord) => recent.add(shown, "lobby");
  const imported = { from: "old bob", time: "" };
  add(record(1, "bob", { kind: "text", text: "x" }));
  add(record(2, "bob", eventBody("join")));
  add(record(3, "bob", { kind: "text", text: "x", imported }));
  add(record(4, "eva", { kind: "file", files: [] }));
  const authors = () => [1, 2, 3, 4].map((seq) => recent.authorOf(seq, "lobby"));
  expect(authors()).toEqual(["bob", undefined, "old bob (imported)", "eva"]);
  add(record(4, "eva", { kind: "erased" } as DisplayBody));
  expect(authors().at(-1)).toBeUndefined();
});

const digits = Array.from({ length: 12 }, (_, at) => `1${at}000`.slice(0, 5)).join(" ");
const former = digits.replaceAll("1", "2");

test("displays the digits of the old and the new key", () => {
  const rows = digitRows({ digits, former });
  expect(rows).toHaveLength(7);
  expect(rows[3]).toBe("previous:");
  expect(rows.slice(4).join(" ")).toBe(former);
  const unverified = { digits, isVerified: false };
  const changed = confirmHint("ben", { ...unverified, former }, "/verify ben")(ENGLISH_TERMINAL);
  expect(changed).toBe("ben's identity key has changed; confirm the digits that ben sees");
  const same = confirmHint("ben", unverified, "/verify ben")(ENGLISH_TERMINAL);
  expect(same).toBe('if ben sees the same digits, run /verify ben "DIGITS"');
});

test("describes a member of a sealed room in both languages", () => {
  const member = { user: "ben", devices: 2, hasBrowser: true, isMe: false };
  const marks = { isVerified: true, isChanged: true, isAdmin: true };
  const facts = { ...member, ...marks, isInvited: false };
  const changed = "verified; their key has changed: /verify ben";
  expect(ENGLISH_TERMINAL.sealedMember(facts)).toBe(
    `ben: 2 devices, including a browser; ${changed}; admin`,
  );
  expect(INDONESIAN_TERMINAL.sealedMember(facts)).toMatch(/^ben: 2 perangkat, termasuk peramban;/);
  const invited = { ...facts, isAdmin: false, isInvited: true };
  expect(ENGLISH_TERMINAL.sealedMember(invited)).toEndWith("; invited, has not joined yet");
});
