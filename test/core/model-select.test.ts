import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import {
  isIgnored,
  knownNames,
  openRoom,
  refusedPosts,
  roomLines,
  roomOf,
  unreadOf,
} from "../../src/core/model-select.ts";
import { BEN, LOBBY, lobbyOf, record, said, scene } from "./model-scene.ts";

const mention = { text: "@ana", mentions: ["ana"] };

test("lines of rooms and people, with what is unread and who calls", () => {
  const direct = { kind: "person", name: "ben", id: BEN, topic: "" } as const;
  const { model } = scene(
    said(2, { body: mention }),
    said(3),
    { kind: "record", record: record(4, { n: 1, room: direct }) },
    { kind: "presence", room: LOBBY, user: "Ben", online: true },
    { kind: "draft", target: "lobby", draft: { text: "half" } },
    { kind: "open", target: "@cleo" },
  );
  const lines = roomLines(model);
  expect(lines.rooms).toEqual([
    expect.objectContaining({ target: "lobby", unread: 2, calls: 1, hasDraft: true }),
  ]);
  expect(lines.people.map(({ target, unread, isOnline }) => [target, unread, isOnline])).toEqual([
    ["@cleo", 0, undefined],
    ["@ben", 1, true],
  ]);
  expect([lines.unread, lines.calls]).toEqual([3, 2]);
  expect(knownNames(model)).toEqual(["ben"]);
  expect(roomOf(model, "#LOBBY")?.id).toBe(LOBBY);
  expect(openRoom(model)).toBeUndefined();
  expect(unreadOf(lobbyOf(model))).toBe(2);
});

test("whoever is ignored neither calls nor counts", () => {
  const { model } = scene({ kind: "ignored", users: ["ben"] }, said(2, { body: mention }));
  expect(isIgnored(model, "Ben")).toBe(true);
  expect(roomLines(model).calls).toBe(0);
});

test("refused posts are there to be sent again", () => {
  const fault = new Fault("muted", "you are muted");
  const post = { key: "k", id: "k", to: "lobby", body: { text: "x" }, writtenUnixMs: 0 };
  const { model } = scene(
    { kind: "posted", ...post },
    {
      kind: "settled",
      key: "k",
      outcome: { kind: "refused", fault },
    },
  );
  expect(refusedPosts(model).map(({ key }) => key)).toEqual(["k"]);
});
