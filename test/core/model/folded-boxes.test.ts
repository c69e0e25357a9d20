import { expect, test } from "bun:test";
import { withFoldedBoxes } from "../../../src/core/model/folded-boxes.ts";
import type { RoomListEntry } from "../../../src/core/model/selectors.ts";

function entry(target: string, more: Partial<RoomListEntry> = {}): RoomListEntry {
  return {
    id: undefined,
    target,
    kind: "room",
    name: target,
    unread: 0,
    mentions: 0,
    badge: 0,
    isOpen: false,
    isOnline: undefined,
    isIgnored: false,
    isFavourite: false,
    isMuted: false,
    isSealed: false,
    isLocked: false,
    post: undefined,
    hasDraft: false,
    activeSeq: 1,
    isFirst: false,
    ...more,
  };
}

const UNREAD = { unread: 2, mentions: 1, badge: 2, activeSeq: 9, isFirst: true };

test("adds unread boxes of others to the row of their room", () => {
  const folded = withFoldedBoxes(
    [entry("Essay"), entry("essay@ana", UNREAD), entry("essay@ben"), entry("@ana", UNREAD)],
    "me",
  );
  expect(folded.map(({ target, newBoxes, unread }) => [target, newBoxes, unread])).toEqual([
    ["Essay", 1, 2],
    ["@ana", 0, 2],
  ]);
  expect(folded[0]).toMatchObject({ mentions: 1, badge: 2, activeSeq: 9, isFirst: true });
});

test("keeps the open box, the own box, and boxes without a row of their room", () => {
  const folded = withFoldedBoxes(
    [
      ...[entry("essay"), entry("essay@ana", { ...UNREAD, isOpen: true }), entry("essay@ME")],
      entry("other@ana", UNREAD),
    ],
    "me",
  );
  expect(folded.map(({ target, newBoxes, unread }) => [target, newBoxes, unread])).toEqual([
    ["essay", 0, 0],
    ["essay@ana", 0, 2],
    ["essay@ME", 0, 0],
    ["other@ana", 0, 2],
  ]);
});
