import { expect, test } from "bun:test";
import { asFault } from "../../../src/base/fault.ts";
import { DATA_CHANNELS_PER_ACCOUNT_MAX, SMALL_FILE_BYTES_MAX } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { MemoryLink } from "../../../src/io/link/memory-network.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { changedBlobs, changedStore, channelOf, download, TestFile } from "../data-channel.ts";
import { Site, siteWith } from "../site.ts";
import { labTest } from "../site-lab.ts";

function small(file: TestFile, to = ["lab"], more: object = {}): RequestFields<"put"> {
  const [bytes = new Uint8Array()] = file.chunks;
  const { id, name } = file;
  return { file: id, to: [...to], name, sha256: sha256(bytes), bytes, ...more };
}

const SIZES = [0, 1, SMALL_FILE_BYTES_MAX];

for (const size of SIZES) {
  labTest(`sends and fetches a file of ${size} bytes`, async ({ site, ana, ben }) => {
    const file = new TestFile(`of${size}`, size);
    await ana.request("put", small(file, ["lab", "@ben"]));
    await ana.request("post", file.post("lab", 1, { text: "look" }));
    await site.quiet();
    expect(ben.all("offered").map((notice) => notice.file)).toContain(file.id);
    const record = ben.records.find(({ head }) => head.kind === "file");
    const digest = Buffer.from(file.digest).toString("hex");
    expect(record?.body).toMatchObject({ text: "look", files: [{ file: file.id, size, digest }] });
    const { content } = await ben.request("fetch-small", { file: file.id });
    expect(content).toMatchObject({ name: file.name, from: "ana", size, digest: file.digest });
    expect(content?.bytes).toEqual(file.chunks[0] ?? new Uint8Array());
    const ends = site.events.filter(({ kind }) => kind === "got");
    expect(ends).toMatchObject([{ user: "ben", file: file.id, name: file.name }]);
    await ben.request("fetch-small", { file: file.id, view: true });
    expect(site.events.filter(({ kind }) => kind === "got")).toHaveLength(1);
    expect(site.events.filter(({ kind }) => kind === "offered")).toHaveLength(1);
  });
}

labTest("answers a repeated file as before, and refuses other content", async ({ ana, ben }) => {
  const file = new TestFile("again", 100);
  await ana.request("put", small(file));
  await ana.request("put", small(file));
  await file.postTo(ana, ["lab"]);
  await ana.request("put", small(file));
  const other = new TestFile("again", 100, file.name, new Uint8Array(100));
  expect(await ana.refusal("put", small(other))).toBe("usage");
  expect(await ana.refusal("put", small(file, ["lobby"]))).toBe("usage");
  expect(await ben.refusal("put", small(file))).toBe("not-allowed");
  expect((await ben.request("fetch-small", { file: file.id })).content?.bytes).toEqual(
    file.chunks[0],
  );
});

labTest("resumes over a data channel, and finishes what one began", async ({ site, ana, ben }) => {
  const [sent, begun] = [new TestFile("sent", 10), new TestFile("begun", 20)];
  await ana.request("put", small(sent));
  const channel = await channelOf(ana);
  expect(await channel.request("offer", sent.offer(["lab"]))).toMatchObject({ have: 1 });
  await channel.request("finish", sent.finish);
  await channel.request("offer", begun.offer(["lab"]));
  begun.send(channel, 0);
  await channel.until("ack");
  expect(await ana.refusal("put", small(begun))).toBe("too-many");
  channel.hangUp();
  await site.quiet();
  await ana.request("put", small(begun));
  await begun.postTo(ana, ["lab"]);
  const { bytes } = await download(await channelOf(ben), begun.id);
  expect(bytes).toEqual(begun.chunks[0] as Uint8Array);
});

labTest("stores nothing with a wrong checksum", async ({ site, ana }) => {
  const file = new TestFile("wrong", 10);
  const wrong = small(file, ["lab"], { sha256: sha256(new Uint8Array()) });
  expect(await ana.refusal("put", wrong)).toBe("checksum-wrong");
  expect(site.disk.list("/d/files").filter((name) => name.startsWith("f"))).toEqual([]);
  await ana.request("put", small(file));
});

