import { expect, test } from "bun:test";
import { FREE_BYTES_MIN } from "../../../src/base/limits.ts";
import { historyQuotaOf, quotasOf } from "../../../src/cli/serve/quotas.ts";
import { QUOTAS_DEFAULT } from "../../../src/server/files/quotas.ts";
import { faultFrom } from "../../commands/fake-world.ts";

const NONE = {
  fileMax: undefined,
  filesPerUser: undefined,
  filesTotal: undefined,
  historyPerDay: undefined,
  keepFree: undefined,
};

test("left out, the disk decides and the log keeps FREE_BYTES_MIN", () => {
  expect(quotasOf(NONE)).toEqual(QUOTAS_DEFAULT);
  expect(historyQuotaOf(NONE)).toBeUndefined();
  expect(QUOTAS_DEFAULT.freeBytesMin).toBe(FREE_BYTES_MIN);
});

test("sizes as people write them", () => {
  const files = { fileMax: "2G", filesPerUser: "1.5 TB", filesTotal: "10GiB", keepFree: "0" };
  const given = { ...files, historyPerDay: "1 GiB" };
  expect(historyQuotaOf(given)).toBe(2 ** 30);
  expect(quotasOf(given)).toEqual({
    fileBytesMax: 2e9,
    userBytesMax: 1.5e12,
    totalBytesMax: 10 * 2 ** 30,
    freeBytesMin: 0,
  });
});

test("one user has at most half of all files, unless told otherwise", () => {
  const { userBytesMax, totalBytesMax } = quotasOf({ ...NONE, filesTotal: "10G" });
  expect([userBytesMax, totalBytesMax]).toEqual([5e9, 10e9]);
});

test("no size is wrong usage, and the flag is named", async () => {
  const fault = await faultFrom(() => quotasOf({ ...NONE, keepFree: "much" }));
  expect([fault.code, fault.message.startsWith("--keep-free: ")]).toEqual(["usage", true]);
});
