import { describe, expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { sealedEdit } from "../../../src/client/sealed/body.ts";
import type { GotFile } from "../../../src/client/transfer/transfers.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { content, digestHex, HeldFolder, HeldSource } from "../contents.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

const PLAIN = CHUNK_BYTES - 16;

async function two(world: SealedSite): Promise<[Person, Person]> {
  const people: [Person, Person] = [await world.join("ana"), await world.join("ben")];
  await people[0].makes("vault");
  await people[0].letsIn(people[1], "vault");
  return people;
}

function get(person: Person, file: string, folder = new HeldFolder()): Promise<GotFile> {
  return person.client.transfers.get({
    file: file as FileId,
    into: "/inbox",
    openSink: folder.open,
  });
}

function filesOf(person: Person): ChatRecord[] {
  return person.records.filter(({ kind, room }) => kind === "file" && room.name === "vault");
}

function faultOf(promise: Promise<unknown>): Promise<Fault> {
  return promise.then(
    () => {
      throw new Error("it was not refused");
    },
    (error: Fault) => error,
  );
}

/** Everything on the server's disk. */
function disk(world: SealedSite): Buffer {
  const { disk: sim } = world.site;
  const walk = (folder: string): Buffer[] =>
    sim.list(folder).flatMap((name) => {
      const path = `${folder}/${name}`;
      return sim.kind(path) === "folder" ? walk(path) : [Buffer.from(sim.fileAt(path).shown)];
    });
  return Buffer.concat(walk("/d"));
}

describe("a file in a sealed room", () => {
  test.each([
    0,
    1,
    PLAIN - 1,
    PLAIN,
    PLAIN + 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * PLAIN,
    2 * CHUNK_BYTES,
    5 * CHUNK_BYTES + 7,
  ])("of %i bytes arrives as it was, from a file and from a stream", async (sizeBytes) => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const bytes = content(sizeBytes);
    for (const source of [new HeldSource(bytes, { name: "plan.txt" }), HeldSource.stream(bytes)]) {
      const sent = await world.wait(ana.client.transfers.send({ source, to: ["vault"] }));
      expect(sent).toMatchObject({
        name: source.name,
        sizeBytes,
        chunks: Math.ceil(sizeBytes / CHUNK_BYTES),
        digest: digestHex(bytes),
        refused: [],
      });
      const seen = await ben.until("the file", () =>
        filesOf(ben).find(({ body }) => body?.["file"] === sent.id),
      );
      expect(seen).toMatchObject({ seq: sent.posted[0]?.seq ?? -1, from: "ana", sealed: "open" });
      expect(seen.body).toEqual({
        file: sent.id,
        name: source.name,
        size: sizeBytes,
        chunks: Math.ceil(sizeBytes / CHUNK_BYTES),
        digest: digestHex(bytes),
      });
      const folder = new HeldFolder();
      const got = await world.wait(get(ben, sent.id, folder));
      expect(got).toMatchObject({ name: source.name, from: "ana", sizeBytes, chunks: sent.chunks });
      expect(got.digest).toBe(sent.digest);
      expect(folder.opened[0]).toMatchObject({ name: source.name, sizeBytes });
      expect(Bun.hash(folder.files.get(source.name) ?? "")).toBe(Bun.hash(bytes));
      // Its sender can have it back.
      expect((await world.wait(get(ana, sent.id))).digest).toBe(sent.digest);
    }
    expect(filesOf(ben)).toHaveLength(2);
  });

  test("is one row, in the timeline and in lists", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const source = new HeldSource(content(9), { name: "plan.txt" });
    const sent = await world.wait(ana.client.transfers.send({ source, to: ["vault"] }));
    for (const person of [ana, ben]) {
      await person.until("the file", () => filesOf(person)[0]);
      const history = { target: "vault", limit: 50 };
      const { records } = await world.wait(person.client.history(history));
      const rows = records.filter(({ sealed }) => sealed !== "carrier");
      expect(rows.filter(({ kind }) => kind === "file")).toMatchObject([
        { seq: sent.posted[0]?.seq ?? -1, body: { name: "plan.txt", size: 9 } },
      ]);
      const list = await world.wait(person.client.history({ ...history, files: true }));
      expect(list.records.filter(({ sealed }) => sealed !== "carrier")).toMatchObject([
        { kind: "file", from: "ana", sealed: "open", body: { name: "plan.txt", size: 9 } },
      ]);
    }
    // Neither live nor on a page was there another one.
    expect(ben.records.filter(({ sealed }) => sealed === "carrier")).toEqual([]);
    expect(ben.events.filter(({ kind }) => kind === "offered")).toEqual([]);
  });

  test("is nothing on the server's disk: neither what is in it nor what it is called", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const words = new Uint8Array(Buffer.from("the canary sings and sings\n".repeat(20_000)));
    const source = new HeldSource(words, { name: "canary-song.txt" });
    const text = "canaries, @ben";
    const request = { source, to: ["vault"], text, sending: "canary-sending" };
    const sent = await world.wait(ana.client.transfers.send(request));
    const seen = await ben.until("the file", () => filesOf(ben)[0]);
    expect([seen.body?.["text"], "unsaid" in sent]).toEqual([text, false]);
    expect(seen.body?.["sending"]).toBe("canary-sending");
    const { seq } = seen;
    // What is said with it is changed inside of a message, and by its sender alone.
    await world.wait(ben.client.post("vault", sealedEdit({ seq, text: "canaries of ben" })));
    await world.wait(ana.client.post("vault", sealedEdit({ seq, text: "canaries no more" })));
    await world.wait(ana.client.post("vault", sealedEdit({ seq, text: "" })));
    const edits = () => ana.records.filter(({ kind }) => kind === "edit");
    await ana.until("the changes", () => edits()[1]);
    expect(edits().map(({ body }) => body)).toMatchObject([
      { seq, text: "canaries no more" },
      { seq, text: "" },
    ]);
    const all = disk(world);
    expect(all.includes(sent.id)).toBe(true); // The look is not in vain.
    expect(all.includes("canary")).toBe(false);
    expect(all.includes("canaries")).toBe(false);
    expect(all.includes("sings")).toBe(false);
  });

  test("for who comes later is one clear sentence, and for who was put out none", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const source = new HeldSource(content(9), { name: "plan.txt" });
    const sent = await world.wait(ana.client.transfers.send({ source, to: ["vault"] }));
    const eve = await world.join("eve");
    await ana.letsIn(eve, "vault");
    const late = await world.wait(faultOf(get(eve, sent.id)));
    expect([late.code, late.message]).toEqual([
      "seal-refused",
      `this device cannot open ${sent.id}: it was not in when it came`,
    ]);
    const list = { target: "vault", files: true, limit: 5 } as const;
    const { records } = await world.wait(eve.client.history(list));
    expect(records.map(({ sealed }) => sealed)).toEqual(["carrier"]);
    await ana.sealed((rooms) => rooms.kick(ana.room("vault"), "ben"));
    expect((await world.wait(faultOf(get(ben, sent.id)))).code).toBe("file-unknown");
  });

  test("is erased by its author with all that the server has of it", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    for (const which of ["message", "record"] as const) {
      const source = new HeldSource(content(9), { name: `${which}.txt`, path: `/${which}` });
      const sent = await world.wait(ana.client.transfers.send({ source, to: ["vault"] }));
      await ana.until("the file", () =>
        filesOf(ana).find(({ seq }) => seq === sent.posted[0]?.seq),
      );
      const list = { target: "vault", files: true, limit: 9 } as const;
      const { records } = await world.wait(ana.client.history({ target: "vault", limit: 50 }));
      const carrier = records.findLast(({ sealed }) => sealed === "carrier");
      const seq = (which === "message" ? sent.posted[0]?.seq : carrier?.seq) ?? -1;
      const orders = () => ana.records.filter(({ kind }) => kind === "erase").length;
      const before = orders();
      await world.wait(ana.client.request("erase", { seq }));
      await ana.until("both orders", () => (orders() === before + 2 ? true : undefined));
      const { records: left } = await world.wait(ana.client.history({ ...list, files: true }));
      expect(left.filter(({ state, sealed }) => state === "whole" && sealed === "open")).toEqual(
        [],
      );
      const page = await world.wait(ana.client.history({ target: "vault", limit: 50 }));
      expect(
        page.records.filter(({ state, kind }) => state === "whole" && kind === "file"),
      ).toEqual([]);
      expect((await world.wait(faultOf(get(ben, sent.id)))).code).toBe("file-unknown");
    }
  });

  test("goes to several sealed rooms at once, and not to an open one beside them", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ana.makes("attic");
    await ana.letsIn(ben, "attic");
    const to = ["vault", "attic"];
    const source = new HeldSource(content(9));
    const sent = await world.wait(ana.client.transfers.send({ source, to }));
    expect(sent.posted.map((one) => one.to)).toEqual(to);
    const rooms = () =>
      ben.records.filter(({ kind }) => kind === "file").map((one) => one.room.name);
    await ben.until("both", () => (rooms().length === 2 ? true : undefined));
    expect(rooms().sort()).toEqual(["attic", "vault"]);
    // What was erased in one of them is there in the other one.
    const first = sent.posted.find((one) => one.to === "vault")?.seq ?? -1;
    await world.wait(ana.client.request("erase", { seq: first }));
    const got = await world.wait(get(ben, sent.id));
    expect(got.digest).toBe(digestHex(source.bytes));
    const mixed = ana.client.transfers.send({ source, to: ["vault", "lobby"] });
    expect((await world.wait(faultOf(mixed))).code).toBe("usage");
  });
});

