import { describe, expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import type { Head } from "../../src/wire/record.ts";
import { channelOf, download, TestFile } from "./data-channel.ts";
import type { Guest } from "./guest.ts";
import { Site } from "./site.ts";
import { lab, operating } from "./site-lab.ts";

const FILE = new TestFile("file", CHUNK_BYTES + 3);

async function filesIn(guest: Guest, target?: string): Promise<Head[]> {
  const where = target === undefined ? {} : { target };
  const { records } = await guest.ask("history", { ...where, files: true, limit: 100 });
  return records.map(({ head }) => JSON.parse(Buffer.from(head).toString()) as Head);
}

describe("a file that is whole", () => {
  test("is told of once in each room, however often it is finished", async () => {
    const { site, ana, ben } = await lab();
    const lane = await channelOf(ana);
    await lane.ask("offer", FILE.offer(["lab", "@ben", "lobby"]));
    FILE.sendAll(lane);
    const [one, two] = [lane.send("finish", FILE.finish), lane.send("finish", FILE.finish)];
    const first = await site.wait(one);
    expect(first.posted.map(({ to }) => to)).toEqual(["lab", "@ben", "lobby"]);
    expect(await site.wait(two)).toEqual(first);
    expect(await lane.ask("finish", FILE.finish)).toEqual(first);
    const other = await channelOf(ana);
    expect(await other.ask("offer", FILE.offer(["lobby", "lab", "@ben"]))).toMatchObject({
      have: 2,
    });
    expect(await other.ask("finish", FILE.finish)).toEqual(first);
    await site.restart();
    const again = await channelOf(await site.again(ana, "ana"));
    expect(await again.ask("offer", FILE.offer(["lab", "@ben", "lobby"]))).toMatchObject({
      have: 2,
    });
    const last = await again.ask("finish", FILE.finish);
    expect(last.posted.map(({ seq }) => seq)).toEqual(first.posted.map(({ seq }) => seq));
    expect(last.posted[1]?.queued).toBe(true); // As it is now.
    expect(await filesIn(await site.again(ben, "ben"))).toHaveLength(3);
    await site.stop();
  });

  test("is told of once, wherever the machine stopped", async () => {
    let wasStopped = true;
    for (let calls = 1; wasStopped; calls++) {
      const { site, ana, ben } = await lab({ seed: calls });
      const lane = await channelOf(ana);
      await lane.ask("offer", FILE.offer(["lab", "@ben"]));
      FILE.sendAll(lane);
      await lane.until("ack", 2);
      site.disk.stopAt(site.disk.calls + calls);
      const finish = lane.send("finish", FILE.finish);
      await site.time.advance(100);
      wasStopped = site.disk.isStopped;
      const told = wasStopped ? undefined : await site.wait(finish);
      site.disk.losePower();
      await site.restartAfterCrash();
      const next = await channelOf(await site.again(ana, "ana"));
      const answer = await FILE.upload(next, ["lab", "@ben"]);
      const toldAt = told?.posted.map(({ seq }) => seq);
      if (toldAt !== undefined) expect(answer.posted.map(({ seq }) => seq)).toEqual(toldAt);
      const heads = await filesIn(await site.again(ben, "ben"));
      expect(heads.map(({ seq }) => seq)).toEqual(answer.posted.map(({ seq }) => seq));
      const { bytes } = await download(next, FILE.id);
      expect(Buffer.compare(bytes, Buffer.concat(FILE.chunks))).toBe(0);
    }
  });

  test("goes to a person who is away, and to oneself", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    ben.hangUp();
    await site.quiet();
    const { posted } = await FILE.upload(await channelOf(ana), ["@ben", "@ana"]);
    expect(posted.map(({ queued }) => queued)).toEqual([true, undefined]);
    const again = await site.again(ben, "ben");
    expect(await filesIn(again, "@ana")).toHaveLength(1);
    expect((await download(await channelOf(again), FILE.id)).bytes).toHaveLength(FILE.size);
    await site.stop();
  });
});

