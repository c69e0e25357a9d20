import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { CHUNK_BYTES, FILES_PER_POST_MAX } from "../../src/base/limits.ts";
import { PAGE_WAITING_MESSAGES_MAX } from "../../src/base/limits-page.ts";
import { draftKey, openRoom } from "../../src/core/model/selectors.ts";
import type { Item, WaitingView } from "../../src/core/model/state.ts";
import { MemoryStore, type Store, type TableChange } from "../../src/web/browser/indexed-db.ts";
import type { Attachment } from "../../src/web/transfer/attachments.ts";
import { Photos } from "../../src/web/transfer/photos.ts";
import { jpegOf } from "../cli/screen/pictures/test-png.ts";
import { phoneExif, withExif } from "../core/client/exif.ts";
import { Site } from "../server/site.ts";
import { Browser, type Tab } from "./browser/browser.ts";

function contents(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sizeBytes).map((_, i) => i % 251);
}

function fileOf(name: string, bytes: Uint8Array<ArrayBuffer> = contents(3 * CHUNK_BYTES)): File {
  return new File([bytes], name, { lastModified: 1_700_000_000_000 });
}

function attachment(file: File): Attachment {
  return { file, handle: undefined };
}

/** Writes a text and attaches files as the composer does, then presses Enter. */
function send(tab: Tab, text: string, files: readonly File[], target = "lobby", root?: number) {
  const { chat } = tab;
  const key = draftKey(target, root);
  if (text !== "") chat.actions.setDraft(key, { text });
  const attachments = files.map(attachment);
  chat.attached.add(key, attachments);
  const thread = root === undefined ? {} : { re: root, thread: true };
  if (!chat.sendFiles(target, attachments, { text, draft: key, ...thread })) return false;
  chat.attached.take(key, attachments);
  chat.actions.setDraft(key, undefined);
  return true;
}

function waiting({ chat }: Tab): readonly WaitingView[] {
  return chat.store.current.waiting;
}

function posted({ chat }: Tab): Item[] {
  const { items = [] } = openRoom(chat.model)?.tail ?? {};
  return items.filter(({ kind }) => kind === "file");
}

function summary(item: Item | undefined) {
  return item && { text: item.text, files: item.files.map(({ name, size }) => [name, size]) };
}

async function opened(channelMs = 15, store: Store = new MemoryStore()) {
  const site = await Site.open();
  const browser = new Browser(site);
  browser.store = store;
  browser.channelMs = channelMs;
  const ana = await browser.member("ana");
  ana.chat.actions.open("lobby");
  return { site, browser, ana };
}

async function reopened(browser: Browser, reloads?: Tab): Promise<Tab> {
  const tab = await browser.tab(reloads && { reloads });
  await tab.caughtUp();
  tab.chat.actions.open("lobby");
  return tab;
}

const SIZES = [2 * CHUNK_BYTES, 10, CHUNK_BYTES];
const album = () => SIZES.map((size, i) => fileOf(`${i}.png`, contents(size)));
const ALBUM = SIZES.map((size, i) => [`${i}.png`, size]);

test("posts text and files as one message, in the order chosen", async () => {
  const { browser, ana } = await opened();
  expect(send(ana, "look", album())).toBe(true);
  expect(waiting(ana)[0]).toMatchObject({ text: "look", to: ["lobby"] });
  expect(ana.chat.attached.filesFor("lobby")).toEqual([]);
  await ana.until("posted", () => posted(ana).length === 1);
  expect(summary(posted(ana)[0])).toEqual({ text: "look", files: ALBUM });
  await ana.until("settled", () => waiting(ana).length === 0);
  await ana.chat.account?.written();
  for (const table of ["messages", "attached", "uploads", "hashes", "outbox"] as const)
    expect([table, await browser.store.all(table, "")]).toEqual([table, []]);
});

/** Store of a browser that ends with a certain write. */
class EndingStore extends MemoryStore {
  writes = 0;
  endsAt = 0;
  onEnd = (): void => undefined;
  isApplied = true;

  override async write(changes: readonly TableChange[]): Promise<void> {
    this.writes += 1;
    if (this.endsAt > 0 && this.writes > this.endsAt) return new Promise(() => undefined);
    const isLast = this.writes === this.endsAt;
    if (!isLast || this.isApplied) await super.write(changes);
    if (!isLast) return;
    this.onEnd();
    return new Promise(() => undefined);
  }
}