describe("what was sent and not said", () => {
  test("is said by the next run, once", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const source = new HeldSource(content(9), { name: "plan.txt" });
    // As if it were killed when the server had the file, and before anything was posted.
    const posted = Promise.withResolvers<void>();
    const post = () => {
      posted.resolve();
      return new Promise(() => {});
    };
    Object.assign(ana.client, { post });
    void ana.client.transfers.send({ source, to: ["vault"] }).catch(() => {});
    await world.wait(posted.promise);
    await world.wait(ana.leave());
    const again = await world.join("ana", ana.device);
    const seen = await ben.until("the file", () => filesOf(ben)[0]);
    expect(seen.body).toMatchObject({ name: "plan.txt", size: 9 });
    const got = await world.wait(get(ben, String(seen.body?.["file"])));
    expect(got.digest).toBe(digestHex(source.bytes));
    // The same command goes on with that file, and says it no second time.
    const sent = await world.wait(again.client.transfers.send({ source, to: ["vault"] }));
    expect(sent).toMatchObject({ id: got.id, posted: [{ seq: seen.seq }] });
    await again.say("vault", "behind it");
    await ben.hears("vault", "behind it");
    expect(filesOf(ben)).toHaveLength(1);
  });

  test("two runs of one command at once tell of one file", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const window = await world.join("ana", ana.device);
    const source = () => new HeldSource(content(9), { name: "plan.txt" });
    const sends = [ana, window].map((person) =>
      person.client.transfers.send({ source: source(), to: ["vault"] }).catch(() => undefined),
    );
    await world.wait(Promise.all(sends));
    await ana.say("vault", "behind it");
    await ben.hears("vault", "behind it");
    const ids = filesOf(ben).map(({ body }) => body?.["file"]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(0);
  });
});

