import { expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import type { Head } from "../../src/wire/record.ts";
import { channelOf, download, TestFile } from "./data-channel.ts";
import { type Guest, headOf } from "./guest.ts";
import { lab, labTest } from "./site-lab.ts";

const FILE = new TestFile("file", CHUNK_BYTES + 3);

async function filesIn(guest: Guest, target?: string): Promise<Head[]> {
  const where = target === undefined ? {} : { target };
  const { records } = await guest.request("history", { ...where, files: true, limit: 100 });
  return records.map(headOf);
}

labTest("records a repeatedly finished file once per room", async ({ site, ana, ben }) => {
  const lane = await channelOf(ana);
  await lane.request("offer", FILE.offer(["lab", "@ben", "lobby"]));
  FILE.sendAll(lane);
  const [one, two] = [lane.send("finish", FILE.finish), lane.send("finish", FILE.finish)];
  const first = await site.wait(one);
  expect(first.posted.map(({ to }) => to)).toEqual(["lab", "@ben", "lobby"]);
  expect(await site.wait(two)).toEqual(first);
  expect(await lane.request("finish", FILE.finish)).toEqual(first);
  const other = await channelOf(ana);
  expect(await other.request("offer", FILE.offer(["lobby", "lab", "@ben"]))).toMatchObject({
    have: 2,
  });
  expect(await other.request("finish", FILE.finish)).toEqual(first);
  await site.restart();
  const again = await channelOf(await site.again(ana, "ana"));
  expect(await again.request("offer", FILE.offer(["lab", "@ben", "lobby"]))).toMatchObject({
    have: 2,
  });
  const last = await again.request("finish", FILE.finish);
  expect(last.posted.map(({ seq }) => seq)).toEqual(first.posted.map(({ seq }) => seq));
  expect(last.posted[1]?.queued).toBe(true);
  expect(await filesIn(await site.again(ben, "ben"))).toHaveLength(3);
});

test("records a finished file once despite crashes", async () => {
  let wasStopped = true;
  for (let calls = 1; wasStopped; calls++) {
    const { site, ana, ben } = await lab({ seed: calls });
    const lane = await channelOf(ana);
    await lane.request("offer", FILE.offer(["lab", "@ben"]));
    FILE.sendAll(lane);
    await lane.until("ack", 2);
    site.disk.stopAt(site.disk.calls + calls);
    const finish = lane.send("finish", FILE.finish);
    await site.time.advance(100);
    wasStopped = site.disk.isStopped;
    const finished = wasStopped ? undefined : await site.wait(finish);
    site.disk.losePower();
    await site.restartAfterCrash();
    const next = await channelOf(await site.again(ana, "ana"));
    const answer = await FILE.upload(next, ["lab", "@ben"]);
    const postedSeqs = finished?.posted.map(({ seq }) => seq);
    if (postedSeqs !== undefined) expect(answer.posted.map(({ seq }) => seq)).toEqual(postedSeqs);
    const heads = await filesIn(await site.again(ben, "ben"));
    expect(heads.map(({ seq }) => seq)).toEqual(answer.posted.map(({ seq }) => seq));
    const { bytes } = await download(next, FILE.id);
    expect(Buffer.compare(bytes, Buffer.concat(FILE.chunks))).toBe(0);
  }
});

test("refuses an offer to a target that the sender may not post to", async () => {
  const { site, ana, ben } = await lab();
  const lane = await channelOf(ben);
  const refusal = async (...to: string[]) => (await lane.refused("offer", FILE.offer(to))).code;
  expect(await refusal("nowhere")).toBe("room-unknown");
  expect(await refusal("@nobody")).toBe("user-unknown");
  expect(await refusal("lobby", "no name!")).toBe("name-invalid");
  await ana.request("join", { room: "attic", create: true });
  expect(await refusal("lobby", "attic")).toBe("not-member");
  await ana.request("mute", { room: "lab", user: "ben", on: true });
  expect(await refusal("lab")).toBe("muted");
  expect(site.disk.list("/d/files")).toEqual([]);
});

labTest(
  "reports the targets that became forbidden during the upload",
  async ({ site, ana, ben }) => {
    const lane = await channelOf(ben);
    await lane.request("offer", FILE.offer(["lab", "lobby"]));
    FILE.send(lane, 0);
    await lane.until("ack");
    await ana.request("kick", { room: "lab", user: "ben" });
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ben);
    const { posted, refused } = await FILE.upload(next, ["lab", "lobby"]);
    expect(posted.map(({ to }) => to)).toEqual(["lobby"]);
    expect(refused).toMatchObject([{ to: "lab", code: "not-member" }]);
    await ben.request("join", { room: "lab" });
    const again = await next.request("finish", FILE.finish);
    expect(again.posted.map(({ to }) => to)).toEqual(["lab", "lobby"]);
  },
);
