import { describe, expect, test } from "bun:test";
import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES, FILE_TEXT_BYTES_MAX } from "../../src/base/limits.ts";
import {
  ATTACHMENTS_STORED_BYTES_MAX,
  CONCURRENT_PAGE_UPLOADS_MAX,
  DOWNLOAD_NOTE_KEEP_MS,
  PAGE_DOWNLOADS_STORED_MAX,
  PAGE_UPLOADS_MAX,
} from "../../src/base/limits-page.ts";
import { openRoom } from "../../src/core/model/selectors.ts";
import type { TransferView } from "../../src/core/model/state.ts";
import type { SaveHandle, SaveTarget } from "../../src/web/browser/environment.ts";
import type { Attachment } from "../../src/web/transfer/attachments.ts";
import { Photos } from "../../src/web/transfer/photos.ts";
import { jpegOf } from "../cli/screen/pictures/test-png.ts";
import { phoneExif, withExif } from "../core/client/exif.ts";
import { Site } from "../server/site.ts";
import { Browser, opened, type Tab } from "./browser/browser.ts";

const SIZE = 40 * CHUNK_BYTES + 123;

function contents(sizeBytes = SIZE): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i += 7) bytes[i] = i % 251;
  return bytes;
}

function fileOf(bytes: Uint8Array<ArrayBuffer>, name = "photo.png"): File {
  return new File([bytes], name, { lastModified: 1_700_000_000_000 });
}

function attached(...files: readonly File[]): Attachment[] {
  return files.map((file) => ({ file, handle: undefined }));
}

function transfers(tab: Tab): TransferView[] {
  return [...tab.chat.model.transfers.values()];
}

function stateOf(tab: Tab): string | undefined {
  return transfers(tab)[0]?.state.kind;
}

class HeldTarget implements SaveTarget {
  handle: SaveHandle | undefined;
  parts: Uint8Array[] = [];
  isFinished = false;
  async write(bytes: Uint8Array): Promise<void> {
    this.parts.push(bytes.slice());
  }
  async flush(): Promise<void> {}
  async restart(): Promise<void> {
    this.parts = [];
  }
  async finish(): Promise<void> {
    this.isFinished = true;
  }
  async abandon(): Promise<void> {
    this.parts = [];
  }
  get sizeBytes(): number {
    return this.parts.reduce((sum, part) => sum + part.length, 0);
  }
}

/** Leaves a reloaded page without the files of its uploads, as a browser with a full disk does. */
async function forgetFiles({ store }: Browser): Promise<void> {
  const rows = await store.all("sending", "");
  await store.write(rows.map(([key]) => ({ table: "sending", key, value: undefined })));
}

async function openedSlow(channelMs: number) {
  const site = await Site.open();
  const browser = new Browser(site);
  browser.channelMs = channelMs;
  return { site, browser, ana: await browser.member("ana") };
}

