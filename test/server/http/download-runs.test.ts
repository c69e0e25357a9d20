import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import {
  ARCHIVES_PER_ACCOUNT_MAX,
  CONCURRENT_ARCHIVES_MAX,
  DOWNLOADS_MEMORY_MAX,
  DOWNLOADS_MEMORY_PER_ACCOUNT_MAX,
} from "../../../src/base/limits-page.ts";
import type { Account } from "../../../src/core/rooms/accounts.ts";
import { DownloadRuns, type WebDownloadOptions } from "../../../src/server/http/download-runs.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { faultCode } from "../../fault-code.ts";

const MIB = 1024 * 1024;

function fixture() {
  const clock = new VirtualClock();
  const runs = new DownloadRuns(clock);
  const accounts = Array.from({ length: 100 }, (_, i) => ({ id: `u${i}` }) as unknown as Account);
  const start = (owner: number, memoryBytes: number, isArchive = false) => {
    const about = { parent: undefined, file: "fA" as FileId, name: undefined, sinceMs: 0 };
    const address = { host: "10.0.0.1", port: 1 };
    const fields = { ...about, address, sizeBytes: 1, isArchive, memoryBytes };
    return runs.start({ ...fields, account: accounts[owner] } as WebDownloadOptions);
  };
  return { clock, runs, start };
}

test("limits the memory of an account, until its downloads end", () => {
  const { start } = fixture();
  const first = start(0, DOWNLOADS_MEMORY_PER_ACCOUNT_MAX - MIB);
  const second = start(0, MIB);
  expect(faultCode(() => start(0, 1))).toBe("too-many");
  second.end();
  second.end();
  start(0, MIB);
  expect(faultCode(() => start(0, 1))).toBe("too-many");
  first.end();
  start(0, 1);
});

test("ends the longest stalled download of the largest account for a smaller one", async () => {
  const { clock, runs, start } = fixture();
  const share = DOWNLOADS_MEMORY_PER_ACCOUNT_MAX;
  const large = Array.from({ length: DOWNLOADS_MEMORY_MAX / share }, (_, owner) => {
    return [start(owner, share / 2), start(owner, share / 2)];
  });
  start(9, 0);
  await clock.advance(1_000);
  for (const [first] of large) first?.read();
  const added = start(10, MIB);
  expect(large.flat().filter(({ isCancelled }) => isCancelled)).toEqual([large[0]?.[1] as never]);
  expect([...runs]).toContain(added);
  expect([...runs]).not.toContain(large[0]?.[1] as never);
});

test("ends no download of others for an account that is as large", () => {
  const { start } = fixture();
  const all = Array.from({ length: 4 }, (_, owner) => start(owner, DOWNLOADS_MEMORY_MAX / 4));
  expect(faultCode(() => start(5, DOWNLOADS_MEMORY_MAX / 4))).toBe("too-many");
  expect(all.some(({ isCancelled }) => isCancelled)).toBe(false);
});

test("a few accounts cannot take all archives", () => {
  const { start } = fixture();
  for (let i = 0; i < CONCURRENT_ARCHIVES_MAX; i++) {
    start(Math.floor(i / ARCHIVES_PER_ACCOUNT_MAX), 1, true);
  }
  expect(faultCode(() => start(0, 1, true))).toBe("too-many");
  expect(start(50, 1, true).isCancelled).toBe(false);
});
