import { expect } from "bun:test";
import { SMALL_FILE_BYTES_MAX } from "../../src/base/limits.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";
import type { RequestFields } from "../../src/wire/messages.ts";
import { fixtureTest } from "../fixture-test.ts";
import { content, MemorySource } from "./contents.ts";
import { FILE, FileClient } from "./file-client.ts";
import { messageOf } from "./send-file.ts";

const smallTest = fixtureTest(() => FileClient.enter());
const [EMPTY, SMALL, LONG] = [0, 100, SMALL_FILE_BYTES_MAX + 1].map((size) => content(size));

for (const bytes of [EMPTY, SMALL]) {
  const size = bytes?.length ?? 0;
  smallTest(`sends and fetches ${size} bytes without a data channel`, async (ana) => {
    expect(await ana.send(new MemorySource(bytes as Uint8Array))).toMatchObject({
      sizeBytes: size,
      resumedBytes: 0,
      posted: [{ to: "lobby", seq: 1 }],
    });
    expect(ana.hasSent(bytes as Uint8Array)).toBe(true);
    ana.files.put(FILE, bytes as Uint8Array);
    expect(await ana.get({ triesSmall: true })).toMatchObject({ sizeBytes: size, from: "bob" });
    expect(ana.has(bytes as Uint8Array)).toBe(true);
    expect(ana.files.channelCount).toBe(0);
    expect(ana.files.begun).toEqual([]);
  });
}

smallTest("fetches a long file over a data channel", async (ana) => {
  ana.files.put(FILE, LONG as Uint8Array);
  expect(await ana.get({ triesSmall: true })).toMatchObject({ sizeBytes: LONG?.length });
  expect(ana.has(LONG as Uint8Array)).toBe(true);
  expect(ana.files.begun).toEqual([0]);
});

smallTest("fetches damaged content again, over a data channel", async (ana) => {
  ana.files.put(FILE, SMALL as Uint8Array);
  ana.files.onSmall = (content) => ({ ...content, bytes: content.bytes.map((byte) => byte ^ 1) });
  expect(await ana.get({ triesSmall: true })).toMatchObject({ sizeBytes: SMALL?.length });
  expect(ana.has(SMALL as Uint8Array)).toBe(true);
  expect(ana.files.begun).toEqual([0]);
});

smallTest("fetches content of a wrong digest again, over a data channel", async (ana) => {
  ana.files.put(FILE, SMALL as Uint8Array);
  ana.files.onSmall = (content) => ({ ...content, digest: new Uint8Array(32) });
  expect(await ana.get({ triesSmall: true })).toMatchObject({ sizeBytes: SMALL?.length });
  expect(ana.has(SMALL as Uint8Array)).toBe(true);
});

smallTest("keeps its identifier if another program begins to send the same file", async (ana) => {
  const source = new MemorySource(SMALL as Uint8Array);
  const request = { source, to: ["lobby"] };
  const early = await ana.client.transfers.prepare(messageOf(request));
  const owner = { fingerprint: ana.client.fingerprint as Fingerprint, user: "ana" };
  const [, sent] = early?.earlyRequest(owner) ?? [];
  const { file } = sent as RequestFields<"put">;
  const { path, name, stamp = "" } = source;
  const key = { ...owner, path: path ?? "", to: request.to, name };
  ana.fixture.state.uploads.begin(key, stamp, FILE, 0);
  expect(await ana.send(source)).toMatchObject({ id: file });
  expect([...ana.files.files.keys()]).toEqual([file]);
});
