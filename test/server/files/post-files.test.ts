import { expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { defined } from "../../../src/base/values.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { holds, lab, labTest } from "../site-lab.ts";

const A = new TestFile("aa", 3 * CHUNK_BYTES + 5, "a.txt");
const B = new TestFile("bb", 10, "b.txt");
const OUTBOX = "AAAAAAAAAAA";

function post(files: readonly TestFile[], counter = 1, to = "lab", more: object = {}) {
  const body = { text: "both", files: files.map(({ listed }) => listed), ...more };
  return { outbox: OUTBOX, counter, to, body };
}

async function upload(guest: Guest, file: TestFile, to = ["lab", "@ben"], more: object = {}) {
  await file.complete(await channelOf(guest), to, more);
}

async function uploaded(guest: Guest, ...files: readonly TestFile[]): Promise<void> {
  for (const file of files) await upload(guest, file);
}

const messages = ({ records }: Guest) => records.filter(({ head }) => head.kind === "file");

function small(file: TestFile) {
  const { id, name, hashes, chunks } = file;
  const content = { sha256: hashes[0] ?? new Uint8Array(32), bytes: chunks[0] ?? new Uint8Array() };
  return { file: id, to: ["lab"], name, ...content };
}

labTest("posts two files in one record, once, also after a restart", async ({ site, ana, ben }) => {
  await uploaded(ana, A, B);
  await site.quiet();
  expect(messages(ben)).toEqual([]);
  expect(ben.all("offered")).toHaveLength(2);
  const first = await ana.request("post", post([A, B]));
  await site.quiet();
  const [message, ...others] = messages(ben);
  expect(others).toEqual([]);
  expect(message?.head).toMatchObject({ seq: first.seq, id: `${OUTBOX}.1`, kind: "file" });
  expect(message?.body).toMatchObject({
    text: "both",
    files: [{ file: A.id, name: "a.txt" }, { file: B.id }],
  });
  expect(Object.keys(message?.body ?? {}).at(-1)).toBe("files");
  expect((await ana.request("post", post([A, B]))).seq).toBe(first.seq);
  await site.restartAfterCrash();
  const again = await site.again(ana, "ana");
  expect((await again.request("post", post([A, B]))).seq).toBe(first.seq);
  const reader = await site.again(ben, "ben");
  expect((await download(await channelOf(reader), A.id)).bytes).toHaveLength(A.size);
});

labTest("posts uploads that were completed before a restart", async ({ site, ana, ben }) => {
  await uploaded(ana, A, B);
  await site.restartAfterCrash();
  const again = await site.again(ana, "ana");
  await again.request("post", post([A, B]));
  const reader = await site.again(ben, "ben");
  expect((await download(await channelOf(reader), A.id)).bytes).toHaveLength(A.size);
});

labTest("takes any target, and files that the account has posted", async ({ site, ana, ben }) => {
  await uploaded(ana, A);
  await ana.request("post", post([A], 1, "lobby"));
  await ana.request("post", post([A], 2, "@ben", { text: "" }));
  await site.quiet();
  expect(messages(ben).map(({ body }) => body?.["text"])).toEqual(["both", undefined]);
});

labTest("refuses missing, foreign, partial, different and repeated files", async ({ ana, ben }) => {
  await uploaded(ana, A);
  const text = { outbox: OUTBOX, counter: 1, to: "lab", body: { text: "root" } };
  const root = await ana.request("post", text);
  const lane = await channelOf(ana);
  await lane.request("offer", B.offer(["lab"]));
  expect(await ana.refusal("post", post([A, B], 2))).toBe("too-many");
  lane.hangUp();
  expect(await ben.refusal("post", post([A], 1))).toBe("file-unknown");
  const wrong = { files: [{ ...A.listed, digest: new Uint8Array(32) }] };
  expect(await ana.refusal("post", post([A], 3, "lab", wrong))).toBe("usage");
  expect(await ana.refusal("post", post([A, A], 4))).toBe("usage");
  for (const more of [
    { react: "+1", re: root.seq, text: "" },
    { notice: true },
    { action: true },
  ]) {
    expect(await ana.refusal("post", post([A], 5, "lab", more))).toBe("text-invalid");
  }
  expect(await ana.refusal("post", post([A], 6, "nowhere"))).toBe("room-unknown");
  await ana.request("post", post([A], 7));
});

labTest("accepts a preview of the same file alone", async ({ site, ana, ben }) => {
  const thumb = new TestFile("cc", 8, "a.txt");
  await uploaded(ana, A, B);
  await upload(ana, thumb, ["lab", "@ben"], { purpose: "preview" });
  expect(await ana.refusal("post", post([thumb], 1))).toBe("file-unknown");
  const preview = { file: thumb.id, size: thumb.size, digest: thumb.digest };
  const withPreview = (file: TestFile) => ({ files: [{ ...file.listed, preview }] });
  const asPreview = { file: B.id, size: B.size, digest: B.digest };
  const notPreview = { files: [{ ...A.listed, preview: asPreview }] };
  expect(await ana.refusal("post", post([A], 2, "lab", notPreview))).toBe("file-unknown");
  const { seq } = await ana.request("post", post([A], 3, "lab", withPreview(A)));
  expect(await ana.refusal("post", post([B], 4, "lab", withPreview(B)))).toBe("usage");
  await site.quiet();
  expect(messages(ben)[0]?.body).toMatchObject({ files: [{ preview: { file: thumb.id } }] });
  await ana.request("erase", { seq });
  await site.quiet();
  expect(site.disk.list("/d/files").filter((name) => name.startsWith("f"))).toEqual([B.id]);
});

labTest("erases content with the last message that lists it", async ({ site, ana }) => {
  const stored = () => site.disk.list("/d/files").filter((name) => name.startsWith("f"));
  await uploaded(ana, A, B);
  const { seq } = await ana.request("post", post([A, B]));
  const other = await ana.request("post", post([B], 2, "@ben"));
  await ana.request("erase", { seq });
  await site.quiet();
  expect(stored()).toEqual([B.id]);
  expect(holds(site, "a.txt")).toBe(false);
  await ana.request("erase", { seq: other.seq });
  await site.quiet();
  expect(stored()).toEqual([]);
  const lane = await channelOf(ana);
  expect(await lane.refusal("offer", A.offer(["lab"]))).toBe("not-found");
  await site.restartAfterCrash();
  const again = await site.again(ana, "ana");
  expect(await (await channelOf(again)).refusal("offer", A.offer(["lab"]))).toBe("not-found");
  expect((await again.request("post", post([A, B]))).seq).toBe(seq);
  expect(await again.refusal("post", post([A], 3))).toBe("file-unknown");
});

labTest("erases one file of a message, also after a restart", async ({ site, ana, ben }) => {
  const stored = () => site.disk.list("/d/files").filter((name) => name.startsWith("f"));
  const thumb = new TestFile("cc", 8, "a.txt");
  await uploaded(ana, A, B);
  await upload(ana, thumb, ["lab", "@ben"], { purpose: "preview" });
  const preview = { file: thumb.id, size: thumb.size, digest: thumb.digest };
  const files = [{ ...A.listed, preview }, B.listed];
  const { seq } = await ana.request("post", post([], 1, "lab", { files }));
  expect(await ben.refusal("erase", { seq, files: [A.id] })).toBe("not-allowed");
  expect(await ana.refusal("erase", { seq, files: [thumb.id] })).toBe("file-unknown");
  expect(await ana.refusal("erase", { seq, files: [] })).toBe("frame-malformed");
  const order = await ana.request("erase", { seq, files: [A.id] });
  await site.quiet();
  expect(stored()).toEqual([B.id]);
  expect(ben.records.at(-1)).toMatchObject({
    head: { kind: "erase", seq: order.seq },
    body: { of: seq, files: [A.id, thumb.id] },
  });
  expect(await ana.refusal("erase", { seq, files: [A.id] })).toBe("not-found");
  expect(await (await channelOf(ana)).refusal("offer", A.offer(["lab"]))).toBe("not-found");
  expect(
    await (await channelOf(ben)).refusal("fetch", { file: A.id, from: 0, window: 1 << 20 }),
  ).toBe("file-unknown");
  for (const isRestarted of [false, true]) {
    if (isRestarted) await site.restartAfterCrash();
    const reader = isRestarted ? await site.again(ben, "ben") : ben;
    const page = (more: object) =>
      reader.request("history", { target: "lab", kinds: ["file"], limit: 9, ...more });
    const { records } = await page({});
    expect(records).toMatchObject([{ erasedFiles: [A.id] }]);
    expect([records[0]?.body === undefined, records[0]?.erased]).toEqual([false, undefined]);
    expect((await page({ grep: "a.txt" })).records).toEqual([]);
    expect((await page({ grep: "b.txt" })).records).toHaveLength(1);
    expect((await page({ grep: "both" })).records).toHaveLength(1);
  }
  expect(stored()).toEqual([B.id]);
});

labTest("erases a message whose last file is erased, unless it has a text", async (places) => {
  const { site, ana, ben } = places;
  await uploaded(ana, A, B);
  const silent = await ana.request("post", post([A, B], 1, "lab", { text: "" }));
  const texted = await ana.request("post", post([A, B], 2));
  const edited = await ana.request("post", post([A], 3));
  await ana.request("edit", { seq: edited.seq, text: "" });
  await ana.request("erase", { seq: texted.seq, files: [A.id, B.id] });
  expect(await ana.refusal("edit", { seq: texted.seq, text: "" })).toBe("text-invalid");
  await ana.request("erase", { seq: silent.seq, files: [B.id] });
  expect(await ana.refusal("erase", { seq: silent.seq, files: [B.id] })).toBe("not-found");
  await ana.request("erase", { seq: silent.seq, files: [B.id, A.id] });
  await ana.request("erase", { seq: edited.seq, files: [A.id] });
  expect(await ana.refusal("erase", { seq: edited.seq, files: [A.id] })).toBe("not-found");
  await site.quiet();
  const { records } = await ben.request("history", { target: "lab", files: true, limit: 9 });
  expect(records.map(({ erased }) => erased !== undefined)).toEqual([true, false, true]);
  expect(site.disk.list("/d/files").filter((name) => name.startsWith("f"))).toEqual([]);
});

labTest("keeps posts behind one with files in order", async ({ site, ana, ben }) => {
  await uploaded(ana, A, B);
  const text = (counter: number, to = "lab") => {
    return { outbox: OUTBOX, counter, to, body: { text: `${counter}` } };
  };
  const root = await ana.request("post", text(1));
  const reply = { re: root.seq, thread: true, mentions: ["ben"] };
  const [withFiles, after] = await Promise.all([
    ana.request("post", post([A, B], 2, "lab", reply)),
    ana.request("post", text(3)),
  ]);
  expect(after.seq).toBeGreaterThan(withFiles.seq);
  await site.quiet();
  expect(messages(ben)[0]?.body).toMatchObject(reply);
});

labTest("posts small files without waiting for the answers", async ({ site, ana, ben }) => {
  const files = [0, 1, 2].map((i) => new TestFile(`s${i}`, 100 + i, `s${i}.txt`));
  const sends = files.map((file) => ana.request("put", small(file)));
  await Promise.all([...sends, ana.request("post", post(files))]);
  await site.quiet();
  expect(messages(ben)).toHaveLength(1);
  expect(messages(ben)[0]?.body).toMatchObject({ files: files.map(({ name }) => ({ name })) });
});

labTest("keeps a file from changes while a post lists it", async ({ site, ana }) => {
  await uploaded(ana, A);
  const lane = await channelOf(ana);
  const posting = ana.request("post", post([A]));
  const offering = lane.request("offer", A.offer(["lab"], { keep: 0 })).catch(() => undefined);
  await Promise.all([posting, offering]);
  await site.quiet();
  expect((await download(await channelOf(ana), A.id)).bytes).toHaveLength(A.size);
});

test.each([
  ["both contents with their message", []],
  ["both contents without their message", [A.id, B.id]],
])("erases %s at the next start if the machine stopped in between", async (_, files) => {
  const request = files.length === 0 ? {} : { files };
  let wasStopped = true;
  let calls = 1;
  for (; wasStopped; calls++) {
    expect(calls).toBeLessThan(60);
    const { site, ana } = await lab();
    await uploaded(ana, A, B);
    const { seq } = await ana.request("post", post([A, B]));
    await site.quiet();
    site.disk.stopAt(site.disk.calls + calls);
    let isDone = false;
    ana.send("erase", { seq, ...request }).then(
      () => {
        isDone = true;
      },
      () => undefined,
    );
    await site.time.advance(200);
    wasStopped = site.disk.isStopped;
    if (!wasStopped) expect(isDone).toBe(true);
    site.disk.losePower();
    await site.restartAfterCrash();
    const again = await site.again(ana, "ana");
    const { records } = await again.request("history", { target: "lab", files: true, limit: 10 });
    expect(records).toHaveLength(1);
    const left = [A, B].filter(({ id }) => site.disk.list("/d/files").includes(id)).length;
    const isErased = (records[0]?.erased ?? records[0]?.erasedFiles) !== undefined;
    expect(left).toBe(isErased ? 0 : 2);
    if (isDone) expect(left).toBe(0);
  }
  expect(calls).toBeGreaterThan(10);
});

test("records a repeated post once after any power loss", async () => {
  let wasStopped = true;
  let calls = 1;
  for (; wasStopped; calls++) {
    expect(calls).toBeLessThan(60);
    const { site, ana, ben } = await lab();
    await uploaded(ana, A, B);
    await site.quiet();
    site.disk.stopAt(site.disk.calls + calls);
    ana.send("post", post([A, B])).catch(() => undefined);
    await site.time.advance(200);
    wasStopped = site.disk.isStopped;
    site.disk.losePower();
    await site.restartAfterCrash();
    const again = await site.again(ana, "ana");
    await again.request("post", post([A, B]));
    await again.request("post", post([A, B]));
    const { records } = await again.request("history", { target: "lab", files: true, limit: 10 });
    expect(records).toHaveLength(1);
    const reader = await site.again(ben, "ben");
    expect((await download(await channelOf(reader), A.id)).bytes).toHaveLength(A.size);
  }
});

test("never deletes the content of a post in flight, for any order of an erasure", async () => {
  const outcomes = new Set<string>();
  for (const ms of [0, 1, 2, 3, 4, 5]) {
    for (let turns = 0; turns < 60; turns += 6) {
      for (const [isPostFirst, files] of [
        [true, undefined],
        [false, undefined],
        [true, [A.id]],
        [false, [A.id]],
      ] satisfies (readonly [boolean, string[] | undefined])[]) {
        if (files !== undefined && turns % 18 > 0) continue;
        const { site, ana } = await lab();
        await uploaded(ana, A);
        const { seq } = await ana.request("post", post([A]));
        const other = await site.again(ana, "ana");
        let outcome = "";
        const act = {
          post: () => {
            ana.send("post", post([A], 2, "@ben")).then(
              () => (outcome = "posted"),
              (error) => (outcome = error.code),
            );
          },
          erase: () => {
            other.send("erase", defined({ seq, files })).catch(() => undefined);
          },
        };
        act[isPostFirst ? "post" : "erase"]();
        if (ms > 0) await site.time.advance(ms);
        for (let i = 0; i < turns; i++) await Promise.resolve();
        act[isPostFirst ? "erase" : "post"]();
        await site.time.advance(200);
        outcomes.add(`${outcome}, content ${site.disk.list("/d/files").includes(A.id)}`);
      }
    }
  }
  expect([...outcomes].sort()).toEqual(["file-unknown, content false", "posted, content true"]);
}, 60_000);
