import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { postQuestion } from "../../../src/ui/text/rules-text.ts";
import { scene } from "../../core/model-scene.ts";

test("asks before the first message in a room where only moderators saw the user's", () => {
  const room = { kind: "room", room: "r9" as RoomId, name: "hw", n: 1, skipped: 0 } as const;
  const closed = { ...room, rules: { post: "private" } } as const;
  const post: ModelEvent = {
    kind: "posted",
    key: "a",
    id: "a",
    to: "hw",
    body: { text: "for everyone" },
    writtenUnixMs: 1,
  };
  const asks = (...events: readonly ModelEvent[]) =>
    postQuestion(scene(...events).model, "hw", { text: "my work" }, ENGLISH)?.kind === "opened";
  expect(asks(room)).toBe(false);
  expect(asks(room, closed)).toBe(false);
  expect(asks(room, closed, room)).toBe(true);
  expect(asks(room, closed, room, { ...room, topic: "news" })).toBe(true);
  expect(asks(room, closed, { ...closed, moderates: true })).toBe(true);
  expect(asks(closed, room, closed)).toBe(false);
  expect(asks(closed, room, { ...post, to: "hw@ana" })).toBe(true);
  expect(asks(closed, room, { ...post, body: { text: "", react: "+", re: 4 } })).toBe(true);
  expect(asks(closed, room, post)).toBe(false);
  expect(asks(closed, room, post, closed, room)).toBe(true);
  expect(asks({ ...closed, moderates: true }, room)).toBe(false);
  expect(postQuestion(scene(closed, room).model, "hw", { text: "", react: "+" }, ENGLISH)).toBe(
    undefined,
  );
});
