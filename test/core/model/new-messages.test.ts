import { expect, test } from "bun:test";
import { newMessagesOf } from "../../../src/core/model/new-messages.ts";
import type { RoomState } from "../../../src/core/model/state.ts";
import { lobbyOf, scene } from "../model-scene.ts";

const lobby = lobbyOf(scene({ kind: "open", target: "lobby" }).model);

function room(change: Partial<RoomState>): RoomState {
  return { ...lobby, readAtOpening: 5, last: 50, unread: 20, mentions: [], ...change };
}

test("stay the same while the user reads, and end with the line", () => {
  const calls = [{ seq: 9, n: 9 }];
  const first = newMessagesOf(room({ unread: 40, mentions: calls }), undefined, true);
  expect(first).toMatchObject({ unread: 40, calls, last: 50, hasCard: true });
  expect(newMessagesOf(room({ unread: 3, last: 60 }), first, true)).toBe(first);
  expect(newMessagesOf(room({ readAtOpening: undefined }), first, true)).toBeUndefined();
  expect(newMessagesOf(room({ readAtOpening: 60 }), first, true)).toBeUndefined();
});

test("grow until the user looks at more than thirty", () => {
  const first = newMessagesOf(room({ unread: 30 }), undefined, true);
  expect(first).toMatchObject({ unread: 30, hasCard: false });
  const away = newMessagesOf(room({ unread: 34, last: 54 }), first, false);
  expect(away).toMatchObject({ unread: 34, last: 54, hasCard: false });
  const back = newMessagesOf(room({ unread: 34, last: 54 }), away, true);
  expect(back).toMatchObject({ unread: 34, hasCard: true });
  expect(newMessagesOf(room({ unread: 36, last: 56 }), back, true)).toBe(back as never);
});

test("keep the calls that were read since, and count none in conversations", () => {
  const first = newMessagesOf(room({ mentions: [{ seq: 9, n: 9 }] }), undefined, true);
  const next = newMessagesOf(room({ unread: 21, mentions: [{ seq: 51, n: 51 }] }), first, true);
  expect(next?.calls.map(({ n }) => n)).toEqual([9, 51]);
  const mentions = [{ seq: 9, n: 9 }];
  expect(newMessagesOf(room({ kind: "person", mentions }), undefined, true)?.calls).toEqual([]);
});
