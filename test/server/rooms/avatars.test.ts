import { expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import { AVATAR_BYTES_MAX, AVATAR_CHANGES_PER_DAY } from "../../../src/base/limits-page.ts";
import { pngHead } from "../../cli/screen/pictures/test-png.ts";
import type { Guest } from "../guest.ts";
import type { Site } from "../site.ts";
import { lab, labTest, operating, TOKEN } from "../site-lab.ts";

const LOG = "/d/accounts/000000000001.jsonl";
const DAY_MS = 86_400_000;

function picture(fill: number, sizeBytes = 300): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(fill);
  bytes.set(pngHead(256, 256));
  return bytes;
}

function holds({ disk }: Site, bytes: Uint8Array): boolean {
  return Buffer.from(disk.fileAt(LOG).visible).toString().includes(toBase64Url(bytes));
}

async function pictureOf(guest: Guest, user: string): Promise<Uint8Array | undefined> {
  return (await guest.request("avatar", { user })).picture;
}

labTest("members see an avatar and its changes, and nothing of earlier ones", async (context) => {
  const { site, ana, ben } = context;
  expect(await ben.request("avatar", { user: "ana" })).toEqual({});
  await ana.request("avatar-set", { picture: picture(1) });
  await site.quiet();
  const [first] = ben.all("avatar-set");
  expect(first).toMatchObject({ user: "ana", version: expect.any(Number) });
  expect(ana.all("avatar-set")).toEqual(ben.all("avatar-set"));
  const { avatars } = await ben.request("avatars", { users: ["Ana", "ben", "nobody", "?"] });
  expect(avatars).toEqual([{ user: "Ana", version: first?.version ?? 0 }]);
  expect(await pictureOf(ben, "ana")).toEqual(picture(1));
  await ana.request("avatar-set", { picture: picture(2) });
  expect([holds(site, picture(1)), holds(site, picture(2))]).toEqual([false, true]);
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(await pictureOf(again, "ana")).toEqual(picture(2));
  const owner = await site.again(ana, "ana");
  await owner.request("avatar-set", {});
  await site.quiet();
  expect(again.all("avatar-set").at(-1)).toEqual({ kind: "avatar-set", user: "ana" });
  expect([holds(site, picture(2)), await pictureOf(again, "ana")]).toEqual([false, undefined]);
  await owner.request("avatar-set", {});
});

labTest("only operators remove the avatar of another user, and nobody sets it", async (context) => {
  const { site, ana, ben, eve } = context;
  await ana.request("avatar-set", { picture: picture(1) });
  expect(await ben.refusal("avatar-set", { user: "ana" })).toBe("not-allowed");
  await operating(eve);
  const set = { user: "ana", picture: picture(3) };
  expect(await eve.refusal("avatar-set", set)).toBe("not-allowed");
  expect(await pictureOf(ben, "ana")).toEqual(picture(1));
  await eve.request("avatar-set", { user: "ana" });
  expect([holds(site, picture(1)), await pictureOf(ben, "ana")]).toEqual([false, undefined]);
  const { events } = await eve.request("decisions", {});
  expect(events.at(-1)).toMatchObject({ decision: "avatar-gone", by: "eve", whom: "ana" });
  expect(await ben.refusal("avatar", { user: "nobody" })).toBe("user-unknown");
});

labTest("refuses what is too large or no picture, and keeps the avatar", async ({ site, ana }) => {
  const largest = picture(1, AVATAR_BYTES_MAX);
  await ana.request("avatar-set", { picture: largest });
  const set = (picture: Uint8Array) => ana.refusal("avatar-set", { picture });
  expect(await set(picture(1, AVATAR_BYTES_MAX + 1))).toBe("frame-malformed");
  expect(await set(Buffer.from("<svg/>"))).toBe("usage");
  expect(await set(new Uint8Array(pngHead(10_000, 10_000)))).toBe("usage");
  expect(await pictureOf(ana, "ana")).toEqual(largest);
  expect(site.events.filter(({ kind }) => kind === "warning")).toEqual([]);
});

labTest("two devices that set an avatar at once leave one picture", async ({ site, ana }) => {
  const other = await site.again(ana, "ana");
  await ana.request("avatar-set", { picture: picture(1) });
  const all = [ana.send("avatar-set", { picture: picture(2) })];
  all.push(other.send("avatar-set", { picture: picture(3) }));
  await site.wait(Promise.all(all));
  const held = [1, 2, 3].filter((fill) => holds(site, picture(fill)));
  expect(held).toHaveLength(1);
  expect(await pictureOf(ana, "ana")).toEqual(picture(held[0] ?? 0));
});

labTest("limits the changes per day, also of requests sent at once", async ({ site, ana, ben }) => {
  const sends = Array.from({ length: AVATAR_CHANGES_PER_DAY + 3 }, (_, i) =>
    ana.send("avatar-set", { picture: picture(i) }),
  );
  const results = await site.wait(Promise.allSettled(sends));
  const accepted = results.filter(({ status }) => status === "fulfilled").length;
  expect(accepted).toBeLessThanOrEqual(AVATAR_CHANGES_PER_DAY);
  for (let i = accepted; i < AVATAR_CHANGES_PER_DAY; i++)
    await ana.request("avatar-set", { picture: picture(i) });
  expect(await ana.refusal("avatar-set", { picture: picture(50) })).toBe("too-many");
  await ben.request("avatar-set", { picture: picture(60) });
  await ana.request("avatar-set", {});
  site.skewMs += DAY_MS;
  await ana.request("avatar-set", { picture: picture(51) });
});

test("the removal of an account erases its avatar", async () => {
  const { site, ana, ben } = await lab({ operatorToken: TOKEN });
  await ana.request("avatar-set", { picture: picture(1) });
  await ana.request("unregister", {});
  await site.quiet();
  expect(holds(site, picture(1))).toBe(false);
  expect(ben.all("avatar-set").at(-1)).toEqual({ kind: "avatar-set", user: "ana" });
  expect(await ben.refusal("avatar", { user: "ana" })).toBe("user-unknown");
});

labTest("a start ends a change that a crash interrupted", async ({ site, ana, ben }) => {
  await ana.request("avatar-set", { picture: picture(1) });
  const before = site.disk.fileAt(LOG).visible.slice();
  await ana.request("avatar-set", { picture: picture(2) });
  // As if the crash had left only the first of the two records, before anything was blank.
  await site.restartWith(LOG, (bytes) => {
    const lines = Buffer.from(bytes).toString().split("\n");
    const end = lines.findIndex((line) => line.includes('"kind":"avatar-gone"'));
    const first = Buffer.from(before).toString().split("\n");
    return Buffer.from(
      [...first.slice(0, -1), ...lines.slice(first.length - 1, end), ""].join("\n"),
    );
  });
  await site.quiet();
  expect([holds(site, picture(1)), holds(site, picture(2))]).toEqual([false, true]);
  expect(await pictureOf(await site.again(ben, "ben"), "ana")).toEqual(picture(2));
});
