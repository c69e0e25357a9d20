import { expect, test } from "bun:test";
import { PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import { confirmHint, digitRows } from "../../../src/cli/chat/identity-lines.ts";
import { membersLine } from "../../../src/cli/chat/members-line.ts";
import { RecentMessages } from "../../../src/cli/chat/recent-messages.ts";
import type { Destination, DisplayBody, DisplayRecord } from "../../../src/cli/output/render.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { INDONESIAN_TERMINAL } from "../../../src/ui/messages/id/terminal.ts";

const people = (count: number, isOnline: (i: number) => boolean) =>
  Array.from({ length: count }, (_, i) => ({ user: `p${i}`, online: isOnline(i) }));

test("lists all members of a room and marks offline members", () => {
  const two = people(2, (i) => i === 0);
  expect(membersLine("lobby", two)(ENGLISH_TERMINAL)).toBe("lobby: p0, p1 (offline)");
  expect(membersLine("lobby", two)(INDONESIAN_TERMINAL)).toBe("lobby: p0, p1 (luring)");
  const full = people(PRESENCE_MEMBERS_MAX, () => false);
  expect(membersLine("lobby", full)(ENGLISH_TERMINAL).split(", ")).toHaveLength(
    PRESENCE_MEMBERS_MAX,
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

const TEXT: DisplayBody = { kind: "text", text: "x" };
const FILE: DisplayBody = { kind: "file", id: "f", name: "a", sizeBytes: 1, digest: "", chunks: 1 };

function record(
  seq: number,
  from: string,
  destination: Destination,
  body: DisplayBody = TEXT,
): DisplayRecord {
  return { seq, timeUnixMs: 0, from, destination, ...body };
}

test("finds the last message of another user in a room or conversation", () => {
  const recent = new RecentMessages();
  expect(recent.last("lobby", "ana", "other")).toBeUndefined();
  recent.add(record(1, "bob", { room: "Lobby" }));
  recent.add(record(2, "bob", { to: "ana" }));
  recent.add(record(3, "ana", { room: "Lobby" }));
  recent.add(record(4, "eva", { room: "cellar" }));
  recent.add(record(5, "bob", { room: "Lobby" }, { kind: "join" }));
  expect([recent.last("lobby", "ana", "other"), recent.last("@bob", "ana", "other")]).toEqual([
    1, 2,
  ]);
  recent.add(record(0, "eva", { room: "lobby" }));
  expect(recent.last("lobby", "ana", "other")).toBe(1);
  expect([recent.authorOf(4), recent.authorOf(5)]).toEqual(["eva", undefined]);
  recent.add(record(6, "bob", { room: "lobby" }, FILE));
  recent.add(record(7, "ana", { room: "lobby" }, FILE));
  expect(recent.last("lobby", "ana", "other")).toBe(6);
  expect(recent.last("lobby", "ana", "own")).toBe(3);
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
  const facts = { ...member, isVerified: true, isChanged: true, isAdmin: true };
  const changed = "verified; their key has changed: /verify ben";
  expect(ENGLISH_TERMINAL.sealedMember(facts)).toBe(
    `ben: 2 devices, including a browser; ${changed}; admin`,
  );
  expect(INDONESIAN_TERMINAL.sealedMember(facts)).toMatch(/^ben: 2 perangkat, termasuk peramban;/);
});
