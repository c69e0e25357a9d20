import { describe, expect, test } from "bun:test";
import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { DOWNLOAD_NOTE_KEEP_MS, PAGE_DOWNLOADS_STORED_MAX } from "../../src/base/limits-page.ts";
import { openRoom } from "../../src/core/model/selectors.ts";
import type { TransferView } from "../../src/core/model/state.ts";
import type { SaveHandle, SaveTarget } from "../../src/web/browser/environment.ts";
import { Browser, opened, type Tab } from "./browser/browser.ts";

const SIZE = 40 * CHUNK_BYTES + 123;

function contents(sizeBytes = SIZE): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i += 7) bytes[i] = i % 251;
  return bytes;
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

async function sendFile(tab: Tab, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  tab.chat.actions.open("lobby");
  const file = new File([bytes], "photo.png", { lastModified: 1_700_000_000_000 });
  tab.chat.sendFiles("lobby", [{ file, handle: undefined }]);
  const isSent = () => openRoom(tab.chat.model)?.tail.items.some(({ kind }) => kind === "file");
  await tab.until("sent", () => isSent() === true);
}

describe("downloads", () => {
  async function downloading(name: string, handle?: SaveHandle) {
    const { site, ana } = await opened();
    const bytes = contents();
    await sendFile(ana, bytes);
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
    expect(stateOf(next)).toBe("needs-permission");
    for (const { id } of transfers(next)) next.chat.cancelTransfer(id);
    await next.until("gone", () => transfers(next).length === 0);
  });

  test("rejects a preview above its size limit", async () => {
    const { site, ana } = await opened();
    await sendFile(ana, contents(1_000));
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