describe("targets that may not be written to", () => {
  test("refuse the offer", async () => {
    const { site, ana, ben } = await lab();
    const lane = await channelOf(ben);
    const refusal = async (...to: string[]) => (await lane.refused("offer", FILE.offer(to))).code;
    expect(await refusal("nowhere")).toBe("room-unknown");
    expect(await refusal("@nobody")).toBe("user-unknown");
    expect(await refusal("lobby", "no name!")).toBe("name-invalid");
    await ana.ask("join", { room: "attic", create: true });
    expect(await refusal("lobby", "attic")).toBe("not-member");
    await ana.ask("mute", { room: "lab", user: "ben", on: true });
    expect(await refusal("lab")).toBe("muted");
    expect(site.disk.list("/d/files")).toEqual([]);
    await site.stop();
  });

  test("are named at the end, when that came meanwhile; the others hear of it", async () => {
    const { site, ana, ben } = await lab();
    const lane = await channelOf(ben);
    await lane.ask("offer", FILE.offer(["lab", "lobby"]));
    FILE.send(lane, 0);
    await lane.until("ack");
    await ana.ask("kick", { room: "lab", user: "ben" });
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ben);
    const { posted, refused } = await FILE.upload(next, ["lab", "lobby"]);
    expect(posted.map(({ to }) => to)).toEqual(["lobby"]);
    expect(refused).toMatchObject([{ to: "lab", code: "not-member" }]);
    await ben.ask("join", { room: "lab" });
    const again = await next.ask("finish", FILE.finish);
    expect(again.posted.map(({ to }) => to)).toEqual(["lab", "lobby"]);
    await site.stop();
  });

  test("when it is all of them, leave the upload as it is", async () => {
    const { site, ana, ben, eve } = await lab();
    const [lane, reader] = [await channelOf(ben), await channelOf(eve)];
    await lane.ask("offer", FILE.offer(["lab"]));
    FILE.sendAll(lane);
    await reader.ask("fetch", { file: FILE.id, from: 0, window: CHUNK_BYTES * 4 });
    await ana.ask("mute", { room: "lab", user: "ben", on: true });
    expect(await lane.ask("finish", FILE.finish)).toMatchObject({
      posted: [],
      refused: [{ to: "lab", code: "muted" }],
    });
    expect(reader.all("end")).toEqual([]);
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ben);
    expect((await next.refused("offer", FILE.offer(["lab"]))).code).toBe("muted");
    await ana.ask("mute", { room: "lab", user: "ben", on: false });
    expect(await next.ask("offer", FILE.offer(["lab"]))).toMatchObject({ have: 2 });
    expect((await next.ask("finish", FILE.finish)).posted).toHaveLength(1);
    await reader.until("end");
    await site.stop();
  });
});

describe("records of files", () => {
  test("are found by their kind, their room and their name", async () => {
    const { site, ana, ben } = await lab();
    const lane = await channelOf(ana);
    await FILE.upload(lane, ["lab", "lobby"]);
    const other = new TestFile("x", 5, "Notes über Öl.txt");
    await other.upload(lane, ["lab"]);
    await site.wait(ana.say("notes", "lab"));
    expect(await filesIn(ben)).toHaveLength(3);
    expect((await filesIn(ben, "lab")).map(({ id }) => id)).toEqual([FILE.id, other.id]);
    const query = { files: true, grep: "NOTES", ignoreCase: true, limit: 9 };
    expect((await ben.ask("history", query)).records).toHaveLength(1);
    const all = { grep: "notes", ignoreCase: true, limit: 9 };
    expect((await ben.ask("history", all)).records).toHaveLength(2);
    await site.stop();
  });

  test("are erased by moderators, too, and said otherwise by their sender alone", async () => {
    const { site, ana, ben } = await lab();
    const { posted } = await FILE.upload(await channelOf(ben), ["lab"]);
    const seq = posted[0]?.seq ?? 0;
    expect((await ana.refused("edit", { seq, text: "x" })).code).toBe("not-allowed");
    await ana.ask("erase", { seq });
    const [head] = await filesIn(ben);
    expect(head).toMatchObject({ seq, id: FILE.id });
    await operating(ana);
    expect(site.disk.list("/d/files")).toEqual([]);
    await site.stop();
  });
});
