import { expect, test } from "bun:test";
import { UPLOAD_KEEP_MS } from "../../../src/base/limits.ts";
import { PREVIEW_BYTES_MAX } from "../../../src/base/limits-page.ts";
import type { AttachedFile } from "../../../src/wire/messages-files.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import type { Site } from "../site.ts";
import { lab, operating } from "../site-lab.ts";

const PHOTO = new TestFile("photo", 300_000, "photo.jpg");
const SMALL = new TestFile("small", 900, "preview");
const SIDES = { width: 1_280, height: 960 };

function named({ id: file, size, digest }: TestFile): AttachedFile["preview"] {
  return { file, size, digest, ...SIDES };
}

async function sendPreview(guest: Guest, file = SMALL, to = ["lab"]): Promise<Guest> {
  const lane = await channelOf(guest);
  await file.complete(lane, to, { purpose: "preview" });
  return lane;
}

async function upload(guest: Guest, file: TestFile): Promise<void> {
  await file.complete(await channelOf(guest), ["lab"]);
}

function withPreview(file: TestFile, preview = named(SMALL), counter = 1) {
  return file.post("lab", counter, { files: [{ ...file.listed, preview }] });
}

async function sendPhoto(guest: Guest) {
  await upload(guest, PHOTO);
  return guest.request("post", withPreview(PHOTO));
}

const stored = (site: Site) => site.disk.list("/d/files").filter((name) => name.startsWith("f"));

test("records a preview with its file, and lets readers fetch it only then", async () => {
  const { site, ana, ben } = await lab();
  await sendPreview(ana);
  await site.quiet();
  expect(ben.all("offered")).toEqual([]);
  const reading = { file: SMALL.id, from: 0, window: 1 << 20 };
  expect(await (await channelOf(ben)).refusal("fetch", reading)).toBe("file-unknown");
  const first = await sendPhoto(ana);
  await site.quiet();
  const files = ben.records.filter(({ head }) => head.kind === "file");
  expect(files).toHaveLength(1);
  const digest = Buffer.from(SMALL.digest).toString("hex");
  const preview = { file: SMALL.id, size: SMALL.size, digest, ...SIDES };
  expect(files[0]?.body).toMatchObject({ files: [{ file: PHOTO.id, preview }] });
  const { bytes } = await download(await channelOf(ben), SMALL.id);
  expect(Buffer.from(bytes).equals(SMALL.chunks[0] ?? Buffer.alloc(0))).toBe(true);
  // Repeated requests have the same answers.
  expect(await sendPhoto(ana)).toEqual(first);
  await sendPreview(ana);
  await site.quiet();
  expect(ben.records.filter(({ head }) => head.kind === "file")).toHaveLength(1);
});

test("refuses other previews: large, foreign, of another room, or used twice", async () => {
  const { ana, ben } = await lab();
  const lane = await channelOf(ana);
  const large = new TestFile("large", PREVIEW_BYTES_MAX + 17);
  expect(await lane.refusal("offer", large.offer(["lab"], { purpose: "preview" }))).toBe(
    "too-large",
  );
  await upload(ana, PHOTO);
  let counter = 0;
  const post = (preview = named(SMALL)) => withPreview(PHOTO, preview, ++counter);
  const foreign = new TestFile("foreign", 500);
  await sendPreview(ben, foreign);
  expect(await ana.refusal("post", post(named(foreign)))).toBe("file-unknown");
  const elsewhere = new TestFile("elsewhere", 500);
  await sendPreview(ana, elsewhere, ["lobby"]);
  expect(await ana.refusal("post", post(named(elsewhere)))).toBe("file-unknown");
  await sendPreview(ana);
  const preview = { file: SMALL.id, size: 901, digest: SMALL.digest };
  expect(await ana.refusal("post", post(preview))).toBe("usage");
  await ana.request("post", post());
  const other = new TestFile("other", 1_000);
  await upload(ana, other);
  expect(await ana.refusal("post", withPreview(other))).toBe("usage");
});

test("deletes a preview with its file, and after a week without one", async () => {
  const { site, ana, ben } = await lab();
  await sendPreview(ana);
  const { seq } = await sendPhoto(ana);
  await site.quiet();
  expect(stored(site).sort()).toEqual([PHOTO.id, SMALL.id].sort());
  await ana.request("erase", { seq });
  await site.quiet();
  expect(stored(site)).toEqual([]);
  const reading = { file: SMALL.id, from: 0, window: 1 << 20 };
  expect(await (await channelOf(ben)).refusal("fetch", reading)).toBe("file-unknown");
  const unused = new TestFile("unused", 700);
  const lane = await sendPreview(ana, unused);
  lane.hangUp();
  await site.quiet();
  expect(stored(site)).toEqual([unused.id]);
  site.skewMs += UPLOAD_KEEP_MS + 1;
  await (await operating(ana)).request("clock", { accept: true });
  await site.time.advance(60 * 60_000);
  await site.quiet();
  expect(stored(site)).toEqual([]);
});

test("knows previews after a restart", async () => {
  const { site, ana } = await lab();
  await sendPreview(ana);
  await sendPhoto(ana);
  await site.quiet();
  await site.restartAfterCrash();
  const ben = await site.again(ana, "ana");
  const { bytes } = await download(await channelOf(ben), SMALL.id);
  expect(bytes.length).toBe(SMALL.size);
});