test("posts exactly one message if the page ends with any write", async () => {
  let isComplete = false;
  for (let at = 1; !isComplete; at++) {
    const store = new EndingStore();
    const { browser, ana } = await opened(2, store);
    ana.chat.actions.setDraft("lobby", { text: "look" });
    await browser.site.time.advance(1_000);
    let hasEnded = false;
    Object.assign(store, { writes: 0, endsAt: at, isApplied: at % 2 === 0 });
    store.onEnd = () => {
      hasEnded = true;
      ana.kill();
    };
    send(ana, "look", album());
    await browser.site.until(
      "posted or ended",
      () => hasEnded || posted(ana).length === 1 || undefined,
    );
    await browser.site.time.advance(2_000);
    isComplete = !hasEnded;
    store.endsAt = 0;
    if (!hasEnded) ana.kill();
    const next = await reopened(browser, ana);
    await browser.site.time.advance(5_000);
    const inComposer = next.chat.attached.filesFor("lobby").length;
    const draft = next.chat.model.drafts.get("lobby")?.text;
    const where = `write ${at}: ${posted(next).length} posted, ${inComposer} attached, ${draft}`;
    expect(posted(next).length, where).toBeLessThanOrEqual(1);
    if (posted(next).length === 1) {
      expect(summary(posted(next)[0]), where).toEqual({ text: "look", files: ALBUM });
      expect(inComposer, where).toBe(0);
    } else expect(waiting(next).length + (draft === "look" ? 1 : 0), where).toBeGreaterThan(0);
    next.kill();
  }
});

test("continues a message in one of two tabs, and shows it in the other", async () => {
  const { browser, ana } = await opened(200);
  const other = await reopened(browser);
  send(ana, "look", album());
  await other.until("shown", () => waiting(other).length === 1);
  expect(waiting(other)[0]).toMatchObject({ text: "look", actions: [] });
  ana.kill();
  other.chat.setFocus(true);
  await other.until("posted", () => posted(other).length === 1);
  await other.until("gone", () => waiting(other).length === 0);
  expect(summary(posted(other)[0])).toEqual({ text: "look", files: ALBUM });
  await browser.site.time.advance(5_000);
  expect(posted(other)).toHaveLength(1);
});

function failing(name: string): { file: File; mend: () => void } {
  const file = fileOf(name);
  const slice = file.slice.bind(file);
  let isBroken = true;
  const unreadable = { arrayBuffer: () => Promise.reject(new DOMException("changed")) };
  Object.defineProperty(file, "slice", {
    value: (...range: [number?, number?]) => (isBroken ? unreadable : slice(...range)),
  });
  return { file, mend: () => (isBroken = false) };
}

test("sends a file as it was attached, if it changes or vanishes meanwhile", async () => {
  const { site, ana } = await opened();
  const attachments = [attachment(failing("b.bin").file)];
  ana.chat.attached.add("lobby", attachments);
  await ana.until("stored", () => !ana.chat.isLossy);
  ana.chat.sendFiles("lobby", attachments, { text: "kept" });
  await ana.until("posted", () => posted(ana).length === 1);
  expect(summary(posted(ana)[0])).toEqual({ text: "kept", files: [["b.bin", 3 * CHUNK_BYTES]] });
  await site.time.advance(1);
});

/** Store without space for the content of a file. */
class FullStore extends MemoryStore {
  override write(changes: readonly TableChange[]): Promise<void> {
    const isLarge = changes.some(({ value }) => {
      const { file } = Object(value) as { readonly file?: { readonly name?: string } };
      return file?.name === "b.bin";
    });
    if (isLarge) return Promise.reject(new Fault("store-full", "no space"));
    return super.write(changes);
  }
}

test("keeps a message with a file that fails until its author decides", async () => {
  const { browser, ana } = await opened(2, new FullStore());
  const broken = failing("b.bin");
  send(ana, "both", [fileOf("a.bin"), broken.file]);
  await ana.until("stuck", () => waiting(ana)[0]?.files[1]?.fault !== undefined);
  const [first] = waiting(ana);
  expect(first?.files[1]?.fault?.code).toBe("file-changed");
  expect(first?.actions).toContain("retry");
  const key = first?.key ?? "";
  broken.mend();
  ana.chat.commandWaiting(key, { kind: "retry" });
  await ana.until("posted", () => posted(ana).length === 1);
  expect(posted(ana)[0]?.files.map(({ name }) => name)).toEqual(["a.bin", "b.bin"]);
  send(ana, "without", [fileOf("a.bin"), failing("b.bin").file]);
  await ana.until("stuck", () => waiting(ana)[0]?.files[1]?.fault !== undefined);
  ana.chat.commandWaiting(waiting(ana)[0]?.key ?? "", { kind: "remove-file", file: 2 });
  await ana.until("posted", () => posted(ana).length === 2);
  expect(posted(ana)[1]?.files.map(({ name }) => name)).toEqual(["a.bin"]);
  send(ana, "none", [failing("b.bin").file]);
  await ana.until("stuck", () => waiting(ana)[0]?.files[0]?.fault !== undefined);
  ana.chat.commandWaiting(waiting(ana)[0]?.key ?? "", { kind: "remove-file", file: 1 });
  await ana.until("text alone", () => ana.texts("lobby").includes("none"));
  await ana.chat.account?.written();
  expect(await browser.store.all("attached", "")).toEqual([]);
});

