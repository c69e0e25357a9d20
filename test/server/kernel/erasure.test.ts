import { expect, test } from "bun:test";
import { EDITS_PER_RECORD_MAX } from "../../../src/base/limits.ts";
import { headOf } from "../guest.ts";
import type { Site } from "../site.ts";
import { lab, labTest, operating, siteTest } from "../site-lab.ts";

labTest("lets users edit only their own messages", async ({ site, ana, ben, eve }) => {
  const { seq } = await site.wait(ben.post("helo", "lab"));
  const { seq: edit } = await ben.request("edit", { seq, text: "hello" });
  await site.quiet();
  const record = eve.records.find(({ head }) => head.seq === edit);
  expect(record).toMatchObject({
    from: "ben",
    head: { kind: "edit" },
    body: { seq, text: "hello" },
  });
  await operating(ana);
  expect(await ana.refusal("edit", { seq, text: "mine" })).toBe("not-allowed");
  expect(await ben.refusal("edit", { seq, text: "" })).toBe("text-invalid");
  expect(await ben.refusal("edit", { seq: 9_999, text: "x" })).toBe("not-found");
  expect(await ben.refusal("edit", { seq: edit, text: "x" })).toBe("not-allowed");
  await ben.request("leave", { room: "lab" });
  expect(await ben.refusal("edit", { seq, text: "x" })).toBe("not-member");
});

labTest("limits the edits of a message", async ({ site, ben }) => {
  const { seq } = await site.wait(ben.post("0", "lab"));
  for (let i = 0; i < EDITS_PER_RECORD_MAX; i++) await ben.request("edit", { seq, text: `${i}` });
  expect(await ben.refusal("edit", { seq, text: "x" })).toBe("too-many");
});

labTest(
  "reveals nothing unreadable through edits and erasures",
  async ({ site, ana, ben, eve }) => {
    const { seq } = await site.wait(ana.post("psst", "@ben"));
    for (const kind of ["edit", "erase"] as const) {
      expect(await eve.refusal(kind, { seq, text: "x" })).toBe("not-found");
      expect(await ben.refusal(kind, { seq, text: "x" })).toBe("not-allowed");
    }
    await operating(eve);
    expect(await eve.refusal("erase", { seq })).toBe("not-found");
    await ana.request("erase", { seq });
  },
);

const bytesOf = (site: Site) =>
  Buffer.concat(
    site.disk
      .list("/d/history")
      .map((name) => Buffer.from(site.disk.fileAt(`/d/history/${name}`).visible)),
  ).toString();

labTest("erases a message and its edits from the disk", async ({ site, ben, eve }) => {
  const { seq } = await site.wait(ben.post("a secret slipped", "lab"));
  const { seq: edit } = await ben.request("edit", { seq, text: "a secret slipped again" });
  const { seq: order } = await ben.request("erase", { seq });
  expect(bytesOf(site)).not.toContain("slipped");
  await site.quiet();
  const record = eve.records.find(({ head }) => head.seq === order);
  expect(record).toMatchObject({ head: { kind: "erase" }, body: { seq, also: [edit] } });
  expect(await ben.refusal("erase", { seq })).toBe("not-found");
  expect(await ben.refusal("edit", { seq, text: "x" })).toBe("not-found");
  await site.restart();
  const again = await site.again(eve, "eve");
  const { records } = await again.request("history", { target: "lab", limit: 50 });
  expect(records.filter(({ erased }) => erased === order)).toHaveLength(2);
  const kinds = records.map((record) => headOf(record).kind);
  expect(kinds).not.toContain("erase");
});

test("lets moderators erase in their rooms, and operators anywhere", async () => {
  const { site, ana, ben, eve } = await lab();
  const inLab = await site.wait(ben.post("one", "lab"));
  const inLobby = await site.wait(ben.post("two", "lobby"));
  expect(await eve.refusal("erase", { seq: inLab.seq })).toBe("not-allowed");
  await ana.request("erase", { seq: inLab.seq });
  expect(await ana.refusal("erase", { seq: inLobby.seq })).toBe("not-allowed");
  await ana.request("leave", { room: "lobby" });
  await operating(ana);
  await ana.request("erase", { seq: inLobby.seq });
  expect(await ana.refusal("erase", { seq: 1 })).toBe("not-allowed");
});

test("finishes an erasure at the next start if the machine stops", async () => {
  const seen = new Set<string>();
  for (let calls = 1; !seen.has("acknowledged"); calls++) {
    expect(calls).toBeLessThan(60);
    const { site, ben } = await lab();
    const { seq } = await site.wait(ben.post("a secret slipped", "lab"));
    site.disk.stopAt(site.disk.calls + calls);
    let isAcked = false;
    ben.send("erase", { seq }).then(
      () => {
        isAcked = true;
      },
      () => undefined,
    );
    await site.time.advance(200);
    if (!site.disk.isStopped) expect(isAcked).toBe(true);
    site.disk.losePower();
    await site.restartAfterCrash();
    const text = bytesOf(site);
    const isErased = isAcked || text.includes('"kind":"erase"');
    if (isErased) expect(text).not.toContain("slipped");
    else expect(text).toContain("slipped");
    seen.add(isAcked ? "acknowledged" : isErased ? "erased" : "not erased");
  }
  expect([...seen].sort()).toEqual(["acknowledged", "erased", "not erased"]);
});

siteTest("removes an old password from the disk", async (site) => {
  const ana = await site.member("ana", "first");
  const bytes = () => Buffer.from(site.disk.fileAt("/d/accounts/000000000001.jsonl").visible);
  expect(bytes().includes("hash of first")).toBe(true);
  await site.wait(
    Promise.all([
      ana.send("passwd", { password: "second", current: "first" }),
      ana.send("passwd", { password: "third", current: "first" }),
    ]),
  );
  for (const old of ["first", "second"]) expect(bytes().includes(`hash of ${old}`)).toBe(false);
  await site.restart();
  await site.byPassword("ana", "third");
});
