import { expect, test } from "bun:test";
import { CHUNK_BYTES, ERASED_PER_ORDER_MAX } from "../../../src/base/limits.ts";
import { rejection } from "../../rejection.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { siteWith } from "../site.ts";
import { holds, lab, labTest, operating, TOKEN } from "../site-lab.ts";

async function eraseAll(guest: Guest, whose: { user?: string } = {}): Promise<number[]> {
  const parts: number[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const part: { erased: number; next?: number | undefined } = await guest.request("erase-all", {
      ...whose,
      after,
    });
    parts.push(part.erased);
    after = part.next;
  }
  return parts;
}

test("erases all messages and files of one account, and no others", async () => {
  const { site, ana, ben, eve } = await lab();
  const { seq } = await site.wait(ben.post("mellon one", "lab"));
  await ben.request("edit", { seq, text: "mellon two" });
  await site.wait(ben.post("mellon three", "@eve"));
  await site.wait(ana.post("keep this", "lab"));
  const answer = await site.wait(ana.post("and this", "lab"));
  const react = { outbox: "reactAAAAAA", counter: 1, to: "lab", body: { text: "", react: "!" } };
  await ben.request("post", { ...react, body: { ...react.body, re: answer.seq } });
  await new TestFile("one", CHUNK_BYTES + 5).upload(await channelOf(ben));
  expect(site.disk.list("/d/files")).toHaveLength(1);
  await operating(ana);
  expect(await eraseAll(ana, { user: "ben" })).toEqual([5]);
  expect(holds(site, "mellon")).toBeFalse();
  expect(holds(site, "keep this")).toBeTrue();
  expect(site.disk.list("/d/files")).toHaveLength(0);
  expect(await eraseAll(ana, { user: "ben" })).toEqual([0]);
  await site.quiet();
  const orders = eve.records.filter(({ head }) => head.kind === "erase");
  expect(orders.map(({ body }) => body?.["seq"])).toContain(seq);
  await site.restart();
  const again = await site.again(eve, "eve");
  const { records } = await again.request("history", { target: "@ben", limit: 9 });
  expect(records.map(({ body }) => body)).toEqual([undefined]);
});

test("lets only the account and operators erase, after its removal too", async () => {
  const { site, ana, ben, eve } = await lab();
  await site.wait(ben.post("mellon", "lab"));
  expect(await eve.refusal("erase-all", { user: "ben" })).toBe("not-allowed");
  expect(await eve.refusal("erase-all", { user: "nobody" })).toBe("user-unknown");
  await operating(ana);
  await ana.request("remove", { user: "ben" });
  expect(holds(site, "mellon")).toBeTrue();
  expect(await eraseAll(ana, { user: "ben" })).toEqual([1]);
  expect(holds(site, "mellon")).toBeFalse();
});

labTest("erases in steps while others post", async ({ site, ana, ben }) => {
  const count = ERASED_PER_ORDER_MAX + 20;
  await site.wait(
    Promise.all(Array.from({ length: count }, (_, i) => ben.post(`mellon ${i}`, "lab"))),
  );
  const erasing = eraseAll(ben);
  const posted = await site.wait(ana.post("meanwhile", "lab"));
  expect(posted.seq).toBeGreaterThan(count);
  expect(await site.wait(erasing)).toEqual([ERASED_PER_ORDER_MAX, 20]);
  expect(holds(site, '"mellon')).toBeFalse();
});

test("keeps erasure orders across a crash", async () => {
  for (let calls = 1; calls < 40; calls += 3) {
    const { site, ben, eve } = await lab();
    for (let i = 0; i < 6; i++) await site.wait(ben.post(`mellon ${i}`, i < 3 ? "lab" : "@eve"));
    site.disk.stopAt(site.disk.calls + calls);
    eraseAll(ben).catch(() => undefined);
    await site.time.advance(200);
    site.disk.losePower();
    await site.restartAfterCrash();
    const again = await site.again(ben, "ben");
    await eraseAll(again);
    expect(holds(site, "mellon")).toBeFalse();
    expect(eve.records.length).toBeGreaterThan(0);
  }
});

test("unregisters one's own account permanently", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { operatorToken: TOKEN });
  await site.wait(ben.post("mellon", "lobby"));
  await eraseAll(ben);
  await ben.request("unregister", {});
  expect((await ben.untilEnded()).fault?.code).toBe("login-refused");
  await site.quiet();
  const { users } = await ana.request("who", { room: "lobby" });
  expect(users.map(({ user }) => user)).toEqual(["ana"]);
  await site.restart();
  expect(await rejection(site.again(ben, "ben"))).toMatchObject({ code: "login-refused" });
});
