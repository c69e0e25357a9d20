import { expect, test } from "bun:test";
import { PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import { whoLine } from "../../../src/cli/chat/who.ts";

const people = (count: number, isOnline: (i: number) => boolean) =>
  Array.from({ length: count }, (_, i) => ({ user: `p${i}`, online: isOnline(i) }));

test("a room's members are all named, and who is offline is marked", () => {
  const line = whoLine(
    "lobby",
    people(2, (i) => i === 0),
  );
  expect(line).toBe("lobby: p0, p1 (offline)");
  const full = whoLine(
    "lobby",
    people(PRESENCE_MEMBERS_MAX, () => false),
  );
  expect(full.split(", ")).toHaveLength(PRESENCE_MEMBERS_MAX);
});

test("of a large room the numbers are told, and the first hundred who are online", () => {
  const few = whoLine(
    "lobby",
    people(PRESENCE_MEMBERS_MAX + 1, (i) => i === 3 || i === 7),
  );
  expect(few).toBe("lobby: 501 people, 2 online: p3, p7");
  const many = whoLine(
    "lobby",
    people(600, (i) => i < 400),
  );
  expect(many).toStartWith("lobby: 600 people, 400 online: p0, p1, p2");
  expect(many).toEndWith(", p99 and 300 more");
});
