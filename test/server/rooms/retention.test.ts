import { expect } from "bun:test";
import {
  CHUNK_BYTES,
  RETENTION_CHECK_INTERVAL_MS,
  RETENTION_MS_MAX,
  RETENTION_MS_MIN,
} from "../../../src/base/limits.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Site } from "../site.ts";
import { holds, labTest, operating } from "../site-lab.ts";

async function pass(site: Site, ms: number): Promise<void> {
  site.skewMs += ms;
  await site.time.advance(RETENTION_CHECK_INTERVAL_MS + 50);
}

labTest("erases older records and files only of that room", async ({ site, ana, ben, eve }) => {
  await operating(ana);
  await site.wait(ben.post("mellon old", "lab"));
  await site.wait(ben.post("mellon in the lobby", "lobby"));
  await new TestFile("old", CHUNK_BYTES + 5).upload(await channelOf(ben), ["lab"]);
  const { seq } = await ana.request("retention", { room: "lab", keepMs: 3_600_000 });
  await site.quiet();
  const record = eve.records.find(({ head }) => head.seq === seq);
  expect(record).toMatchObject({ head: { kind: "retention" }, body: { keepMs: 3_600_000 } });
  await pass(site, 1_800_000);
  expect(holds(site, "mellon old")).toBeTrue();
  await site.wait(ben.post("mellon young", "lab"));
  await pass(site, 1_800_000);
  await site.quiet();
  expect(holds(site, "mellon old")).toBeFalse();
  expect(holds(site, "mellon young")).toBeTrue();
  expect(holds(site, "mellon in the lobby")).toBeTrue();
  expect(site.disk.list("/d/files")).toHaveLength(0);
  const order = eve.records.find(({ head }) => head.kind === "erase");
  expect(order?.body).toMatchObject({ retention: true });
});

labTest(
  "erases at the start records that expired during a stop",
  async ({ site, ana, ben, eve }) => {
    await operating(ana);
    await site.wait(ben.post("mellon", "lab"));
    await ana.request("retention", { room: "lab", keepMs: 43_200_000 });
    await site.stop();
    site.skewMs += 43_200_001;
    await site.wait(site.start());
    await site.time.advance(100);
    expect(holds(site, "mellon")).toBeFalse();
    const again = await site.again(eve, "eve");
    await site.quiet();
    expect(again.room("lab")).toMatchObject({ keepMs: 43_200_000 });
  },
);

labTest("lets operators set and end retention within limits", async ({ site, ana, ben, eve }) => {
  expect(await ana.refusal("retention", { room: "lab", keepMs: 60_000 })).toBe("not-allowed");
  await operating(eve);
  for (const keepMs of [0, RETENTION_MS_MIN - 1, RETENTION_MS_MAX + 1, 1.5, -1]) {
    expect(await eve.refusal("retention", { room: "lab", keepMs })).toBe("frame-malformed");
  }
  expect(await eve.refusal("retention", { room: "nowhere" })).toBe("room-unknown");
  await eve.request("retention", { room: "lab", keepMs: RETENTION_MS_MAX });
  await eve.request("retention", { room: "lobby", keepMs: RETENTION_MS_MIN });
  await site.wait(ben.post("mellon", "lobby"));
  await eve.request("retention", { room: "lobby" });
  await pass(site, 3_600_000);
  expect(holds(site, "mellon")).toBeTrue();
});

labTest("tries again after a failure of the disk", async ({ site, ana, ben }) => {
  await operating(ana);
  await site.wait(ben.post("mellon", "lab"));
  await ana.request("retention", { room: "lab", keepMs: RETENTION_MS_MIN });
  site.trouble = (call) => (call === "write" ? "ENOSPC" : undefined);
  await pass(site, RETENTION_MS_MIN + 1);
  site.trouble = () => undefined;
  expect(holds(site, "mellon")).toBeTrue();
  await pass(site, 0);
  expect(holds(site, "mellon")).toBeFalse();
});
