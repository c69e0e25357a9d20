import { describe, expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES, LANES_PER_ACCOUNT_MAX } from "../../../src/base/limits.ts";
import {
  ARCHIVES_AT_ONCE_MAX,
  ARCHIVES_PER_ACCOUNT_MAX,
  DOWNLOAD_FIRST_MS,
  DOWNLOADS_AT_ONCE_MAX,
  DOWNLOADS_PER_SESSION_MAX,
} from "../../../src/base/limits-page.ts";
import type { Blob, BlobStore } from "../../../src/io/blob/interfaces.ts";
import { httpHandler } from "../../../src/server/http/handler.ts";
import { encodeManifest } from "../../../src/wire/manifest.ts";
import { rejection } from "../../rejection.ts";
import { channelOf, channelWith, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import type { Site } from "../site.ts";
import { lab, operating } from "../site-lab.ts";

const FIVE = new TestFile("five", 4 * CHUNK_BYTES + 1_000, 'a "b" ünd\n.txt');
const WHOLE = new Uint8Array(Buffer.concat(FIVE.chunks));
const DIGEST = FIVE.digest.toHex();
const ETAG = `"${DIGEST}"`;

type Headers = Readonly<Record<string, string>>;

/** What a browser would ask of this site. */
function browser(site: Site) {
  return (path: string, headers: Headers = {}, method = "GET"): Promise<Response> => {
    const handle = httpHandler({ name: "x", port: () => 1, fingerprint: "x", ...site.server.http });
    const request = new Request(`https://x${path}`, { method, headers });
    return site.wait(handle(request, { host: "10.0.0.9", port: 4_000 }));
  };
}

async function bytesOf(site: Site, response: Response): Promise<Uint8Array> {
  return new Uint8Array(await site.wait(response.arrayBuffer()));
}

/** Ana's file in the lab, where ben is, too. */
async function told(file = FIVE, options = {}) {
  const { site, ana, ben, eve } = await lab(options);
  const { posted } = await file.upload(await channelOf(ana), ["lab"]);
  const seq = posted[0]?.seq ?? 0;
  const pathFor = async (guest: Guest) => (await guest.ask("download", { file: file.id })).path;
  return { site, ana, ben, eve, seq, pathFor, get: browser(site) };
}

/** A store of which the test changes what is read. */
function tampered(read: (index: number, bytes: Uint8Array) => Uint8Array) {
  return {
    blobs: (store: BlobStore): BlobStore => ({
      list: () => store.list(),
      create: (about) => store.create(about),
      remove: (file) => store.remove(file),
      freeBytes: () => store.freeBytes(),
      open: async (file) => {
        const blob = await store.open(file);
        if (blob === undefined) return undefined;
        const reading = async (index: number) => read(index, await blob.read(index));
        return new Proxy<Blob>(blob, {
          get: (target, key) => {
            if (key === "read") return reading;
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      },
    }),
  };
}

describe("an address of a download", () => {
  test("gives the file, as an attachment of a type that nothing runs", async () => {
    const { site, ben, pathFor, get } = await told();
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
    await site.stop();
  });

  test("comes to be shown only as a type that is no page, in a sandbox", async () => {
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
      const { site, ben, pathFor, get } = await told(new TestFile("shown", 300, name));
      const { status, headers } = await get(`${await pathFor(ben)}?view`, { range: "bytes=2-5" });
      expect([name, status]).toEqual([name, 206]);
      expect(headers.get("content-type")).toBe(type ?? "application/octet-stream");
      expect(headers.get("content-disposition")).toStartWith(type ? "inline" : "attachment;");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      const policy = headers.get("content-security-policy");
      if (type !== undefined) expect(policy).toStartWith("sandbox; default-src 'none';");
      await site.stop();
    }
  });

  test("HEAD tells its size", async () => {
    const { site, ben, pathFor, get } = await told();
    const response = await get(await pathFor(ben), {}, "HEAD");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(FIVE.size));
    expect(await response.text()).toBe("");
    const part = await get(await pathFor(ben), { range: "bytes=5-6" }, "HEAD");
    expect([part.status, part.headers.get("content-length")]).toEqual([206, "2"]);
    await site.stop();
  });

  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=10-", 10, FIVE.size],
    ["bytes=-7", FIVE.size - 7, FIVE.size],
    [`bytes=${CHUNK_BYTES - 1}-${CHUNK_BYTES}`, CHUNK_BYTES - 1, CHUNK_BYTES + 1],
    [`bytes=${4 * CHUNK_BYTES}-`, 4 * CHUNK_BYTES, FIVE.size],
  ])("gives the part %s", async (range, start, end) => {
    const { site, ben, pathFor, get } = await told();
    const response = await get(await pathFor(ben), { range });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${FIVE.size}`);
    expect(await bytesOf(site, response)).toEqual(WHOLE.subarray(start, end));
    await site.stop();
  });

  test("a part of something else, or beyond the end, is not given", async () => {
    const { site, ben, pathFor, get } = await told();
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
    await site.stop();
  });

  test("an empty file is one, too", async () => {
    const empty = new TestFile("none", 0);
    const { site, ben, pathFor, get } = await told(empty);
    const response = await get(await pathFor(ben));
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.get("content-length")).toBe("0");
    await site.stop();
  });
});

describe("whose it is", () => {
  test("only who may read the file gets one, and the same answer as for none", async () => {
    const { site, ben, eve, seq } = await told();
    const outsider = await site.member("otto");
    const none = await outsider.refused("download", { file: "fAAAAAAAAAAA" });
    expect(await outsider.refused("download", { file: FIVE.id })).toEqual(none);
    expect(none.code).toBe("file-unknown");
    expect((await eve.ask("download", { file: FIVE.id })).path).toContain("/files/");
    expect(seq).toBeGreaterThan(0);
    await ben.ask("leave", { room: "lab" });
    expect((await ben.refused("download", { file: FIVE.id })).code).toBe("file-unknown");
    await site.stop();
  });

  test("a file that is still sent has none", async () => {
    const { site, ana } = await lab();
    await (await channelOf(ana)).ask("offer", FIVE.offer(["lab"]));
    expect((await ana.refused("download", { file: FIVE.id })).code).toBe("file-unknown");
    await site.stop();
  });

  test("a server without files says so", async () => {
    const { site, ana } = await lab({ files: "none" });
    expect((await ana.refused("download", { file: FIVE.id })).code).toBe("not-allowed");
    expect((await browser(site)("/files/AAAAAAAAAAAAAAAAAAAAAA")).status).toBe(404);
    await site.stop();
  });

  test("it is void when nobody came for it in time, and lives on when somebody did", async () => {
    const { site, ben, pathFor, get } = await told();
    const [early, late] = [await pathFor(ben), await pathFor(ben)];
    expect((await get(early, { range: "bytes=0-0" })).status).toBe(206);
    await site.time.advance(DOWNLOAD_FIRST_MS);
    expect((await get(late)).status).toBe(404);
    expect((await get(early, { range: "bytes=1-1" })).status).toBe(206);
    await site.stop();
  });

  test("it ends with the session, and with the right to read", async () => {
    const { site, ana, ben, eve, seq, pathFor, get } = await told();
    const [one, other, third] = [await pathFor(ana), await pathFor(ben), await pathFor(eve)];
    for (const path of [one, other, third]) expect((await get(path)).status).toBe(200);
    await ana.ask("kick", { room: "lab", user: "eve" });
    expect((await get(third)).status).toBe(404);
    ben.hangUp();
    await site.quiet();
    expect((await get(other)).status).toBe(404);
    await ana.ask("erase", { seq });
    expect((await get(one)).status).toBe(404);
    await ana.ask("logout", {});
    expect((await get(one)).status).toBe(404);
    await site.stop();
  });

  test("nothing more is sent to somebody who is put out in the middle", async () => {
    const { site, ana, ben, pathFor, get } = await told();
    const response = await get(await pathFor(ben));
    const reader = response.body?.getReader();
    expect((await site.wait(reader?.read() ?? Promise.reject()))?.value).toHaveLength(CHUNK_BYTES);
    await ana.ask("kick", { room: "lab", user: "ben" });
    const rest = async () => {
      while ((await reader?.read())?.done === false);
    };
    expect(await site.wait(rest().catch((error: Error) => error.message))).toContain(
      "no such file",
    );
    await site.stop();
  });

  test("one session has so many, and the first one goes", async () => {
    const { site, ben, pathFor, get } = await told();
    const first = await pathFor(ben);
    for (let i = 1; i < DOWNLOADS_PER_SESSION_MAX; i++) await pathFor(ben);
    expect((await get(first, {}, "HEAD")).status).toBe(200);
    await pathFor(ben);
    expect((await get(first, {}, "HEAD")).status).toBe(404);
    await site.stop();
  });

  test("so many run at once, and then again when one is over", async () => {
    const { site, ben, pathFor, get } = await told();
    const path = await pathFor(ben);
    const running: Response[] = [];
    for (let i = 0; i < DOWNLOADS_AT_ONCE_MAX; i++) running.push(await get(path));
    const refused = await get(path);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    await site.wait(running[0]?.body?.cancel() ?? Promise.reject());
    expect((await get(path)).status).toBe(200);
    await site.stop();
  });

  test("operators see the name of the file only if it is in a named room", async () => {
    const { site, ana, ben, pathFor, get } = await told();
    const secret = new TestFile("secret", FIVE.size, "secret.txt");
    await secret.upload(await channelOf(ana), ["@ben"]);
    await operating(ana);
    const paths = [await pathFor(ben), (await ben.ask("download", { file: secret.id })).path];
    const running = [];
    for (const path of paths) {
      const reader = (await get(path)).body?.getReader();
      await site.wait(reader?.read() ?? Promise.reject());
      running.push(reader);
    }
    const { transfers } = await ana.ask("transfers", {});
    expect(transfers.map(({ name, web }) => [name, web])).toEqual([
      [FIVE.name, true],
      [undefined, true],
    ]);
    for (const reader of running) await site.wait(reader?.cancel() ?? Promise.reject());
    await site.stop();
  });

  test("so many at once give no more to an account that comes in again and again", async () => {
    const { site, ben, pathFor, get } = await told();
    const sessions = LANES_PER_ACCOUNT_MAX / DOWNLOADS_AT_ONCE_MAX;
    for (let i = 0; i < sessions; i++) {
      const session = await site.again(ben, "ben");
      const path = await pathFor(session);
      for (let j = 0; j < DOWNLOADS_AT_ONCE_MAX; j++) expect((await get(path)).status).toBe(200);
      await session.ask("logout", {}); // What nobody takes is under way as before.
    }
    expect((await get(await pathFor(ben))).status).toBe(503);
    await site.stop();
  });
});

describe("content", () => {
  test("that is not what was received is not given", async () => {
    const flip = (bad: number) => (index: number, bytes: Uint8Array) =>
      index === bad ? bytes.map((byte) => byte ^ 1) : bytes;
    const first = await told(FIVE, tampered(flip(0)));
    const path = await first.pathFor(first.ben);
    expect((await first.get(path)).status).toBe(500);
    expect((await first.get(path, { range: "bytes=3-5" })).status).toBe(500);
    await first.site.stop();
    const later = await told(FIVE, tampered(flip(3)));
    const response = await later.get(await later.pathFor(later.ben));
    expect(response.status).toBe(200);
    // It breaks off: what came before is right, and the browser knows that it is not whole.
    expect((await rejection(bytesOf(later.site, response))).message).toContain("damaged");
    await later.site.stop();
  });

  test("is read as fast as it is taken", async () => {
    let reads = 0;
    const counted = tampered((_, bytes) => {
      reads++;
      return bytes;
    });
    const file = new TestFile("twenty", 20 * CHUNK_BYTES);
    const { site, ben, pathFor, get } = await told(file, counted);
    reads = 0;
    const response = await get(await pathFor(ben));
    const reader = response.body?.getReader();
    for (let i = 1; i <= 3; i++) {
      await site.wait(reader?.read() ?? Promise.reject());
      await site.quiet();
      expect(reads).toBeLessThanOrEqual(i + 1);
    }
    await site.wait(reader?.cancel() ?? Promise.reject());
    await site.stop();
  });
});

describe("a folder", () => {
  const inside = new TextEncoder().encode("hello\n");
  const manifest = encodeManifest([
    { path: "empty", dir: true, mode: 0o755, mtime: 1_763_617_717_003 },
    { path: "sub/a.txt", size: inside.length, mode: 0o640, mtime: 1_763_617_717_003 },
    { path: "void", size: 0, mode: 0o600, mtime: 1_763_617_717_003 },
  ]);
  const bytes = new Uint8Array(Buffer.concat([manifest, inside]));
  const folder = { entries: 3, manifestBytes: manifest.length };

  async function sent() {
    const { site, ana, ben } = await lab();
    const file = TestFile.of("fold", bytes, "photos");
    const lane = await channelOf(ana);
    await lane.ask("offer", file.offer(["lab"], { folder }));
    await file.pour(lane);
    await lane.ask("finish", file.finish);
    const { path } = await ben.ask("download", { file: file.id });
    return { site, file, path, get: browser(site) };
  }

  test("comes as an archive, whole and without ranges", async () => {
    const { site, path, get } = await sent();
    const response = await get(path, { range: "bytes=0-5" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/zip");
    expect(response.headers.get("accept-ranges")).toBe("none");
    expect(response.headers.get("content-disposition")).toContain('filename="photos.zip"');
    const archive = Buffer.from(await bytesOf(site, response));
    for (const name of ["photos/empty/", "photos/sub/a.txt", "photos/void"]) {
      // In its own head, and in the table.
      expect(archive.toString("latin1").split(name)).toHaveLength(3);
    }
    expect(archive.includes("hello\n")).toBe(true);
    expect(archive.readUInt16LE(archive.length - 12)).toBe(3);
    expect((await get(path, {}, "HEAD")).headers.get("content-type")).toBe("application/zip");
    await site.stop();
  });
});

describe("many folders at once", () => {
  // Nothing of it is content, and its archive is more than is given out at once.
  const manifest = encodeManifest(
    Array.from({ length: 20_000 }, (_, i) => {
      return { path: `a-file-without-content-${i}`, size: 0, mode: 0o600, mtime: 0 };
    }).sort((one, other) => (one.path < other.path ? -1 : 1)),
  );
  const folder = { entries: 20_000, manifestBytes: manifest.length };

  async function sentMany() {
    const { site, ana, ben } = await lab();
    const file = TestFile.of("many", manifest, "many");
    const lane = await channelOf(ana);
    await lane.ask("offer", file.offer(["lab"], { folder }));
    await file.pour(lane);
    await lane.ask("finish", file.finish);
    const get = browser(site);
    const ask = async (guest: Guest) => get((await guest.ask("download", { file: file.id })).path);
    return { site, ana, ben, ask };
  }

  test("are some in all, whoever takes them", async () => {
    const { site, ask } = await sentMany();
    const guests: Guest[] = [];
    for (let i = 0; i * ARCHIVES_PER_ACCOUNT_MAX <= ARCHIVES_AT_ONCE_MAX; i++) {
      const guest = await site.member(`guest-${i}`);
      await guest.ask("join", { room: "lab" });
      guests.push(guest);
    }
    for (let i = 0; i < ARCHIVES_AT_ONCE_MAX; i++) {
      const guest = guests[Math.floor(i / ARCHIVES_PER_ACCOUNT_MAX)];
      if (guest === undefined) throw new Error("there are enough guests");
      expect((await ask(guest)).status).toBe(200);
    }
    const last = guests.at(-1);
    if (last === undefined) throw new Error("there is one");
    expect((await ask(last)).status).toBe(503);
    await site.stop();
  });

  test("are few to one account, also while nothing of their content is read", async () => {
    const { site, ana, ben, ask } = await sentMany();
    const leave: (() => Promise<void>)[] = [];
    for (let i = 0; i < ARCHIVES_PER_ACCOUNT_MAX; i++) {
      const response = await ask(ben);
      expect(response.status).toBe(200);
      const reader = response.body?.getReader();
      if (reader === undefined) throw new Error("there is no body");
      await site.wait(reader.read());
      leave.push(() => reader.cancel());
    }
    expect((await ask(ben)).status).toBe(503);
    const other = await ask(ana);
    expect(other.status).toBe(200);
    await site.wait(leave[0]?.() ?? Promise.reject());
    const again = await ask(ben);
    expect(again.status).toBe(200);
    expect((await ask(ben)).status).toBe(503);
    await site.wait(again.arrayBuffer());
    expect((await ask(ben)).status).toBe(200);
    await site.stop();
  });
});

describe("a lane by the address of a download", () => {
  test("fetches that one file and does nothing else", async () => {
    const { site, ben, pathFor } = await told();
    const token = (await pathFor(ben)).slice("/files/".length);
    const lane = await site.greeted("10.0.0.3", ben.keys);
    expect(await lane.ask("lane", { ticket: token })).toEqual({ file: FIVE.id });
    expect((await download(lane, FIVE.id, 0)).bytes).toEqual(WHOLE);
    const other = { file: "fAAAAAAAAAAA" as FileId, from: 0, window: CHUNK_BYTES };
    expect((await lane.refused("fetch", other)).code).toBe("not-allowed");
    expect((await lane.refused("offer", FIVE.offer(["lab"]))).code).toBe("not-allowed");
    const again = await channelWith(ben, token);
    ben.hangUp();
    expect((await again.untilEnded()).fault?.code).toBe("link-closed");
    const late = await site.greeted("10.0.0.3", ben.keys);
    expect((await late.refused("lane", { ticket: token })).code).toBe("login-refused");
    await site.stop();
  });
});
