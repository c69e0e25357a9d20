import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES, RECONNECT_AWAITED_MAX_MS } from "../../src/base/limits.ts";
import { nativeHashing } from "../../src/cli/connect/hashing.ts";
import { deviceKeys } from "../../src/cli/connect/keys.ts";
import { Client } from "../../src/client/client.ts";
import type { ClientEvent } from "../../src/client/event.ts";
import type { GotFile, PostedFile, SentFile } from "../../src/client/transfer/transfers.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import { Site } from "../server/site.ts";
import { content, digestHex, HeldFolder, HeldSource } from "./contents.ts";
import { countedLink } from "./counted-link.ts";

/** Transfers of real clients with the real server, on a simulated disk and network. */

const ADDRESS = { host: "10.0.0.1", port: 2428 };

/** One person's home: what a client leaves there, the next one finds. */
class Home {
  readonly site: Site;
  readonly name: string;
  readonly state = ClientState.inMemory();
  readonly device = Identity.generate();
  readonly folder = new HeldFolder();
  readonly events: ClientEvent[] = [];
  /** Nothing gets out of this house. */
  isCut = false;
  /** Something went over a link of this home. */
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
        ...{ clock: site.clock, entropy: site.entropy, dial, state },
        ...{ keys: deviceKeys(device, state), hashing: nativeHashing() },
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

  get(client: Client, file: FileId): Promise<GotFile> {
    return client.transfers.get({ file, into: "/in", openSink: this.folder.open });
  }

  has(bytes: Uint8Array, name = "a.bin"): boolean {
    const file = this.folder.files.get(name);
    return file !== undefined && Buffer.from(file).equals(bytes);
  }

  async #read(client: Client): Promise<void> {
    for await (const event of client.events()) this.events.push(event);
  }
}

function send(client: Client, source: HeldSource, to = ["lobby"]): Promise<SentFile> {
  return client.transfers.send({ source, to });
}

/** The fault of a promise that fails. */
async function faultOf(promise: Promise<unknown>): Promise<Fault | "fine"> {
  try {
    await promise;
    return "fine";
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

describe("from one to another", () => {
  test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES])(
    "%i bytes",
    async (sizeBytes) => {
      const site = await Site.open();
      const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
      const [sender, receiver] = [await ana.enter(), await bob.enter()];
      const bytes = content(sizeBytes);
      const sent = await site.wait(send(sender, new HeldSource(bytes), ["lobby", "@bob"]));
      expect(sent).toMatchObject({ sizeBytes, digest: digestHex(bytes), resumedBytes: 0 });
      expect(sent.posted.map(({ to }) => to)).toEqual(["lobby", "@bob"]);
      const got = await site.wait(bob.get(receiver, sent.id));
      expect(got).toMatchObject({ sizeBytes, from: "ana", digest: sent.digest });
      expect(bob.has(bytes)).toBe(true);
      await site.quiet(); // What is told shortly after something else is gathered for a moment.
      const offered = bob.events.filter(({ kind }) => kind === "offered");
      expect(offered[0]).toMatchObject({ from: "ana", name: "a.bin", file: sent.id, sizeBytes });
    },
  );

  test("while it is still being sent, with a stream of unknown size", async () => {
    const site = await Site.open();
    const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
    const [sender, receiver] = [await ana.enter(), await bob.enter()];
    const source = HeldSource.stream(content(9 * CHUNK_BYTES + 3));
    const { promise: rest, resolve: goOn } = Promise.withResolvers<void>();
    source.onRead = (index) => (index === 5 ? rest : undefined);
    const sending = send(sender, source);
    const offer = await site.until("an offer", () =>
      bob.events.find((event) => event.kind === "offered"),
    );
    const getting = bob.get(receiver, offer.file);
    await site.time.advance(1_000);
    goOn();
    const [sent, got] = [await site.wait(sending), await site.wait(getting)];
    expect(got.digest).toBe(sent.digest);
    expect(bob.has(source.bytes)).toBe(true);
  });
});

