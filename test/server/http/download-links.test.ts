import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES, DATA_CHANNELS_PER_ACCOUNT_MAX } from "../../../src/base/limits.ts";
import {
  ARCHIVES_PER_ACCOUNT_MAX,
  CONCURRENT_HTTP_DOWNLOADS_MAX,
  DOWNLOAD_FIRST_MS,
} from "../../../src/base/limits-page.ts";
import type { BlobStore } from "../../../src/io/blob/interfaces.ts";
import { encodeManifest, type ManifestEntry } from "../../../src/wire/manifest.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { rejection } from "../../rejection.ts";
import { changedBlobs, channelOf, channelWith, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import type { Site } from "../site.ts";
import { lab, operating } from "../site-lab.ts";

const FIVE = new TestFile("five", 4 * CHUNK_BYTES + 1_000, 'a "b" ünd\n.txt');
const WHOLE = new Uint8Array(Buffer.concat(FIVE.chunks));
const DIGEST = FIVE.digest.toHex();
const ETAG = `"${DIGEST}"`;

type Headers = Readonly<Record<string, string>>;

function browser(site: Site) {
  return (path: string, headers: Headers = {}, method = "GET"): Promise<Response> => {
    return site.wait(site.fetch(path, { method, headers }));
  };
}

async function bytesOf(site: Site, response: Response): Promise<Uint8Array> {
  return new Uint8Array(await site.wait(response.arrayBuffer()));
}

async function postFile(file = FIVE, options = {}) {
  const { site, ana, ben, eve } = await lab(options);
  const posted = await file.upload(await channelOf(ana), ["lab"]);
  const seq = posted[0]?.seq ?? 0;
  const pathFor = async (guest: Guest) => (await guest.request("download", { file: file.id })).path;
  return { site, ana, ben, eve, seq, pathFor, get: browser(site) };
}

function tampered(change: (index: number, bytes: Uint8Array) => Uint8Array) {
  const blobs = (store: BlobStore): BlobStore =>
    changedBlobs(store, (blob) => ({
      read: async (index) => change(index, await blob.read(index)),
    }));
  return { blobs };
}

const fileTest = fixtureTest(() => postFile());

test("sends a file as an attachment of a type that no browser runs", async () => {
  const { site, ben, pathFor, get } = await postFile();
  const path = await pathFor(ben);
  expect(path).toMatch(/^\/files\/[\w-]{22}$/);
  const response = await get(path);
  expect(response.status).toBe(200);
  expect(await bytesOf(site, response)).toEqual(WHOLE);
  const { headers } = response;
  expect(headers.get("content-type")).toBe("application/octet-stream");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("etag")).toBe(ETAG);
  expect(headers.get("accept-ranges")).toBe("bytes");
  expect(headers.get("cache-control")).toBe("private, no-store");
  expect(headers.get("content-disposition")).toBe(
    "attachment; filename=\"a _b_ _nd_.txt\"; filename*=UTF-8''a%20_b_%20%C3%BCnd_.txt",
  );
});

test("sends the time that the sender of a file names, if HTTP has such a time", async () => {
  for (const [mtimeMs, header] of [
    [-278_794_432_877, "Thu, 02 Mar 1961 05:06:07 GMT"],
    [8_640_000_000_000_000, null],
    [undefined, null],
  ] as const) {
    const { site, ana, ben } = await lab();
    const details = mtimeMs === undefined ? undefined : { mtimeMs };
    await FIVE.upload(await channelOf(ana), ["lab"], { details });
    const { path } = await ben.request("download", { file: FIVE.id });
    expect((await browser(site)(path)).headers.get("last-modified")).toBe(header);
  }
});