test("returns text and files to the composer, or discards them", async () => {
  const { site, browser, ana } = await opened(5_000);
  send(ana, "first", [fileOf("a.bin")]);
  await ana.until("begun", () => waiting(ana).length === 1);
  ana.chat.actions.setDraft("lobby", { text: "typed meanwhile" });
  ana.chat.commandWaiting(waiting(ana)[0]?.key ?? "", { kind: "edit" });
  await ana.until("gone", () => waiting(ana).length === 0);
  expect(ana.chat.model.drafts.get("lobby")?.text).toContain("first");
  expect(ana.chat.model.drafts.get("lobby")?.text).toContain("typed meanwhile");
  expect(ana.chat.attached.filesFor("lobby").map(({ file }) => file.name)).toEqual(["a.bin"]);
  await ana.chat.account?.written();
  await site.time.advance(1_000);
  ana.kill();
  const next = await reopened(browser, ana);
  await next.until("files", () => next.chat.attached.filesFor("lobby").length === 1);
  expect(waiting(next)).toEqual([]);
  expect(next.chat.model.drafts.get("lobby")?.text).toContain("first");
  send(next, "second", [fileOf("c.bin")]);
  await next.until("begun", () => waiting(next).length === 1);
  next.chat.commandWaiting(waiting(next)[0]?.key ?? "", { kind: "discard" });
  await next.until("gone", () => waiting(next).length === 0);
  await next.chat.account?.written();
  expect(await browser.store.all("messages", "")).toEqual([]);
  expect(await browser.store.all("attached", "")).toHaveLength(1);
});

test("withdraws the uploads of a discarded message", async () => {
  const { site, ana } = await opened();
  send(ana, "", [fileOf("a.bin", contents(90 * CHUNK_BYTES))]);
  await ana.until("begun", () => (waiting(ana)[0]?.files[0]?.progress?.doneBytes ?? 0) > 0);
  ana.chat.commandWaiting(waiting(ana)[0]?.key ?? "", { kind: "discard" });
  await ana.until("withdrawn", () => site.events.some(({ kind }) => kind === "withdrawn"));
});

test("keeps a message that the server refuses, with its files", async () => {
  const { site, browser, ana } = await opened(50);
  const ben = await new Browser(site).member("ben");
  await site.wait(ben.chat.actions.join("closing", { create: true }));
  await site.wait(ana.chat.actions.join("closing"));
  send(ana, "look", album(), "closing");
  await ana.until("begun", () => waiting(ana).length === 1);
  await site.wait(ben.chat.request("mute", { room: "closing", user: "ana", on: true }));
  await ana.until("stuck", () => waiting(ana)[0]?.actions.includes("retry") === true);
  ana.kill();
  const next = await reopened(browser);
  await next.until("stuck", () => waiting(next)[0]?.actions.includes("retry") === true);
  expect(waiting(next)[0]).toMatchObject({ text: "look", files: [{}, {}, {}] });
  expect(next.chat.model.pending).toEqual([]);
  await site.wait(ben.chat.request("mute", { room: "closing", user: "ana", on: false }));
  next.chat.commandWaiting(waiting(next)[0]?.key ?? "", { kind: "retry" });
  next.chat.actions.open("closing");
  await next.until("posted", () => posted(next).length === 1);
  expect(summary(posted(next)[0])).toEqual({ text: "look", files: ALBUM });
});

