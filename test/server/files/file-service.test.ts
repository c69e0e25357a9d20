import { expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import { Site } from "../site.ts";

test("a file goes from one person to another", async () => {
  const site = await Site.open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  const file = new TestFile("one", 3 * CHUNK_BYTES + 5);
  const lane = await channelOf(ana);
  const { posted, refused } = await file.upload(lane);
  expect(refused).toEqual([]);
  expect(posted).toMatchObject([{ to: "lobby" }]);
  const other = await channelOf(ben);
  const { about, bytes } = await download(other, file.id);
  expect(about).toMatchObject({ name: "one.bin", from: "ana", size: file.size });
  expect(Buffer.compare(bytes, Buffer.concat(file.chunks))).toBe(0);
  await other.ask("got", { file: file.id });
  await site.stop();
});