test("a room that the server calls open now gets no file in the clear", async () => {
  await using world = await SealedSite.open();
  const [ana] = await two(world);
  const again = await world.join("ana", ana.device);
  const view = again.client.rooms.find(({ name }) => name === "vault");
  Object.assign(view ?? {}, { isSealed: false });
  const source = new HeldSource(content(9), { name: "canary.txt" });
  const sending = again.client.transfers.send({ source, to: ["vault"] });
  expect((await world.wait(faultOf(sending))).code).toBe("seal-refused");
  expect(source.reads).toEqual([]);
  expect(disk(world).includes("canary")).toBe(false);
});

test("a chunk that changed on the server's disk opens nowhere", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await two(world);
  const source = new HeldSource(content(3 * CHUNK_BYTES), { name: "plan.txt" });
  const sent = await world.wait(ana.client.transfers.send({ source, to: ["vault"] }));
  await ben.until("the file", () => filesOf(ben)[0]);
  const folder = new HeldFolder();
  const { disk: sim } = world.site;
  const name = sim.list(`/d/files/${sent.id}`).find((one) => one.includes("content")) ?? "";
  const path = `/d/files/${sent.id}/${name}`;
  const { shown } = sim.fileAt(path);
  shown[CHUNK_BYTES + 5] = (shown[CHUNK_BYTES + 5] ?? 0) ^ 1;
  expect((await world.wait(faultOf(get(ben, sent.id, folder)))).code).toMatch(
    /checksum-wrong|seal-broken/,
  );
  expect(folder.files.size).toBe(0);
});
