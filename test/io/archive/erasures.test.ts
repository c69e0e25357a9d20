import { describe, expect, test } from "bun:test";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type LogArchive, openArchive } from "../../../src/io/archive/archive.ts";
import type { Page, PageQuery } from "../../../src/io/log/log.ts";
import { blanked, eraseLineAt, FOLDER, LogFixture, lineAt } from "../log-fixture.ts";

const ALL: PageQuery = { from: "newest", limit: 50, bytesMax: 1 << 20 };

function archiveHolding(text: string): LogArchive {
  const fixture = new LogFixture();
  fixture.disk.makeFolder(FOLDER);
  fixture.put(`${FOLDER}/000000000001.jsonl`, Buffer.from(text));
  return openArchive({ folder: FOLDER, disk: fixture.disk, sha256 });
}

function seqs(page: Page): number[] {
  return page.records.map(({ head }) => head.seq);
}

describe("what is erased", () => {
  const [one = "", two = "", three = "", four = ""] = [1, 2, 3, 4].map((seq) => lineAt(seq, seq));
  const order = eraseLineAt(4, 2);
  const erase = blanked(two, 4);

  test("an erased record keeps its place", async () => {
    const archive = archiveHolding(one + erase + three + order);
    expect((await archive.page(ALL)).records[1]).toMatchObject({ erased: 4 });
    expect(seqs(await archive.page({ ...ALL, grep: "m2" }))).toEqual([]);
    expect(seqs(await archive.page({ ...ALL, grep: "m3" }))).toEqual([3]);
  });

  test("a record that nobody ordered to be erased is damaged", async () => {
    for (const last of [four, eraseLineAt(4, 3)]) {
      const archive = archiveHolding(one + erase + three + last);
      for (let again = 0; again < 2; again++) {
        const { records } = await archive.page(ALL);
        expect(records[1]).toMatchObject({ damaged: true });
        expect(records[1]?.erased).toBeUndefined();
      }
    }
  });

  test("a blanking that was torn anywhere is taken as done", async () => {
    for (let cut = two.indexOf('"salt"') + 1; cut < two.length - 1; cut++) {
      for (const torn of [
        erase.slice(0, cut) + two.slice(cut),
        two.slice(0, cut) + erase.slice(cut),
      ]) {
        if (torn === two) continue;
        const archive = archiveHolding(one + torn + three + order);
        const { records } = await archive.page(ALL);
        expect(records.map(({ erased, damaged }) => erased ?? damaged)).toEqual([
          undefined,
          4,
          undefined,
          undefined,
        ]);
      }
    }
  });
});
