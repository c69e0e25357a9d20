import { expect, test } from "bun:test";
import { MINUTE_MS } from "../../../src/base/time.ts";
import type { SendRequest } from "../../../src/client/link/queries.ts";
import { RoomLists } from "../../../src/web/driver/room-lists.ts";
import { rejection } from "../../rejection.ts";

function entry(room: string) {
  return { room, topic: "", members: 1, joined: false, sealed: false, locked: false };
}

test("many readers share one list for a minute, which has all pages", async () => {
  const asked: unknown[] = [];
  const request = (async (_kind: string, { after }: { after?: string }) => {
    asked.push(after);
    return after === undefined
      ? { rooms: [entry("art")], more: true }
      : { rooms: [entry("math")], more: false };
  }) as unknown as SendRequest;
  let nowMs = 0;
  const lists = new RoomLists(request, () => nowMs);
  const [first, second] = await Promise.all([lists.recent(), lists.recent()]);
  expect([first.map(({ room }) => room), second]).toEqual([["art", "math"], first]);
  expect(asked).toEqual([undefined, "art"]);
  nowMs = MINUTE_MS;
  await lists.recent();
  expect(asked).toHaveLength(4);
});

test("a failed request is asked again", async () => {
  let fails = true;
  const request = (async () => {
    if (fails) throw new Error("lost");
    return { rooms: [], more: false };
  }) as unknown as SendRequest;
  const lists = new RoomLists(request, () => 0);
  expect(await rejection(lists.recent())).toMatchObject({ message: "lost" });
  fails = false;
  expect(await lists.recent()).toEqual([]);
});
