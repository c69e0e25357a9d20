import { expect } from "bun:test";
import { READ_NOTICE_INTERVAL_MS } from "../../src/base/limits.ts";
import { followedThreads } from "../../src/core/model/selectors.ts";
import { updateAll } from "../../src/core/model/update.ts";
import { lobbyOf, recordEvent, scene } from "../core/model-scene.ts";
import { siteWith } from "../server/site.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

const REPLIES = 12;

/** A reader is away while another writes a root, and replies that only its thread shows. */
async function serverCounts(): Promise<void> {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const room = ana.roomId();
  const device = await site.again(ana, "ana");
  const { seq: root } = await site.wait(ben.post("the question"));
  const to = { outbox: "BBBBBBBBBBA", to: "lobby" };
  for (let counter = 1; counter <= REPLIES; counter++) {
    const body = { text: `reply ${counter}`, re: root, thread: true };
    await ben.request("post", { ...to, counter, body });
  }
  await site.wait(ben.post("in the room"));
  const { rooms } = await ana.request("rooms", {});
  expect(rooms.map(({ unread }) => unread)).toEqual([2]);
  const later = await site.again(ana, "ana", Number.MAX_SAFE_INTEGER);
  expect(later.all("room").find((one) => one.room === room)).toMatchObject({ unread: 2 });
  const n = ben.records.find(({ head }) => head.seq === root)?.head.n ?? 0;
  await ana.request("read", { room, n: n + REPLIES });
  await site.time.advance(READ_NOTICE_INTERVAL_MS + 50);
  expect(device.all("read").at(-1)).toMatchObject({ unread: 1 });
  await ben.request("erase", { seq: root + 1 });
  expect((await ana.request("rooms", {})).rooms.map(({ unread }) => unread)).toEqual([1]);
}

function modelCounts(): void {
  const reply = (seq: number) => recordEvent(seq, { body: { text: "reply", re: 2, thread: true } });
  const { model } = scene(recordEvent(2), reply(3), reply(4), recordEvent(5), reply(6));
  expect(lobbyOf(model).unread).toBe(2);
  const follows = [{ room: lobbyOf(model).id, seq: 2, on: true, read: 2, unread: 0, last: 2 }];
  const following = scene({ kind: "prefs", rooms: [], saved: [], follows }, recordEvent(2));
  const replied = updateAll(following.model, [reply(3), reply(4)]);
  expect(lobbyOf(replied.model).unread).toBe(1);
  expect(followedThreads(replied.model)).toMatchObject([{ isUnread: true, unread: 2 }]);
}

testRule("a reply is unread once, in its thread", "count unread messages", {
  page: modelCounts,
  "page: title and badge": modelCounts,
  "page: Activity": modelCounts,
  "full screen": modelCounts,
  "line mode": modelCounts,
  rooms: serverCounts,
  "rooms --json": serverCounts,
  "join --json": serverCounts,
  "IRC read marker": exempt("IRC shows replies in the room, where its client marks them as read"),
  push: exempt("a notification names one message, and counts none"),
  thread: heldBy("core/model/thread.test.ts", "counts unread replies in threads that are not"),
  "linked device": serverCounts,
});