describe("whatever happens on the way", () => {
  /** Cuts every link at message k, for every k, until it goes through undisturbed. */
  async function cutEverywhere(
    run: (site: Site, arm: (home: Home) => void) => Promise<void>,
  ): Promise<void> {
    for (let k = 1; k < 150; k++) {
      const site = await Site.open({ seed: k });
      let messages = 0;
      await run(site, (home) => {
        home.onMessage = () => {
          if (++messages === k) site.clock.after(0, () => site.network.cut());
        };
      });
      if (messages < k) return;
    }
    throw new Error("it never came to an end");
  }

  test.each([
    ["file", (bytes: Uint8Array) => new HeldSource(bytes)],
    ["stream", (bytes: Uint8Array) => HeldSource.stream(bytes)],
  ])("to the links of an upload: the %s is there once and whole", (_, make) =>
    cutEverywhere(async (site, arm) => {
      const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
      const [sender, receiver] = [await ana.enter(), await bob.enter()];
      const source = make(content(6 * CHUNK_BYTES + 1));
      arm(ana);
      const sent = await site.wait(send(sender, source));
      expect(sent.posted.length).toBe(1);
      const got = await site.wait(bob.get(receiver, sent.id));
      expect(got.digest).toBe(digestHex(source.bytes));
      const { records } = await site.wait(
        receiver.history({ target: "lobby", files: true, limit: 10 }),
      );
      expect(records.map(({ seq }) => seq)).toEqual([sent.posted[0]?.seq ?? 0]);
    }),
  );

  test("to the links of a download", () =>
    cutEverywhere(async (site, arm) => {
      const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
      const [sender, receiver] = [await ana.enter(), await bob.enter()];
      const bytes = content(6 * CHUNK_BYTES + 1);
      const sent = await site.wait(send(sender, new HeldSource(bytes)));
      arm(bob);
      await site.wait(bob.get(receiver, sent.id));
      expect(bob.has(bytes)).toBe(true);
    }));

  test("to the network for a minute: what was there before is not carried again", async () => {
    const site = await Site.open();
    const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
    const [sender, receiver] = [await ana.enter(), await bob.enter()];
    const source = new HeldSource(content(12 * CHUNK_BYTES + 1));
    const { promise, resolve } = Promise.withResolvers<void>();
    source.onRead = (index) => (index === 8 ? promise : undefined);
    const sending = send(sender, source);
    const offer = await site.until("an offer", () =>
      bob.events.find((event) => event.kind === "offered"),
    );
    const getting = bob.get(receiver, offer.file);
    await site.time.advance(500);
    for (const home of [ana, bob]) home.isCut = true;
    site.network.cut();
    resolve();
    await site.time.advance(60_000);
    expect(source.reads.filter((index) => index < 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const home of [ana, bob]) home.isCut = false;
    const backAt = site.time.now();
    const sent = await site.wait(sending);
    expect((await site.wait(getting)).digest).toBe(sent.digest);
    expect(site.time.now() - backAt).toBeLessThan(RECONNECT_AWAITED_MAX_MS + 5_000);
    expect(bob.has(source.bytes)).toBe(true);
    expect(source.reads.filter((index) => index < 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(bob.folder.opened.length).toBe(1);
  });

  test.each(["restart", "restartAfterCrash"] as const)(
    "to the server (%s), at every other chunk",
    async (how) => {
      const site = await Site.open();
      const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
      const [sender, receiver] = [await ana.enter(), await bob.enter()];
      const source = new HeldSource(content(12 * CHUNK_BYTES + 1));
      const { promise, resolve } = Promise.withResolvers<void>();
      source.onRead = (index) => (index === 8 ? promise : undefined);
      const sending = send(sender, source);
      const offer = await site.until("an offer", () =>
        bob.events.find((event) => event.kind === "offered"),
      );
      const getting = bob.get(receiver, offer.file);
      await site.time.advance(500);
      if (how === "restartAfterCrash") site.disk.losePower();
      await site[how]();
      resolve();
      await site.time.advance(500);
      if (how === "restartAfterCrash") site.disk.losePower();
      await site[how]();
      const sent = await site.wait(sending);
      expect(sent.digest).toBe(digestHex(source.bytes));
      expect((await site.wait(getting)).digest).toBe(sent.digest);
      expect(bob.has(source.bytes)).toBe(true);
    },
  );

  test("to both processes: the next ones go on, and nothing durable is read again", async () => {
    const site = await Site.open();
    const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
    const bytes = content(70 * CHUNK_BYTES);
    const first = await ana.enter();
    const source = new HeldSource(bytes);
    source.onRead = (index) => (index === 69 ? new Promise(() => {}) : undefined);
    source.onRelease = (upTo) => {
      if (upTo >= 64) void first.close(); // A sync is as much.
    };
    expect(await site.wait(faultOf(send(first, source)))).toMatchObject({ code: "interrupted" });
    const again = new HeldSource(bytes);
    const sent = await site.wait(send(await ana.enter(), again));
    expect(sent.resumedBytes).toBeGreaterThanOrEqual(64 * CHUNK_BYTES);
    expect(Math.min(...again.reads)).toBeGreaterThanOrEqual(64);
    const reader = await bob.enter();
    bob.folder.onAppend = (index) => {
      if (index === 30) void reader.close();
    };
    const fault = await site.wait(faultOf(bob.get(reader, sent.id)));
    expect(fault).toMatchObject({ code: "interrupted" });
    bob.folder.onAppend = () => {};
    const got = await site.wait(bob.get(await bob.enter(), sent.id));
    expect(got.resumedBytes).toBeGreaterThanOrEqual(30 * CHUNK_BYTES);
    expect(bob.has(bytes)).toBe(true);
  });
});

describe("the same file from two processes", () => {
  test("begun by an earlier one, is sent once", async () => {
    const site = await Site.open();
    const ana = new Home(site, "ana");
    const bytes = content(9 * CHUNK_BYTES);
    const gone = await ana.enter();
    const source = new HeldSource(bytes);
    source.onRead = (index) => {
      if (index === 5) void gone.close();
    };
    await site.wait(faultOf(send(gone, source)));
    const [one, other] = [await ana.enter(), await ana.enter()];
    const sending = [one, other].map((client) => send(client, new HeldSource(bytes)));
    const [first, second] = await site.wait(Promise.all(sending));
    expect(second?.id).toBe(first?.id as FileId);
    expect(second?.posted).toEqual(first?.posted as PostedFile[]);
    expect(first?.digest).toBe(digestHex(bytes));
  });

  test("begun at once, is never mixed up", async () => {
    const site = await Site.open();
    const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
    const bytes = content(9 * CHUNK_BYTES);
    const [one, other] = [await ana.enter(), await ana.enter()];
    const sending = [send(one, new HeldSource(bytes)), send(other, new HeldSource(bytes))];
    const reader = await bob.enter();
    for (const { id, digest } of await site.wait(Promise.all(sending))) {
      expect(digest).toBe(digestHex(bytes));
      expect((await site.wait(bob.get(reader, id))).digest).toBe(digest);
    }
  });
});

test("an erased file is gone for whoever fetches it", async () => {
  const site = await Site.open();
  const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
  const [sender, receiver] = [await ana.enter(), await bob.enter()];
  const sent = await site.wait(send(sender, new HeldSource(content(40 * CHUNK_BYTES))));
  bob.folder.onAppend = async (index) => {
    if (index === 2) await sender.request("erase", { seq: sent.posted[0]?.seq ?? 0 });
  };
  const fault = await site.wait(faultOf(bob.get(receiver, sent.id)));
  expect(fault).toMatchObject({ code: "file-unknown" });
});

test("whoever is put out gets nothing more", async () => {
  const site = await Site.open();
  const [ana, bob] = [new Home(site, "ana"), new Home(site, "bob")];
  const [sender, receiver] = [await ana.enter(), await bob.enter()];
  await site.wait(sender.request("join", { room: "attic", create: true }));
  await site.wait(receiver.request("join", { room: "attic" }));
  const source = new HeldSource(content(40 * CHUNK_BYTES));
  const sent = await site.wait(send(sender, source, ["attic"]));
  bob.folder.onAppend = async (index) => {
    if (index === 2) await sender.request("kick", { room: "attic", user: "bob" });
  };
  const fault = await site.wait(faultOf(bob.get(receiver, sent.id)));
  expect(["not-member", "file-unknown"]).toContain(fault === "fine" ? fault : fault.code);
  expect(bob.folder.files.size).toBe(0);
});

test("forty at once all get through, more than a session may have", async () => {
  const site = await Site.open();
  const ana = new Home(site, "ana");
  const client = await ana.enter();
  const sources = Array.from(
    { length: 40 },
    (_, i) =>
      new HeldSource(content(2 * CHUNK_BYTES, i + 1), {
        name: `${i}.bin`,
        path: `/home/ana/${i}.bin`,
      }),
  );
  const sent = await site.wait(Promise.all(sources.map((source) => send(client, source))));
  expect(sent.map(({ digest }) => digest)).toEqual(sources.map(({ bytes }) => digestHex(bytes)));
});
