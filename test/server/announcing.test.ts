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

labTest(
  "accepts a repeated end of an upload, and records each post once",
  async ({ site, ana, ben }) => {
    const lane = await channelOf(ana);
    await lane.request("offer", FILE.offer(["lab", "@ben", "lobby"]));
    FILE.sendAll(lane);
    const [one, two] = [lane.send("finish", FILE.finish), lane.send("finish", FILE.finish)];
    await site.wait(one);
    const targets = ["lab", "@ben", "lobby"];
    const posted = await FILE.postTo(ana, targets);
    await site.wait(two);
    await lane.request("finish", FILE.finish);
    const other = await channelOf(ana);
    expect(await other.request("offer", FILE.offer(["lobby", "lab", "@ben"]))).toMatchObject({
      have: 2,
    });
    await other.request("finish", FILE.finish);
    expect(await FILE.postTo(ana, targets)).toEqual(posted);
    await site.restart();
    const author = await site.again(ana, "ana");
    const again = await channelOf(author);
    expect(await again.request("offer", FILE.offer(["lab", "@ben", "lobby"]))).toMatchObject({
      have: 2,
    });
    const last = await FILE.end(again, targets);
    expect(last.map(({ seq }) => seq)).toEqual(posted.map(({ seq }) => seq));
    expect(await filesIn(await site.again(ben, "ben"))).toHaveLength(3);
  },
);

test("records a posted file once despite crashes", async () => {
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
    const posts = ["lab", "@ben"].map((to, index) => ana.send("post", FILE.post(to, index + 1)));
    await site.time.advance(100);
    wasStopped = site.disk.isStopped;
    const finished = wasStopped
      ? undefined
      : await site.wait(finish.then(() => Promise.all(posts)));
    site.disk.losePower();
    await site.restartAfterCrash();
    const next = await channelOf(await site.again(ana, "ana"));
    const answer = await FILE.upload(next, ["lab", "@ben"]);
    const seqs = answer.map(({ seq }) => seq);
    if (finished !== undefined) expect(seqs).toEqual(finished.map(({ seq }) => seq));
    const heads = await filesIn(await site.again(ben, "ben"));
    expect(heads.map(({ seq }) => seq)).toEqual(seqs);
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
  "completes an upload if one of its targets became forbidden",
  async ({ site, ana, ben }) => {
    const lane = await channelOf(ben);
    await lane.request("offer", FILE.offer(["lab", "lobby"]));
    FILE.send(lane, 0);
    await lane.until("ack");
    await ana.request("kick", { room: "lab", user: "ben" });
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ben);
    await FILE.complete(next, ["lab", "lobby"]);
    expect(await ben.refusal("post", FILE.post("lab"))).toBe("not-member");
    await ben.request("post", FILE.post("lobby", 2));
    await ben.request("join", { room: "lab" });
    await ben.request("post", FILE.post("lab", 3));
  },
);
