import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES, RECONNECT_PENDING_MAX_MS } from "../../src/base/limits.ts";
import { deviceKeys, nativeHashing } from "../../src/cli/connect/keys.ts";
import { Client } from "../../src/client/client.ts";
import type { ReaderEvent } from "../../src/client/event.ts";
import { faultsOf, type MessageRequest } from "../../src/client/files/message.ts";
import type { DownloadedFile } from "../../src/client/files/transfers.ts";
import { filesIn } from "../../src/core/rooms/files.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { JsonObject } from "../../src/wire/record.ts";
import { rejection } from "../rejection.ts";
import { FIRST_SEED, sampleSize } from "../samples.ts";
import { Site } from "../server/site.ts";
import { siteTest } from "../server/site-lab.ts";
import { content, digestHex, MemoryFolder, MemorySource, wholeChunks } from "./contents.ts";
import { countedLink } from "./counted-link.ts";
import { type SentFile, sendFile } from "./send-file.ts";

/** Links are cut at each CUT_EVERY-th message; the seed decides which. */
const CUT_EVERY = Math.ceil(150 / sampleSize(25, 150));
const FIRST_CUT = 1 + (FIRST_SEED % CUT_EVERY);
const ADDRESS = { host: "10.0.0.1", port: 2428 };

class Home {
  readonly site: Site;
  readonly name: string;
  readonly state = ClientState.inMemory();
  readonly device = Identity.generate();
  readonly folder = new MemoryFolder();
  readonly events: ReaderEvent[] = [];
  isCut = false;
  onMessage: () => void = () => {};

  constructor(site: Site, name: string) {
    this.site = site;
    this.name = name;
  }

  async enter(): Promise<Client> {
    const { site, name, state, device } = this;
    const dial = async () => {
      if (this.isCut) throw new Fault("unreachable", "the network is away");
      return site.network
        .dialFrom(name)({ ...ADDRESS, timeoutMs: 5_000 })
        .then((link) => countedLink(link, () => this.onMessage()));
    };
    const client = new Client(
      {
        clock: site.clock,
        entropy: site.entropy,
        dial,
        state,
        keys: deviceKeys(device, state),
        hashing: nativeHashing(),
      },
      {
        address: "server:2428",
        program: "chat/test",
        follow: "live",
        credentials: { user: name, mode: "either" },
      },
    );
    void this.#read(client);
    await site.wait(client.connect());
    return client;
  }

  get(client: Client, file: FileId): Promise<DownloadedFile> {
    return client.transfers.get({ file, into: "/in", openSink: this.folder.open });
  }

  has(bytes: Uint8Array, name = "a.bin"): boolean {
    const file = this.folder.files.get(name);
    return file !== undefined && Buffer.from(file).equals(bytes);
  }

  async #read(client: Client): Promise<void> {
    for await (const event of client.read()) this.events.push(event);
  }
}

function send(client: Client, source: MemorySource, to = ["lobby"]): Promise<SentFile> {
  return sendFile(client.transfers, { source, to });
}

async function both(seed = 1) {
  const site = await Site.open({ seed });
  const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
  const [sender, receiver] = [await ana.enter(), await bob.enter()];
  return { site, ana, bob, sender, receiver };
}

async function startTransfer(source: MemorySource, heldChunk: number) {
  const scene = await both();
  const { site, bob, sender, receiver } = scene;
  const { promise, resolve: release } = Promise.withResolvers<void>();
  source.onRead = (index) => (index === heldChunk ? promise : undefined);
  const sending = send(sender, source);
  const offer = await site.until("an offer", () =>
    bob.events.find((event) => event.kind === "offered"),
  );
  const getting = bob.get(receiver, offer.file as FileId);
  await site.time.advance(500);
  return { ...scene, sending, getting, release };
}

test("a notice of an upload names the thread that will show the file", async () => {
  const { site, bob, sender } = await both();
  const { seq: re } = await site.wait(sender.post("lobby", { text: "a question" }));
  const sources = [content(1), content(2), content(3)].map((bytes) => new MemorySource(bytes));
  for (const [i, message] of [{ re, thread: true }, { re }, {}].entries()) {
    const source = sources[i] as MemorySource;
    await site.wait(sendFile(sender.transfers, { source, to: ["lobby"], ...message }));
  }
  const offers = await site.until("three offers", () => {
    const found = bob.events.filter((event) => event.kind === "offered");
    return found.length === 3 ? found : undefined;
  });
  expect(offers.map(({ thread }) => thread)).toEqual([re, undefined, undefined]);
});