describe("uploads", () => {
  test("uploads a complete file and posts its record", async () => {
    const { ana, ben } = await opened("ben");
    ana.chat.actions.open("lobby");
    ben.chat.actions.open("lobby");
    ana.chat.upload("#lobby", attached(fileOf(contents())));
    await ana.until("done", () => stateOf(ana) === "done");
    const file = () => openRoom(ben.chat.model)?.tail.items.find(({ kind }) => kind === "file");
    await ben.until("told", () => file() !== undefined);
    expect(file()?.files[0]).toMatchObject({ name: "photo.png", size: SIZE });
    const seq = file()?.seq ?? 0;
    const text = () => file()?.text;
    ana.chat.actions.send("lobby", { text: "look", edits: seq });
    await ben.until("words", () => text() === "look");
    ana.chat.actions.send("lobby", { text: "ü".repeat(FILE_TEXT_BYTES_MAX), edits: seq });
    await ana.until("too long", () => ana.chat.model.faults.length === 1);
    expect(ana.chat.model.drafts.get("lobby")?.edits).toBe(seq);
    ana.chat.actions.send("lobby", { text: " ", edits: seq });
    await ben.until("none", () => text() !== "look");
    ana.chat.cancelTransfer(transfers(ana)[0]?.id ?? "");
    await ana.until("gone", () => transfers(ana).length === 0);
    expect(await ana.browser.store.all("uploads", "")).toEqual([]);
  });

  test("pauses, without its thread, if the accepted history lacks the thread", async () => {
    const { browser, ana } = await openedSlow(15);
    const inThread = { re: 5, thread: true };
    ana.chat.upload("lobby", attached(fileOf(contents(90 * CHUNK_BYTES))), inThread);
    await ana.until("begun", () => (transfers(ana)[0]?.progress?.doneBytes ?? 0) > 0);
    const stored = async () => (await browser.store.all("uploads", ""))[0]?.[1];
    await ana.chat.account?.historyReplaced(5);
    expect(await stored()).toMatchObject(inThread);
    expect(stateOf(ana)).toBe("running");
    await ana.chat.account?.historyReplaced(4);
    await ana.until("paused", () => stateOf(ana) === "paused");
    expect(await stored()).toMatchObject({ re: undefined, thread: undefined, isPaused: true });
  });

  test("resumes after a lost link, a pause, and a reload with the same file", async () => {
    const { site, browser, ana: first } = await openedSlow(15);
    const bytes = contents(90 * CHUNK_BYTES);
    first.chat.upload("lobby", attached(fileOf(bytes)));
    const done = (tab: Tab) => transfers(tab)[0]?.progress?.doneBytes ?? 0;
    await first.until("begun", () => done(first) > 0);
    first.cut();
    await first.connectionIs("online");
    const id = transfers(first)[0]?.id ?? "";
    first.chat.pauseTransfer(id);
    await first.until("paused", () => stateOf(first) === "paused");
    first.chat.resumeTransfer(id);
    const kept = async () => (await browser.store.all("uploads", ""))[0]?.[1] as { upTo: number };
    for (let i = 0; i < 20_000 && (await kept()).upTo === 0; i++) await site.time.advance(1);
    expect((await kept()).upTo).toBeGreaterThan(0);
    first.kill();
    await forgetFiles(browser);
    const next = await browser.tab();
    await next.until("asks", () => stateOf(next) === "needs-file");
    next.chat.resumeTransfer(id, fileOf(contents(5), "photo.png"));
    await next.until("refused", () => next.chat.model.faults.length === 1);
    expect(next.chat.model.faults[0]?.fault.code).toBe("file-changed");
    next.chat.upload("lobby", attached(fileOf(bytes)));
    await next.until("done", () => stateOf(next) === "done");
    expect(transfers(next)).toHaveLength(1);
    expect(transfers(next)[0]?.progress?.resumedBytes).toBeGreaterThan(0);
  });

  test("resumes after a reload with the stored file, and then removes it", async () => {
    const { browser, ana: first } = await openedSlow(15);
    first.chat.upload("lobby", attached(fileOf(contents(90 * CHUNK_BYTES), "voice.weba")));
    await first.until("begun", () => (transfers(first)[0]?.progress?.doneBytes ?? 0) > 0);
    const [[key, stored] = []] = await browser.store.all("sending", "");
    expect(stored).toHaveProperty("size", 90 * CHUNK_BYTES);
    first.kill();
    const orphan = `${key}x`;
    await browser.store.write([{ table: "sending", key: orphan, value: fileOf(contents(1)) }]);
    const next = await browser.tab();
    await next.until("done", () => stateOf(next) === "done");
    await next.chat.account?.written();
    expect(await browser.store.all("sending", "")).toEqual([]);
  });

  test("does not store a file above the limit, or beside others that reach it", async () => {
    const { browser, ana } = await openedSlow(5_000);
    const half = ATTACHMENTS_STORED_BYTES_MAX / 2;
    const files = [half + 1, half, half - 1].map((size, i) => {
      return fileOf(new Uint8Array(size), `${i}.bin`);
    });
    ana.chat.upload("lobby", attached(...files));
    await ana.until("queued", () => transfers(ana).length === 3);
    await ana.chat.account?.written();
    const names = (await browser.store.all("sending", "")).map(([, file]) => (file as File).name);
    expect(names.sort()).toEqual(["0.bin", "2.bin"]);
  });

  test("CONCURRENT_PAGE_UPLOADS_MAX run, others wait; PAGE_UPLOADS_MAX are taken", async () => {
    const { site, browser, ana } = await openedSlow(5_000);
    const files = Array.from({ length: PAGE_UPLOADS_MAX + 1 }, (_, i) =>
      fileOf(contents(10), `${i}.txt`),
    );
    ana.chat.upload("lobby", attached(...files));
    await ana.until("refused", () => ana.chat.model.faults.length === 1);
    expect(ana.chat.model.faults[0]?.fault.code).toBe("too-many");
    expect(transfers(ana)).toHaveLength(PAGE_UPLOADS_MAX);
    await site.time.advance(200);
    expect(browser.channels).toBe(CONCURRENT_PAGE_UPLOADS_MAX);
  });

  test("sends a smaller copy of a photo, also after a reload, or a fault", async () => {
    const { browser, ana: first } = await openedSlow(15);
    const copy = contents(60 * CHUNK_BYTES);
    const canScale = (source: Blob) => source.size > 100_000;
    browser.photos = new Photos(async (source) => {
      if (!canScale(source)) return undefined;
      return { blob: new Blob([copy], { type: "image/jpeg" }), width: 2_048, height: 9 };
    });
    await first.close();
    const jpeg = withExif(await jpegOf(40, 30), phoneExif());
    const photo = () => fileOf(Buffer.concat([jpeg, contents()]), "walk.jpeg");
    const tab = await browser.tab();
    await tab.caughtUp();
    tab.chat.upload("lobby", attached(photo()), { isSmaller: true });
    await tab.until("begun", () => (transfers(tab)[0]?.progress?.doneBytes ?? 0) > 0);
    tab.kill();
    await forgetFiles(browser);
    const next = await browser.tab();
    await next.until("asks", () => stateOf(next) === "needs-file");
    next.chat.actions.open("lobby");
    next.chat.resumeTransfer(transfers(next)[0]?.id ?? "", photo());
    await next.until("done", () => stateOf(next) === "done");
    const { items = [] } = openRoom(next.chat.model)?.tail ?? {};
    const posted = items.find(({ kind }) => kind === "file")?.files[0];
    expect(posted).toMatchObject({ name: "walk.jpeg", size: copy.length });
    const corrupt = fileOf(Buffer.from(jpeg), "corrupt.jpg");
    next.chat.upload("lobby", attached(corrupt), { isSmaller: true });
    await next.until("failed", () => transfers(next)[1]?.state.kind === "failed");
    next.chat.upload("lobby", attached(corrupt), { isSmaller: true });
    await next.until("sent as it is", () => transfers(next)[2]?.state.kind === "done");
  });

  const LARGE_FIRST = [60 * CHUNK_BYTES, 10, 5 * CHUNK_BYTES, 10, 10];

  function album(sizes: readonly number[]): File[] {
    return sizes.map((sizeBytes, i) => fileOf(contents(sizeBytes), `${i}.png`));
  }

  function postedNames({ chat }: Tab): string[] {
    const { items = [] } = openRoom(chat.model)?.tail ?? {};
    return items.flatMap(({ files }) => files.map(({ name }) => name));
  }

  test("posts files that are sent together in the order chosen", async () => {
    const { ana } = await openedSlow(15);
    ana.chat.actions.open("lobby");
    ana.chat.upload("lobby", attached(...album(LARGE_FIRST)), { text: "a caption" });
    await ana.until("all posted", () => postedNames(ana).length === LARGE_FIRST.length);
    expect(postedNames(ana)).toEqual(["0.png", "1.png", "2.png", "3.png", "4.png"]);
    ana.chat.upload("lobby", attached(...album([60 * CHUNK_BYTES])));
    ana.chat.upload("lobby", attached(fileOf(contents(10), "other.png")));
    await ana.until("all posted", () => postedNames(ana).length === LARGE_FIRST.length + 2);
    expect(postedNames(ana).slice(-2)).toEqual(["other.png", "0.png"]);
  });

  test.each(["cancelled", "paused", "failed"])(
    "posts the other files if the first is %s",
    async (what) => {
      const { ana } = await openedSlow(15);
      ana.chat.actions.open("lobby");
      const files = album(LARGE_FIRST);
      let changes = false;
      const slice = files[0]?.slice.bind(files[0]);
      Object.defineProperty(files[0], "slice", {
        value: (...range: [number?, number?]) => {
          const unreadable = { arrayBuffer: () => Promise.reject(new DOMException("changed")) };
          return changes ? unreadable : slice?.(...range);
        },
      });
      ana.chat.upload("lobby", attached(...files));
      const uploaded = (i: number) => transfers(ana)[i]?.progress?.doneBytes ?? 0;
      await ana.until("the others wait", () => uploaded(0) > 0 && uploaded(1) === 10);
      expect(postedNames(ana)).toEqual([]);
      const id = transfers(ana)[0]?.id ?? "";
      changes = what === "failed";
      if (what === "cancelled") ana.chat.cancelTransfer(id);
      if (what === "paused") ana.chat.pauseTransfer(id);
      if (what === "failed") ana.cut();
      await ana.until("the others are posted", () => postedNames(ana).length === 4);
      expect(postedNames(ana)).toEqual(["1.png", "2.png", "3.png", "4.png"]);
      if (what === "cancelled") return;
      changes = false;
      ana.chat.resumeTransfer(id);
      await ana.until("all are posted", () => postedNames(ana).length === 5);
    },
  );

  test("keeps the order of files across a reload", async () => {
    const { browser, ana: first } = await openedSlow(15);
    const files = album(LARGE_FIRST);
    first.chat.upload("lobby", attached(...files));
    await first.until("begun", () => (transfers(first)[0]?.progress?.doneBytes ?? 0) > 0);
    first.kill();
    await forgetFiles(browser);
    const next = await browser.tab();
    next.chat.actions.open("lobby");
    const waiting = () => transfers(next).filter(({ state }) => state.kind === "needs-file");
    await next.until("all ask", () => waiting().length === LARGE_FIRST.length);
    expect(waiting().map(({ name }) => name)).toEqual(files.map(({ name }) => name));
    for (const { id, name } of waiting())
      next.chat.resumeTransfer(
        id,
        files.find((file) => file.name === name),
      );
    await next.until("all posted", () => postedNames(next).length === LARGE_FIRST.length);
    expect(postedNames(next)).toEqual(["0.png", "1.png", "2.png", "3.png", "4.png"]);
  });

  test("withdraws a cancelled upload from the server", async () => {
    const { site, ana } = await openedSlow(15);
    ana.chat.upload("lobby", attached(fileOf(contents(90 * CHUNK_BYTES))));
    await ana.until("begun", () => (transfers(ana)[0]?.progress?.doneBytes ?? 0) > 0);
    ana.chat.cancelTransfer(transfers(ana)[0]?.id ?? "");
    await ana.until("gone", () => transfers(ana).length === 0);
    const withdrawn = () => site.events.some(({ kind }) => kind === "withdrawn");
    await ana.until("withdrawn", withdrawn);
  });
});