test("displays a file inline only in a sandbox and as a non-page type", async () => {
  for (const [name, type] of [
    ["film.mp4", "video/mp4"],
    ["TONE.WAV", "audio/wav"],
    ["paper.pdf", "application/pdf"],
    ["page.html", undefined],
    ["drawing.svg", undefined],
    ["paper.pdf.html", undefined],
    ["pdf", undefined],
    ["photo.png", undefined],
  ] as const) {
    const { ben, pathFor, get } = await postFile(new TestFile("shown", 300, name));
    const { status, headers } = await get(`${await pathFor(ben)}?view`, { range: "bytes=2-5" });
    expect([name, status]).toEqual([name, 206]);
    expect(headers.get("content-type")).toBe(type ?? "application/octet-stream");
    expect(headers.get("content-disposition")).toStartWith(type ? "inline" : "attachment;");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    const policy = headers.get("content-security-policy");
    if (type !== undefined) expect(policy).toStartWith("sandbox; default-src 'none';");
  }
});

test.each([
  ["bytes=-7", FIVE.size - 7, FIVE.size],
  [`bytes=${CHUNK_BYTES - 1}-${CHUNK_BYTES}`, CHUNK_BYTES - 1, CHUNK_BYTES + 1],
  [`bytes=${4 * CHUNK_BYTES}-`, 4 * CHUNK_BYTES, FIVE.size],
])("sends the part %s", async (range, start, end) => {
  const { site, ben, pathFor, get } = await postFile();
  const response = await get(await pathFor(ben), { range });
  expect(response.status).toBe(206);
  expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${FIVE.size}`);
  expect(await bytesOf(site, response)).toEqual(WHOLE.subarray(start, end));
});

fileTest("answers conditional and impossible ranges", async ({ ben, pathFor, get }) => {
  const path = await pathFor(ben);
  const range = "bytes=3-5";
  const status = async (headers: Headers) => (await get(path, headers)).status;
  expect(await status({ range, "if-range": ETAG })).toBe(206);
  expect(await status({ range, "if-range": '"other"' })).toBe(200);
  expect(await status({ range, "if-range": `W/${ETAG}` })).toBe(200);
  expect(await status({ range: "bytes=0-1,4-5" })).toBe(200);
  expect(await status({ "if-none-match": ETAG })).toBe(304);
  const beyond = await get(path, { range: `bytes=${FIVE.size}-` });
  expect(beyond.status).toBe(416);
  expect(beyond.headers.get("content-range")).toBe(`bytes */${FIVE.size}`);
});

fileTest("creates download links only for readers of the file", async ({ site, ben, eve, seq }) => {
  const outsider = await site.member("otto");
  const none = await outsider.refused("download", { file: "fAAAAAAAAAAA" });
  expect(await outsider.refused("download", { file: FIVE.id })).toEqual(none);
  expect(none.code).toBe("file-unknown");
  expect((await eve.request("download", { file: FIVE.id })).path).toContain("/files/");
  expect(seq).toBeGreaterThan(0);
  await ben.request("leave", { room: "lab" });
  expect(await ben.refusal("download", { file: FIVE.id })).toBe("file-unknown");
});

fileTest("sends a file if the request names no host", async ({ ben, pathFor, get }) => {
  expect((await get(`${await pathFor(ben)}?view`, { host: "" })).status).toBe(200);
});

fileTest("expires an unused download link", async ({ site, ben, pathFor, get }) => {
  const [early, late] = [await pathFor(ben), await pathFor(ben)];
  expect((await get(early, { range: "bytes=0-0" })).status).toBe(206);
  await site.time.advance(DOWNLOAD_FIRST_MS);
  expect((await get(late)).status).toBe(404);
  expect((await get(early, { range: "bytes=1-1" })).status).toBe(206);
});

test("ends a download with the session and with the right to read", async () => {
  const { site, ana, ben, eve, seq, pathFor, get } = await postFile();
  const [one, other, third] = [await pathFor(ana), await pathFor(ben), await pathFor(eve)];
  for (const path of [one, other, third]) expect((await get(path)).status).toBe(200);
  await ana.request("kick", { room: "lab", user: "eve" });
  expect((await get(third)).status).toBe(404);
  ben.hangUp();
  await site.quiet();
  expect((await get(other)).status).toBe(404);
  await ana.request("erase", { seq });
  expect((await get(one)).status).toBe(404);
  await ana.request("logout", {});
  expect((await get(one)).status).toBe(404);
});

fileTest("stops sending to a member who is removed", async ({ site, ana, ben, pathFor, get }) => {
  const response = await get(await pathFor(ben));
  const reader = response.body?.getReader();
  expect((await site.wait(reader?.read() ?? Promise.reject()))?.value).toHaveLength(CHUNK_BYTES);
  await ana.request("kick", { room: "lab", user: "ben" });
  const rest = async () => {
    while ((await reader?.read())?.done === false);
  };
  expect(await site.wait(rest().catch((error: Error) => error.message))).toContain("no such file");
});

fileTest("limits simultaneous downloads of a session", async ({ site, ben, pathFor, get }) => {
  const path = await pathFor(ben);
  const running: Response[] = [];
  for (let i = 0; i < CONCURRENT_HTTP_DOWNLOADS_MAX; i++) running.push(await get(path));
  const refused = await get(path);
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("1");
  await site.wait(running[0]?.body?.cancel() ?? Promise.reject());
  expect((await get(path)).status).toBe(200);
});

test("shows operators the name of a file only if a named room has it", async () => {
  const { site, ana, ben, pathFor, get } = await postFile();
  const secret = new TestFile("secret", FIVE.size, "secret.txt");
  await secret.upload(await channelOf(ana), ["@ben"]);
  await operating(ana);
  const paths = [await pathFor(ben), (await ben.request("download", { file: secret.id })).path];
  const running = [];
  for (const path of paths) {
    const reader = (await get(path)).body?.getReader();
    await site.wait(reader?.read() ?? Promise.reject());
    running.push(reader);
  }
  const { transfers } = await ana.request("transfers", {});
  expect(transfers.map(({ name, web }) => [name, web])).toEqual([
    [FIVE.name, true],
    [undefined, true],
  ]);
  for (const reader of running) await site.wait(reader?.cancel() ?? Promise.reject());
});

test("limits simultaneous downloads over the sessions of an account", async () => {
  const { site, ben, pathFor, get } = await postFile();
  const sessions = DATA_CHANNELS_PER_ACCOUNT_MAX / CONCURRENT_HTTP_DOWNLOADS_MAX;
  for (let i = 0; i < sessions; i++) {
    const session = await site.again(ben, "ben");
    const path = await pathFor(session);
    for (let j = 0; j < CONCURRENT_HTTP_DOWNLOADS_MAX; j++)
      expect((await get(path)).status).toBe(200);
    await session.request("logout", {});
  }
  expect((await get(await pathFor(ben))).status).toBe(503);
});

test("sends no damaged content", async () => {
  const flip = (bad: number) => (index: number, bytes: Uint8Array) =>
    index === bad ? bytes.map((byte) => byte ^ 1) : bytes;
  const first = await postFile(FIVE, tampered(flip(0)));
  const path = await first.pathFor(first.ben);
  expect((await first.get(path)).status).toBe(500);
  expect((await first.get(path, { range: "bytes=3-5" })).status).toBe(500);
  await first.site.stop();
  const later = await postFile(FIVE, tampered(flip(3)));
  const response = await later.get(await later.pathFor(later.ben));
  expect(response.status).toBe(200);
  expect((await rejection(bytesOf(later.site, response))).message).toContain("damaged");
});

test("reads a file no faster than the client", async () => {
  let reads = 0;
  const counted = tampered((_, bytes) => {
    reads++;
    return bytes;
  });
  const file = new TestFile("twenty", 20 * CHUNK_BYTES);
  const { site, ben, pathFor, get } = await postFile(file, counted);
  reads = 0;
  const response = await get(await pathFor(ben));
  const reader = response.body?.getReader();
  for (let i = 1; i <= 3; i++) {
    await site.wait(reader?.read() ?? Promise.reject());
    await site.quiet();
    expect(reads).toBeLessThanOrEqual(i + 1);
  }
  await site.wait(reader?.cancel() ?? Promise.reject());
});

async function sentFolder(name: string, entries: ManifestEntry[], content = new Uint8Array()) {
  const { site, ana, ben } = await lab();
  const manifest = encodeManifest(entries);
  const file = TestFile.of("fold", new Uint8Array([...manifest, ...content]), name);
  const folder = { entries: entries.length, manifestBytes: manifest.length };
  const details = { mode: 0o700, mtimeMs: 1_763_617_717_003 };
  await file.upload(await channelOf(ana), ["lab"], { folder, details });
  const get = browser(site);
  const pathFor = async (guest: Guest) => (await guest.request("download", { file: file.id })).path;
  return { site, ana, ben, pathFor, get };
}

test("sends a folder as an archive, without ranges", async () => {
  const inside = new TextEncoder().encode("hello\n");
  const entries = [
    { path: "empty", dir: true, mode: 0o755, mtime: 1_763_617_717_003 } as const,
    { path: "sub/a.txt", size: inside.length, mode: 0o640, mtime: 1_763_617_717_003 },
    { path: "void", size: 0, mode: 0o600, mtime: 1_763_617_717_003 },
  ];
  const { site, ben, pathFor, get } = await sentFolder("photos", entries, inside);
  const path = await pathFor(ben);
  const response = await get(path, { range: "bytes=0-5" });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/zip");
  expect(response.headers.get("accept-ranges")).toBe("none");
  expect(response.headers.get("content-disposition")).toContain('filename="photos.zip"');
  const archive = Buffer.from(await bytesOf(site, response));
  for (const name of ["photos/empty/", "photos/sub/a.txt", "photos/void"]) {
    // In the entry's header and in the central directory.
    expect(archive.toString("latin1").split(name)).toHaveLength(3);
  }
  expect(archive.includes("hello\n")).toBe(true);
  expect(archive.readUInt16LE(archive.length - 12)).toBe(4); // With the folder itself.
  const top = archive.indexOf(Buffer.from("PK\x01\x02"));
  expect(archive.readUInt16LE(top + 40).toString(8)).toBe("40700");
  expect((await get(path, {}, "HEAD")).headers.get("content-type")).toBe("application/zip");
});

test("limits concurrent archives per account", async () => {
  // Empty files whose archive exceeds the amount buffered at a time.
  const entries = Array.from({ length: 20_000 }, (_, i) => {
    return { path: `a-file-without-content-${i}`, size: 0, mode: 0o600, mtime: 0 };
  });
  const { site, ana, ben, pathFor, get } = await sentFolder("many", entries);
  const fetchFile = async (guest: Guest) => get(await pathFor(guest));
  const leave: (() => Promise<void>)[] = [];
  for (let i = 0; i < ARCHIVES_PER_ACCOUNT_MAX; i++) {
    const response = await fetchFile(ben);
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    if (reader === undefined) throw new Error("there is no body");
    await site.wait(reader.read());
    leave.push(() => reader.cancel());
  }
  expect((await fetchFile(ben)).status).toBe(503);
  const other = await fetchFile(ana);
  expect(other.status).toBe(200);
  await site.wait(leave[0]?.() ?? Promise.reject());
  const again = await fetchFile(ben);
  expect(again.status).toBe(200);
  expect((await fetchFile(ben)).status).toBe(503);
  await site.wait(again.arrayBuffer());
  expect((await fetchFile(ben)).status).toBe(200);
});

fileTest("opens a data channel for one file", async ({ site, ben, pathFor }) => {
  const token = (await pathFor(ben)).slice("/files/".length);
  const lane = await site.greeted("10.0.0.3", ben.keys);
  expect(await lane.request("lane", { ticket: token })).toEqual({ file: FIVE.id });
  expect((await download(lane, FIVE.id, 0)).bytes).toEqual(WHOLE);
  const other = { file: "fAAAAAAAAAAA" as FileId, from: 0, window: CHUNK_BYTES };
  expect(await lane.refusal("fetch", other)).toBe("not-allowed");
  expect(await lane.refusal("offer", FIVE.offer(["lab"]))).toBe("not-allowed");
  const again = await channelWith(ben, token);
  ben.hangUp();
  expect((await again.untilEnded()).fault?.code).toBe("link-closed");
  const late = await site.greeted("10.0.0.3", ben.keys);
  expect(await late.refusal("lane", { ticket: token })).toBe("login-refused");
});
