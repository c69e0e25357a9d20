import { expect } from "bun:test";
import { WALL_LINE_BYTES_MAX } from "../../../src/base/limits.ts";
import { rejection } from "../../rejection.ts";
import { labTest } from "../site-lab.ts";

labTest("sends a wall to moderators alone, also after a restart", async ({ site, ana, ben }) => {
  await ana.request("wall", { room: "lab", line: "Page 12" });
  await ana.request("wall", { room: "lab", timer: { runs: true, leftMs: 60_000 } });
  await site.quiet();
  const wall = {
    scene: "lesson",
    names: "first",
    line: "Page 12",
    timer: { lengthMs: 60_000, untilUnixMs: ana.room("lab")?.wall?.timer?.untilUnixMs },
  };
  expect(ana.room("lab")?.wall as object).toEqual(wall);
  expect(Math.abs((wall.timer.untilUnixMs ?? 0) - site.clock.unixMs() - 60_000)).toBeLessThan(
    1_000,
  );
  expect(ben.notices.some((notice) => notice.kind === "room" && notice.wall)).toBe(false);
  await site.restart();
  const again = await site.again(ana, "ana");
  await site.quiet();
  expect(again.room("lab")?.wall as object).toEqual(wall);
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
  await ana.request("wall", { room: "lab", line: "x".repeat(WALL_LINE_BYTES_MAX) });
  const tooLong = "x".repeat(WALL_LINE_BYTES_MAX + 1);
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