labTest("refuses targets and readers as on a data channel", async ({ ana, ben }) => {
  const file = new TestFile("own", 10);
  expect(await ana.refusal("put", small(file, ["nowhere"]))).toBe("room-unknown");
  await ana.request("put", small(file, ["@ana"]));
  await file.postTo(ana, ["@ana"]);
  expect(await ben.refusal("fetch-small", { file: file.id })).toBe("file-unknown");
  expect(await ben.refusal("fetch-small", { file: "fAAAAAAAAAAA" })).toBe("file-unknown");
});

labTest("has no content for a long or an unfinished file", async ({ ana, ben }) => {
  const [long, part] = [new TestFile("long", SMALL_FILE_BYTES_MAX + 1), new TestFile("part", 9)];
  await long.upload(await channelOf(ana), ["lab"]);
  expect(await ben.request("fetch-small", { file: long.id })).toEqual({});
  await (await channelOf(ana)).request("offer", part.offer(["lab"]));
  expect(await ben.request("fetch-small", { file: part.id })).toEqual({});
});

labTest("does not announce a preview", async ({ ana, ben }) => {
  const preview = new TestFile("preview", 50);
  await ana.request("put", small(preview, ["lab"], { purpose: "preview" }));
  expect(ben.all("offered")).toEqual([]);
});

test("limits the requests in progress of an account", async () => {
  const held = Promise.withResolvers<void>();
  const { site, ana } = await siteWith(["ana"], {
    blobs: (store) =>
      changedStore(store, {
        create: async (about) => {
          await held.promise;
          return store.create(about);
        },
      }),
  });
  const count = DATA_CHANNELS_PER_ACCOUNT_MAX + 1;
  const files = Array.from({ length: count }, (_, i) => new TestFile(`n${i}`, 1));
  const codes = files.map((file) =>
    ana.request("put", small(file, ["lobby"])).then(
      () => "sent",
      (error: unknown) => asFault(error).code,
    ),
  );
  await site.quiet();
  held.resolve();
  const outcomes = await Promise.all(codes);
  expect(outcomes.toSorted()).toEqual([...Array<string>(count - 1).fill("sent"), "too-many"]);
  await ana.request("put", small(files.at(-1) as TestFile, ["lobby"]));
});

labTest("keeps few answers for a reader that is behind", async ({ site, ana, ben }) => {
  const file = new TestFile("large", SMALL_FILE_BYTES_MAX);
  await ana.request("put", small(file));
  await file.postTo(ana, ["lab"]);
  const release = (ben.link as MemoryLink).stall();
  const fetched = Promise.all(
    Array.from({ length: 20 }, () => ben.request("fetch-small", { file: file.id })),
  );
  await site.time.advance(5_000);
  expect(site.farEnd(ben).queuedBytes()).toBeLessThan(4 * SMALL_FILE_BYTES_MAX);
  release();
  for (const { content } of await site.wait(fetched))
    expect(content?.bytes.length).toBe(SMALL_FILE_BYTES_MAX);
});

test("completes files in turns of the accounts behind a flood on a slow disk", async () => {
  const FLOODERS = 12;
  let clock: Site["clock"] | undefined;
  const sync = async () => {
    await new Promise<void>((resolve) => {
      if (clock === undefined) resolve();
      else clock.after(10, resolve);
    });
  };
  const site = await Site.open({
    blobs: (store) => {
      const slow = changedBlobs(store, (blob) => ({ sync: () => sync().then(() => blob.sync()) }));
      return changedStore(slow, { create: (about) => sync().then(() => slow.create(about)) });
    },
  });
  clock = site.clock;
  const ana = await site.member("ana");
  const flooders = [];
  for (let i = 0; i < FLOODERS; i++) flooders.push(await site.member(`flooder${i}`));
  const alone = new TestFile("alone", 10);
  let startedAt = site.time.now();
  await site.wait(ana.send("put", small(alone, ["lobby"])));
  const aloneMs = site.time.now() - startedAt;
  let completed = 0;
  const floods = flooders.flatMap((flooder, i) =>
    Array.from({ length: 40 }, async (_, n) => {
      await flooder.send("put", small(new TestFile(`x${i}y${n}`, 10), ["lobby"]));
      completed++;
    }),
  );
  const behind = new TestFile("behind", 10);
  startedAt = site.time.now();
  await site.wait(ana.send("put", small(behind, ["lobby"])));
  // One turn of each flooder is before it, of which two run at a time.
  expect(site.time.now() - startedAt).toBeLessThanOrEqual((FLOODERS / 2 + 2) * aloneMs);
  expect(completed).toBeGreaterThanOrEqual(FLOODERS);
  await site.wait(Promise.all(floods));
});