describe("downloads", () => {
  async function downloading(name: string, handle?: SaveHandle) {
    const { site, ana } = await opened();
    const bytes = contents();
    ana.chat.upload("lobby", attached(fileOf(bytes)));
    await ana.until("sent", () => stateOf(ana) === "done");
    const browser = new Browser(site);
    browser.channelMs = 15;
    const ben = await browser.member("ben");
    ben.chat.actions.open("lobby");
    const item = openRoom(ben.chat.model)?.tail.items.find(({ kind }) => kind === "file");
    const file = item?.files[0]?.file ?? "";
    const place = new HeldTarget();
    place.handle = handle;
    browser.place = place;
    ben.chat.download(file, name);
    await ben.until("begun", () => place.parts.length > 2 && transfers(ben).length > 0);
    return { site, browser, bytes, ben, place, file };
  }

  test("verifies each chunk, and loses nothing in a pause", async () => {
    const { bytes, ben, place } = await downloading("../../photo.png");
    expect(transfers(ben)[0]?.name).not.toContain("/");
    const id = transfers(ben)[0]?.id ?? "";
    ben.chat.pauseTransfer(id);
    await ben.until("paused", () => stateOf(ben) === "paused");
    const before = place.parts.length;
    expect(before).toBeLessThan(41);
    ben.chat.resumeTransfer(id);
    await ben.until("done", () => stateOf(ben) === "done");
    expect(transfers(ben)[0]?.state).toEqual({ kind: "done" });
    expect(place.parts).toHaveLength(41);
    expect(Buffer.concat(place.parts).equals(Buffer.from(bytes))).toBe(true);
  });

  test("restores a download to a chosen file after a reload, and asks before writing", async () => {
    const { site, browser, ben, file } = await downloading("photo.png", {} as SaveHandle);
    expect(transfers(ben)[0]?.file).toBe(file as FileId);
    ben.kill();
    const [[key = "", note] = []] = await browser.store.all("downloads", "");
    const rows = Array.from({ length: PAGE_DOWNLOADS_STORED_MAX }, (_, i) => {
      const more = { ...(note as object), key: `k${i}` };
      return { table: "downloads", key: `${key}${i}`, value: more } as const;
    });
    const begunUnixMs = site.clock.unixMs() - DOWNLOAD_NOTE_KEEP_MS - 1;
    const old = { ...(note as object), key: "old", begunUnixMs };
    await browser.store.write([...rows, { table: "downloads", key: `${key}old`, value: old }]);
    const next = await browser.tab();
    await next.until("all", () => transfers(next).length >= PAGE_DOWNLOADS_STORED_MAX);
    expect(transfers(next)).toHaveLength(PAGE_DOWNLOADS_STORED_MAX);
    expect(transfers(next).map(({ id }) => id)).not.toContain("old");
    expect(stateOf(next)).toBe("needs-file");
    for (const { id } of transfers(next)) next.chat.cancelTransfer(id);
    await next.until("gone", () => transfers(next).length === 0);
  });

  test("rejects a preview above its size limit", async () => {
    const { site, ana } = await opened();
    ana.chat.upload("lobby", attached(fileOf(contents(1_000))));
    await ana.until("sent", () => stateOf(ana) === "done");
    ana.chat.actions.open("lobby");
    const item = openRoom(ana.chat.model)?.tail.items.find(({ kind }) => kind === "file");
    const file = item?.files[0]?.file ?? "";
    const got = () => site.events.filter(({ kind }) => kind === "got").length;
    expect(await site.wait(ana.chat.preview(file, 1_000))).toEqual(contents(1_000));
    expect(got()).toBe(0);
    const code = (fault: { code: string }) => fault.code;
    const refused = ana.chat.preview(file, 999).catch(code);
    expect(await site.wait(refused)).toBe("too-large");
    const digest = item?.files[0]?.digest ?? "";
    expect(await site.wait(ana.chat.preview(file, 1_000, { digest }))).toEqual(contents(1_000));
    const other = ana.chat.preview(file, 1_000, { digest: "00".repeat(32) }).catch(code);
    expect(await site.wait(other)).toBe("checksum-wrong");
  });
});
