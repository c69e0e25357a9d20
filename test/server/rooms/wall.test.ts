import { expect } from "bun:test";
import { TOPIC_BYTES_MAX } from "../../../src/base/limits.ts";
import { rejection } from "../../rejection.ts";
import { labTest } from "../site-lab.ts";

labTest("sends a wall to moderators alone, also after a restart", async ({ site, ana, ben }) => {
  await ana.request("wall", { room: "lab", line: "Page 12" });
  await ana.request("wall", { room: "lab", runs: true, leftMs: 60_000 });
  await site.quiet();
  const wall = {
    scene: "lesson",
    names: "first",
    line: "Page 12",
    lengthMs: 60_000,
    until: ana.room("lab")?.wall?.until,
    leftMs: ana.room("lab")?.wall?.leftMs,
  };
  expect(ana.room("lab")?.wall as object).toEqual(wall);
  expect(Math.abs((wall.until ?? 0) - site.clock.unixMs() - 60_000)).toBeLessThan(1_000);
  expect(ben.notices.some((notice) => notice.kind === "room" && notice.wall)).toBe(false);
  await site.restart();
  const again = await site.again(ana, "ana");
  await site.quiet();
  const { until } = wall;
  expect(again.room("lab")?.wall).toMatchObject({ line: "Page 12", until });
  await site.time.advance(20_000);
  await again.request("wall", { room: "lab", scene: "timer" });
  await site.quiet();
  const { leftMs = 0 } = again.room("lab")?.wall ?? {};
  expect(Math.abs(leftMs - 40_000)).toBeLessThan(2_000);
  await again.request("wall", { room: "lab", on: false });
  await site.quiet();
  expect(again.room("lab")?.wall).toBeUndefined();
});

labTest("refuses a wall from members and about people", async ({ site, ana, ben }) => {
  expect(await rejection(ben.request("wall", { room: "lab" }))).toMatchObject({
    code: "not-allowed",
    message: "only moderators can show 'lab' on a wall",
  });
  expect(await ben.refusal("wall", { room: "nowhere" })).toBe("room-unknown");
  await ana.request("wall", { room: "lab", line: "x".repeat(TOPIC_BYTES_MAX) });
  const tooLong = "x".repeat(TOPIC_BYTES_MAX + 1);
  expect(await ana.refusal("wall", { room: "lab", line: tooLong })).toBe("too-large");
  await site.quiet();
});

labTest("a wall goes with the rights of its moderator", async ({ site, ana, ben, eve }) => {
  await ana.request("wall", { room: "lab" });
  await ana.request("grant", { room: "lab", user: "ben", on: true });
  await site.quiet();
  expect(ben.room("lab")?.wall).toBeDefined();
  await ana.request("grant", { room: "lab", user: "ben", on: false });
  await site.quiet();
  expect(ben.room("lab")?.wall).toBeUndefined();
  expect(ben.room("lab")?.moderates).toBeUndefined();
  expect(eve.room("lab")?.wall).toBeUndefined();
});