describe("a file arrives once and complete", () => {
  async function cutEverywhere(
    run: (scene: Awaited<ReturnType<typeof both>>, arm: (home: Home) => void) => Promise<void>,
  ): Promise<void> {
    for (let k = FIRST_CUT; k < 150; k += CUT_EVERY) {
      const scene = await both(k);
      let messages = 0;
      await run(scene, (home) => {
        home.onMessage = () => {
          if (++messages === k) scene.site.clock.after(0, () => scene.site.network.cut());
        };
      });
      if (messages < k) return;
    }
    throw new Error("it never came to an end");
  }

  test.each([
    ["file", (bytes: Uint8Array) => new MemorySource(bytes)],
    ["stream", (bytes: Uint8Array) => MemorySource.stream(bytes)],
  ])("when the sender of a %s loses its links at any message", (_, make) =>
    cutEverywhere(async ({ site, ana, bob, sender, receiver }, arm) => {
      const source = make(content(6 * CHUNK_BYTES + 1));
      arm(ana);
      const sent = await site.wait(send(sender, source));
      expect([sent.posted.length, sent.resumedBytes]).toEqual([1, 0]);
      const received = await site.wait(bob.get(receiver, sent.id));
      expect(received.digest).toBe(digestHex(source.bytes));
      const query = { target: "lobby", files: true, limit: 10 };
      const { records } = await site.wait(receiver.history(query));
      expect(records.map(({ seq }) => seq)).toEqual([sent.posted[0]?.seq ?? 0]);
    }),
  );

  test("when the receiver loses its links at any message", () =>
    cutEverywhere(async ({ site, bob, sender, receiver }, arm) => {
      const bytes = content(6 * CHUNK_BYTES + 1);
      const sent = await site.wait(send(sender, new MemorySource(bytes)));
      arm(bob);
      const received = await site.wait(bob.get(receiver, sent.id));
      expect([received.resumedBytes, bob.folder.opened.length]).toEqual([0, 1]);
      expect(bob.has(bytes)).toBe(true);
    }));

  test("when the network is down for a minute, with each chunk sent once", async () => {
    const source = new MemorySource(content(12 * CHUNK_BYTES + 1));
    const { site, ana, bob, sending, getting, release } = await startTransfer(source, 8);
    for (const home of [ana, bob]) home.isCut = true;
    site.network.cut();
    release();
    await site.time.advance(60_000);
    for (const home of [ana, bob]) home.isCut = false;
    const backAt = site.time.now();
    const sent = await site.wait(sending);
    expect((await site.wait(getting)).digest).toBe(sent.digest);
    expect(site.time.now() - backAt).toBeLessThan(RECONNECT_PENDING_MAX_MS + 5_000);
    expect(bob.has(source.bytes)).toBe(true);
    expect(source.reads.filter((index) => index < 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(bob.folder.opened.length).toBe(1);
  });

  test.each(["restart", "restartAfterCrash"] as const)("when the server does a %s", async (how) => {
    const source = MemorySource.stream(content(12 * CHUNK_BYTES + 1));
    const { site, bob, sending, getting, release } = await startTransfer(source, 8);
    for (let times = 0; times < 2; times++) {
      if (how === "restartAfterCrash") site.disk.losePower();
      await site[how]();
      release();
      await site.time.advance(500);
    }
    const sent = await site.wait(sending);
    expect(sent.digest).toBe(digestHex(source.bytes));
    expect((await site.wait(getting)).digest).toBe(sent.digest);
    expect(bob.has(source.bytes)).toBe(true);
  });
});

siteTest("uploads a file once for the messages of two processes", async (site) => {
  const ana = new Home(site, "ana");
  const bytes = wholeChunks(9);
  const gone = await ana.enter();
  const source = new MemorySource(bytes);
  source.onRead = (index) => {
    if (index === 5) void gone.close();
  };
  await rejection(site.wait(send(gone, source)));
  const clients = [await ana.enter(), await ana.enter()];
  const sending = clients.map((client) => send(client, new MemorySource(bytes)));
  const [first, second] = await site.wait(Promise.all(sending));
  expect(second?.id).toBe(first?.id as FileId);
  expect(second?.posted[0]?.seq).not.toBe(first?.posted[0]?.seq);
  expect(first?.digest).toBe(digestHex(bytes));
});

describe("a message with several files", () => {
  const LARGE = wholeChunks(4);

  function sources(...contents: readonly Uint8Array[]): readonly MemorySource[] {
    return contents.map((bytes, i) => {
      const stamp = `${bytes.length}`;
      return new MemorySource(bytes, { name: `${i}.bin`, path: `/home/ana/${i}.bin`, stamp });
    });
  }

  async function scene(options: Parameters<typeof Site.open>[0] = {}) {
    const site = await Site.open(options);
    const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
    const [sender] = [await ana.enter(), await bob.enter()];
    const sendAll = (files: readonly MemorySource[], more: Partial<MessageRequest> = {}) => {
      const message = { to: ["lobby"], body: { text: "these" }, isCommand: true, ...more };
      const sending = { ...message, files: files.map((source) => ({ source })) };
      return site.wait(sender.transfers.sendMessage(sending));
    };
    const messages = () =>
      bob.events.flatMap((event) => (event.kind === "record" ? [event.record] : []));
    const posted = () => messages().filter(({ kind }) => kind === "file");
    const namesOf = ({ body }: { readonly body: unknown }) =>
      filesIn(body as JsonObject).map(({ name }) => name);
    return { site, ana, sender, sendAll, posted, namesOf };
  }

  test("lists them in their order, though the first is the last to be complete", async () => {
    const { site, sendAll, posted, namesOf } = await scene();
    const files = sources(LARGE, content(9), LARGE, content(0));
    const { promise, resolve } = Promise.withResolvers<void>();
    const [first, , third] = files;
    if (first !== undefined) first.onRead = (index) => (index === 2 ? promise : undefined);
    if (third !== undefined) third.onRead = (index) => (index === 3 ? resolve() : undefined);
    const sent = await sendAll(files);
    await site.quiet();
    expect(posted().map(namesOf)).toEqual([["0.bin", "1.bin", "2.bin", "3.bin"]]);
    expect(posted()[0]?.body).toMatchObject({ text: "these" });
    expect(sent.posted).toHaveLength(1);
  });

  test("has the text and the others if the server refuses one", async () => {
    const { site, sendAll, posted, namesOf } = await scene({
      files: { fileBytesMax: CHUNK_BYTES },
    });
    const sent = await sendAll(sources(content(1), LARGE, content(2)));
    expect(sent.files[1]).toMatchObject({ code: "too-large" });
    await site.quiet();
    expect(posted().map(namesOf)).toEqual([["0.bin", "2.bin"]]);
    expect(await sendAll(sources(LARGE, LARGE))).toMatchObject({ posted: [], refused: [] });
  });

  test("reaches the other targets if the server refuses one", async () => {
    const { sendAll } = await scene();
    for (const files of [sources(content(1), content(2)), sources(LARGE, content(3))]) {
      const sent = await sendAll(files, { to: ["nowhere", "lobby", "@nobody", "@bob"] });
      expect(sent.posted.map(({ to }) => to)).toEqual(["lobby", "@bob"]);
      expect(sent.refused).toMatchObject([
        { to: "nowhere", fault: { code: "room-unknown" } },
        { to: "@nobody", fault: { code: "user-unknown" } },
      ]);
    }
    const none = await sendAll(sources(content(1)), { to: ["nowhere", "@nobody"] });
    const codes = faultsOf(none).map(({ code }) => code);
    expect([none.posted, codes]).toEqual([[], ["user-unknown", "room-unknown"]]);
    const unknown = sendAll(sources(content(1)), { to: ["nowhere", "neither"] });
    expect(await rejection(unknown)).toMatchObject({ code: "room-unknown" });
  });

  test("lists the same file twice", async () => {
    const { sendAll } = await scene();
    for (const bytes of [content(7), LARGE]) {
      const path = `/home/ana/${bytes.length}`;
      const file = new MemorySource(bytes, { path });
      const twice = [file, new MemorySource(bytes, { path })];
      const ids = (await sendAll(twice)).files.map((sent) => ("id" in sent ? sent.id : sent.code));
      expect(new Set(ids).size).toBe(2);
    }
  });

  test("is uploaded again if an upload is gone before the post", async () => {
    const { site, sender, sendAll, posted, namesOf } = await scene();
    const files = sources(LARGE, LARGE);
    const [, second] = files;
    const removeFirst = async () => {
      const complete = async () =>
        (await sender.request("uploads", {})).uploads.find(
          ({ name, bytes, sending }) => name === "0.bin" && bytes === LARGE.length && !sending,
        );
      for (;;) {
        const upload = await complete();
        if (upload === undefined) continue;
        await sender.transfers.withdraw(upload.file as FileId);
        return;
      }
    };
    let isRemoved = false;
    if (second !== undefined)
      second.onRead = (index) => {
        if (index !== 2 || isRemoved) return;
        isRemoved = true;
        return removeFirst();
      };
    expect(await sendAll(files)).toMatchObject({ posted: [{ to: "lobby" }], refused: [] });
    await site.quiet();
    expect(posted().map(namesOf)).toEqual([["0.bin", "1.bin"]]);
  });
});

test.each<[string, string, (sender: Client, seq: number) => Promise<unknown>]>([
  ["an erased file", "file-unknown", (sender, seq) => sender.request("erase", { seq })],
  [
    "a file of a room that the receiver is removed from",
    "not-member",
    (sender) => sender.request("kick", { room: "attic", user: "bob" }),
  ],
])("a download of %s ends", async (_, code, end) => {
  const { site, bob, sender, receiver } = await both();
  await site.wait(sender.request("join", { room: "attic", create: true }));
  await site.wait(receiver.request("join", { room: "attic" }));
  const sent = await site.wait(send(sender, new MemorySource(wholeChunks(40)), ["attic"]));
  bob.folder.onAppend = async (index) => {
    if (index === 2) await end(sender, sent.posted[0]?.seq ?? 0);
  };
  const fault = await rejection(site.wait(bob.get(receiver, sent.id)));
  expect([code, "file-unknown"]).toContain((fault as Fault).code);
  expect(bob.folder.files.size).toBe(0);
});