test("asks for a file that the browser did not keep, and accepts no other", async () => {
  const { browser, ana } = await opened();
  send(ana, "look", [fileOf("a.bin", contents(60 * CHUNK_BYTES))]);
  await ana.until("begun", () => (waiting(ana)[0]?.files[0]?.progress?.doneBytes ?? 0) > 0);
  ana.kill();
  const rows = await browser.store.all("attached", "");
  await browser.store.write(
    rows.map(([key]) => ({ table: "attached", key, value: undefined }) as const),
  );
  const next = await reopened(browser);
  await next.until("asks", () => waiting(next)[0]?.files[0]?.fault?.code === "file-changed");
  const key = waiting(next)[0]?.key ?? "";
  next.chat.chooseWaiting(key, 1, fileOf("other.bin"));
  await next.until("refused", () => next.chat.model.faults.length === 1);
  next.chat.chooseWaiting(key, 1, fileOf("a.bin", contents(60 * CHUNK_BYTES)));
  await next.until("posted", () => posted(next).length === 1);
  expect(summary(posted(next)[0])).toEqual({ text: "look", files: [["a.bin", 60 * CHUNK_BYTES]] });
});

test("takes a bounded number of messages, and of files in a message", async () => {
  const { ana } = await opened();
  ana.isFrozen = true;
  ana.cut();
  for (let i = 0; i < PAGE_WAITING_MESSAGES_MAX; i++)
    expect(send(ana, "", [fileOf(`${i}`, contents(9))])).toBe(true);
  expect(send(ana, "kept", [fileOf("last")])).toBe(false);
  await ana.until("refused", () => ana.chat.model.faults[0]?.fault.code === "too-many");
  expect(ana.chat.model.drafts.get("lobby")?.text).toBe("kept");
  const many = Array.from({ length: FILES_PER_POST_MAX + 1 }, (_, i) => attachment(fileOf(`${i}`)));
  ana.chat.attached.add("@ben", many);
  expect(ana.chat.attached.filesFor("@ben")).toHaveLength(FILES_PER_POST_MAX);
});

test("sends from memory if the browser stores nothing, and deletes all at sign-out", async () => {
  const { browser, ana } = await opened(50);
  const { store } = browser;
  const write = store.write.bind(store);
  store.write = async () => {
    throw new Fault("store-failed", "no storage");
  };
  send(ana, "look", album());
  expect(ana.chat.isLossy).toBe(true);
  await ana.until("posted", () => posted(ana).length === 1);
  store.write = write;
  send(ana, "secret", album());
  await ana.until("stored", () => waiting(ana).length === 1);
  await ana.chat.account?.written();
  expect(await store.all("messages", "")).toHaveLength(1);
  await browser.site.wait(ana.chat.logout());
  await browser.site.time.advance(1_000);
  for (const table of ["messages", "attached", "uploads", "hashes"] as const)
    expect([table, await store.all(table, "")]).toEqual([table, []]);
});

test("sends a smaller copy of a photo, also after a reload", async () => {
  const { site, browser, ana: first } = await opened();
  const copy = contents(60 * CHUNK_BYTES);
  browser.photos = new Photos(async () => {
    return { blob: new Blob([copy], { type: "image/jpeg" }), width: 2_048, height: 9 };
  });
  first.kill();
  await site.time.advance(1);
  const tab = await reopened(browser);
  const jpeg = withExif(await jpegOf(40, 30), phoneExif());
  const photo = fileOf("walk.jpeg", Buffer.concat([jpeg, contents(9)]));
  const photos = [attachment(photo)];
  tab.chat.attached.add("lobby", photos);
  tab.chat.sendFiles("lobby", photos, { isSmaller: true });
  await tab.until("begun", () => (waiting(tab)[0]?.files[0]?.progress?.doneBytes ?? 0) > 0);
  tab.kill();
  const next = await reopened(browser);
  await next.until("posted", () => posted(next).length === 1);
  expect(summary(posted(next)[0])?.files).toEqual([["walk.jpeg", copy.length]]);
});

test("holds a file that was sent before its location was found, until a retry", async () => {
  const { ana } = await opened();
  const located = withExif(await jpegOf(40, 30), phoneExif());
  const known = fileOf("known.jpg", Buffer.from(located));
  ana.chat.attached.examined.add(known);
  send(ana, "told", [known]);
  await ana.until("posted", () => posted(ana).length === 1);
  send(ana, "too early", [fileOf("walk.jpg", Buffer.from(located)), fileOf("a.bin", contents(9))]);
  await ana.until("held", () => waiting(ana)[0]?.files[0]?.fault !== undefined);
  const [held] = waiting(ana);
  expect(held?.files.map(({ fault }) => fault?.code)).toEqual(["not-allowed", undefined]);
  expect(held?.files[0]?.fault?.message).toBe("personalUnseen");
  expect([held?.text, posted(ana).length]).toEqual(["too early", 1]);
  ana.chat.commandWaiting(held?.key ?? "", { kind: "retry" });
  await ana.until("posted", () => posted(ana).length === 2);
});
