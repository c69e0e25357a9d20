import { describe, expect } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { erasedFilesIn, type FileBody, filesIn } from "../../../src/core/rooms/files.ts";
import { rejection } from "../../rejection.ts";
import { content, digestHex, MemoryFolder, MemorySource } from "../contents.ts";
import { type FileToSend, type SentFile, sendFile } from "../send-file.ts";
import {
  bodyOf,
  codeOf,
  forged,
  replaceSealed,
  type WireMessage,
  type WireRecord,
} from "./liar.ts";
import { type Person, type SealedSite, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"]);
const three = vaultTest(["ben", "dan"]);
const PLAIN = CHUNK_BYTES - 16;

function send(person: Person, source: MemorySource, more?: Partial<FileToSend>): Promise<SentFile> {
  const request = { source, to: ["vault"], ...more };
  return person.world.wait(sendFile(person.client.transfers, request));
}

function get({ client, world }: Person, file: string, folder = new MemoryFolder()) {
  const request = { file: file as FileId, into: "/inbox", openSink: folder.open };
  return world.wait(client.transfers.get(request));
}

function plan(bytes = content(9)): MemorySource {
  return new MemorySource(bytes, { name: "plan.txt" });
}

function filesOf(person: Person): ChatRecord[] {
  return person.records.filter(({ kind, room }) => kind === "file" && room.name === "vault");
}

/** The only file of a message. */
function fileOf(message: ChatRecord | undefined): FileBody | undefined {
  const [file, ...others] = filesIn(message?.body);
  expect(others).toEqual([]);
  return file;
}

function hasOnDisk({ site }: SealedSite, text: string): boolean {
  const walk = (folder: string): Buffer[] =>
    site.disk.list(folder).flatMap((name) => {
      const path = `${folder}/${name}`;
      const isFolder = site.disk.kind(path) === "folder";
      return isFolder ? walk(path) : [Buffer.from(site.disk.fileAt(path).visible)];
    });
  return Buffer.concat(walk("/d")).includes(text);
}

describe("a file in a sealed room", () => {
  two("arrives unchanged, for any size and from a stream", async ({ ana, ben }) => {
    let count = 0;
    for (const sizeBytes of [0, 1, PLAIN, PLAIN + 1, CHUNK_BYTES, 5 * CHUNK_BYTES + 7]) {
      const bytes = content(sizeBytes);
      const named = new MemorySource(bytes, { name: "plan.txt", path: `/home/ana/${sizeBytes}` });
      for (const source of [named, MemorySource.stream(bytes)]) {
        const { name } = source;
        const chunks = Math.ceil(sizeBytes / CHUNK_BYTES);
        const digest = digestHex(bytes);
        const sent = await send(ana, source);
        expect(sent).toMatchObject({ name, sizeBytes, chunks, digest, refused: [] });
        const observed = await ben.until("the file", () =>
          filesOf(ben).find((message) => fileOf(message)?.file === sent.id),
        );
        expect(observed).toMatchObject({
          seq: sent.posted[0]?.seq ?? -1,
          from: "ana",
          sealed: "open",
        });
        const file = { file: sent.id, name, size: sizeBytes, chunks, digest };
        expect(observed.body).toEqual({ files: [file] });
        const folder = new MemoryFolder();
        const downloaded = await get(ben, sent.id, folder);
        expect(downloaded).toMatchObject({ name, from: "ana", sizeBytes, chunks, digest });
        expect(folder.opened[0]).toMatchObject({ name, sizeBytes });
        expect(Bun.hash(folder.files.get(name) ?? "")).toBe(Bun.hash(bytes));
        expect((await get(ana, sent.id)).digest).toBe(digest);
        expect(filesOf(ben)).toHaveLength(++count);
      }
    }
  });

  two("stores nothing readable on the server's disk", async ({ world, ana, ben }) => {
    const content = new Uint8Array(Buffer.from("the canary sings and sings\n".repeat(20_000)));
    const details = { mode: 0o751, mtimeMs: -1_234_567_890_123 };
    const folder = { entries: 1, manifestBytes: 54_321 };
    const source = new MemorySource(content, { name: "canary-song.txt", details, folder });
    const text = "canaries, @ben";
    const { seq: re } = await ben.postText("a question");
    const reply = { re, thread: true };
    const sent = await send(ana, source, { text, ...reply });
    const message = await ben.until("the file", () => filesOf(ben)[0]);
    const { seq, body } = message;
    expect(body?.["text"]).toBe(text);
    expect(body).toMatchObject(reply);
    expect(fileOf(message)).toMatchObject({ details, folder });
    const received = new MemoryFolder();
    await get(ben, sent.id, received);
    expect(received.opened[0]).toMatchObject({ details, folderSize: folder });
    await ben.forgeEdit(seq, "canaries of ben");
    await ana.edit(seq, "canaries no more");
    await ana.edit(seq, "");
    const edits = () => ana.records.filter(({ kind }) => kind === "edit");
    await ana.until("the changes", () => edits()[1]);
    expect(edits().map((edit) => edit.body)).toMatchObject([
      { seq, text: "canaries no more" },
      { seq, text: "" },
    ]);
    expect(hasOnDisk(world, sent.id)).toBe(true);
    const secrets = ["canary", "canaries", "sings", "1234567890123", "54321"];
    const fields = ["details", "folder", "mode", "mtimeMs", "text", "sending", "re", "thread"];
    const words = [...secrets, ...fields.map((field) => `"${field}":`)];
    expect(words.filter((word) => hasOnDisk(world, word))).toEqual([]);
  });

  two("is unreadable for later and removed members", async ({ world, ana, ben }) => {
    const sent = await send(ana, plan());
    const eve = await world.join("eve");
    await ana.addMember(eve);
    expect(await rejection(get(eve, sent.id))).toMatchObject({
      code: "seal-refused",
      message: `this device cannot decrypt ${sent.id}: it joined the room later`,
    });
    const { records } = await eve.history({ files: true });
    expect(records.map(({ sealed }) => sealed)).toEqual(["closed"]);
    await ana.kick("ben");
    expect(await codeOf(get(ben, sent.id))).toBe("file-unknown");
  });

  two("is erased with all its data on the server", async ({ world, ana, ben }) => {
    const sent = await send(ana, plan());
    const seq = sent.posted[0]?.seq ?? -1;
    await ana.until("the file", () => filesOf(ana).find((message) => message.seq === seq));
    expect(hasOnDisk(world, sent.id)).toBe(true);
    await ana.request("erase", { seq });
    for (const person of [ana, ben]) {
      await person.until("the order", () => person.records.some(({ kind }) => kind === "erase"));
      expect((await person.history({ files: true })).records).toEqual([]);
      expect(await codeOf(get(person, sent.id))).toBe("file-unknown");
    }
    expect(world.site.disk.list("/d/files")).not.toContain(sent.id);
  });

  two("of an album is erased alone, with its key", async ({ world, ana, ben }) => {
    const files = ["a.txt", "b.txt"].map((name) => ({
      source: new MemorySource(content(9), { name, path: `/home/ana/${name}` }),
    }));
    const request = { to: ["vault"], body: { text: "both" }, files };
    const { posted } = await world.wait(ana.client.transfers.sendMessage(request));
    const seq = posted[0]?.seq ?? -1;
    const message = await ben.until("the album", () => filesOf(ben)[0]);
    const [first, second] = filesIn(message.body);
    expect(await codeOf(ben.request("erase", { seq, files: [first?.file ?? ""] }))).toBe(
      "not-allowed",
    );
    await ana.request("erase", { seq, files: [first?.file ?? ""] });
    for (const person of [ana, ben]) {
      await person.until("the order", () => person.records.some(({ kind }) => kind === "erase"));
      const { records } = await person.history({ files: true });
      expect(filesIn(records[0]?.body)).toEqual(second === undefined ? [] : [second]);
      expect(records[0]).toMatchObject({ sealed: "open", body: { text: "both" } });
      expect(erasedFilesIn(records[0]?.body).map(({ name }) => name)).toEqual(["a.txt"]);
      expect(await codeOf(get(person, String(first?.file)))).toBe("file-unknown");
      expect((await get(person, String(second?.file))).name).toBe("b.txt");
    }
    expect(world.site.disk.list("/d/files")).not.toContain(String(first?.file));
  });

  two("starts over if another program has posted the upload that it resumes", async (scene) => {
    const { world, ana, ben } = scene;
    const bytes = content(5 * CHUNK_BYTES);
    const source = new MemorySource(bytes, { name: "plan.txt", path: "/home/ana/plan" });
    const { client, device, tamperingLink } = ana;
    const earlier = "fAAAAAAAAAAA" as FileId;
    const key = { path: "/home/ana/plan", to: ["vault"], name: "sealed/plan.txt", user: "ana" };
    const owned = { ...key, fingerprint: String(client.fingerprint) };
    device.state.uploads.begin(owned, source.stamp ?? "", earlier, 0);
    await ana.sealed((rooms) => rooms.files.secretOf(earlier));
    let held: WireMessage | undefined;
    tamperingLink.tampering = {
      onRequest: (question) => {
        if (question.kind !== "ticket" || held !== undefined) return question;
        held = question;
        return undefined;
      },
    };
    const sending = sendFile(client.transfers, { source, to: ["vault"] });
    const ticket = await ana.until("the data channel", () => held);
    await ana.sealed((rooms) => rooms.files.remove([earlier]));
    tamperingLink.forward(ticket);
    const sent = await world.wait(sending);
    expect(sent).toMatchObject({ resumedBytes: 0, changed: false });
    expect(sent.id).not.toBe(earlier);
    await ben.until("the message", () => filesOf(ben)[0]);
    expect(await get(ben, sent.id)).toMatchObject({ digest: digestHex(bytes) });
  });

  for (const isCommand of [true, false]) {
    const sender = isCommand ? "a command" : "a client";
    three(`of ${sender} arrives once if members change before its post`, async (scene) => {
      const { world, ana, ben, dan } = scene;
      await ana.makeAdmin("ben");
      let held: WireMessage | undefined;
      const answers: unknown[] = [];
      ana.tamperingLink.tampering = {
        onRequest: (question) => {
          if (question.kind !== "post" || held !== undefined) return question;
          held = question;
          return undefined;
        },
        onMessage: (word, request) => {
          if (request?.kind === "post") answers.push(word["code"] ?? word.kind);
          return [word];
        },
      };
      const files = ["a.txt", "b.txt"].map((name) => ({
        source: new MemorySource(content(9), { name, path: `/home/ana/${name}` }),
      }));
      const request = { to: ["vault"], body: { text: "both" }, files, isCommand };
      const sending = ana.client.transfers.sendMessage(request);
      const post = await ana.until("the encrypted post", () => held);
      const eve = await world.join("eve");
      await ben.addMember(eve);
      await dan.leavesRoom();
      ana.tamperingLink.forward(post);
      const { posted, refused } = await world.wait(sending);
      expect([answers, refused]).toEqual([["stale-epoch", "ok"], []]);
      for (const person of [ana, ben, eve]) {
        const message = await person.until("the message", () => filesOf(person)[0]);
        expect(message).toMatchObject({
          seq: posted[0]?.seq,
          sealed: "open",
          body: { text: "both" },
        });
        expect(filesIn(message.body).map(({ name }) => name)).toEqual(["a.txt", "b.txt"]);
        for (const { file } of filesIn(message.body)) {
          expect((await get(person, file)).digest).toBe(digestHex(content(9)));
        }
        expect((await person.history({ files: true })).records).toHaveLength(1);
      }
      expect(filesOf(dan)).toEqual([]);
    });
  }

  const SMALL = { bytes: new Uint8Array(Buffer.from("a canary")), width: 40, height: 30 };

  two("has a preview with its own key, which is erased with it", async ({ world, ana, ben }) => {
    await ana.createSealedRoom("attic");
    await ana.addMember(ben, "attic");
    const to = ["vault", "attic"];
    const sent = await send(ana, plan(), { to, preview: SMALL });
    const message = await ben.until("the file", () => filesOf(ben)[0]);
    const { seq } = message;
    const { bytes, ...sides } = SMALL;
    const file = expect.stringMatching(/./);
    const described = { file, size: bytes.length, digest: digestHex(bytes), ...sides };
    expect(fileOf(message)?.preview).toEqual(described);
    const preview = String(fileOf(message)?.preview?.file);
    const folder = new MemoryFolder();
    expect(await get(ben, preview, folder)).toMatchObject({ from: "ana", sizeBytes: bytes.length });
    expect(folder.files.get("plan.txt")).toEqual(bytes);
    expect(hasOnDisk(world, preview)).toBe(true);
    for (const text of ["canary", '"width"']) expect(hasOnDisk(world, text)).toBe(false);
    const other = await send(ana, plan(), { preview: SMALL });
    const otherFile = await ben.until("the other", () =>
      filesOf(ben).find((known) => fileOf(known)?.file === other.id),
    );
    expect(String(fileOf(otherFile)?.preview?.file)).not.toBe(preview);
    await ana.request("erase", { seq });
    expect((await get(ben, preview)).digest).toBe(digestHex(bytes));
    const attic = () =>
      ben.records.find(({ kind, room }) => kind === "file" && room.name === "attic");
    await ana.request("erase", { seq: (await ben.until("the second", attic)).seq });
    await ben.until("both orders", () => ben.records.filter(({ kind }) => kind === "erase")[1]);
    expect(await codeOf(get(ben, preview))).not.toBe("fine");
    expect(await codeOf(get(ben, sent.id))).toBe("file-unknown");
  });

  two("can be sent to several encrypted rooms, but not to open ones", async ({ ana, ben }) => {
    await ana.createSealedRoom("attic");
    await ana.addMember(ben, "attic");
    const to = ["vault", "attic"];
    const source = plan();
    const sent = await send(ana, source, { to });
    expect(sent.posted.map((one) => one.to)).toEqual(to);
    const files = () => ben.records.filter(({ kind }) => kind === "file");
    await ben.until("both", () => files().length === 2);
    expect(new Set(files().map(({ room }) => room.name))).toEqual(new Set(to));
    const first = sent.posted.find((one) => one.to === "vault")?.seq ?? -1;
    await ana.request("erase", { seq: first });
    expect((await get(ben, sent.id)).digest).toBe(digestHex(source.bytes));
    expect(await codeOf(send(ana, source, { to: ["vault", "lobby"] }))).toBe("usage");
  });

  two("stays encrypted if the server claims that the room is open", async ({ world, ana }) => {
    const rejoined = await world.join("ana", ana.device);
    Object.assign(rejoined.room(), { isSealed: false });
    const source = new MemorySource(content(9), { name: "canary.txt" });
    expect(await codeOf(send(rejoined, source))).toBe("seal-refused");
    expect(source.reads).toEqual([]);
    expect(hasOnDisk(world, "canary")).toBe(false);
  });

  two("is refused if the server changed a chunk", async ({ world, ana, ben }) => {
    const sent = await send(ana, plan(content(3 * CHUNK_BYTES)));
    await ben.until("the file", () => filesOf(ben)[0]);
    const { disk } = world.site;
    const name = disk.list(`/d/files/${sent.id}`).find((one) => one.includes("content")) ?? "";
    const { visible } = disk.fileAt(`/d/files/${sent.id}/${name}`);
    visible[CHUNK_BYTES + 5] = (visible[CHUNK_BYTES + 5] ?? 0) ^ 1;
    const folder = new MemoryFolder();
    expect(await codeOf(get(ben, sent.id, folder))).toMatch(/checksum-wrong|seal-broken/);
    expect(folder.files.size).toBe(0);
  });
});

type Entries = readonly Readonly<Record<string, unknown>>[];

function entriesOf(record: WireRecord): Entries {
  return (bodyOf(record)["files"] ?? []) as Entries;
}

describe("a message with files in a sealed room", () => {
  const PREVIEW = { bytes: new Uint8Array(5), width: 4, height: 3 };

  function album(person: Person, text: string) {
    const named = (name: string) =>
      new MemorySource(content(9), { name, path: `/${text}/${name}` });
    const files = [
      { source: named("first.txt"), preview: PREVIEW },
      { source: named("second.txt") },
    ];
    const request = { to: ["vault"], body: { text, mentions: ["ben"] }, files };
    return person.world.wait(person.client.transfers.sendMessage(request));
  }

  two("is one record, and keeps its order, text and keys in a new epoch", async (scene) => {
    const { world, ana, ben } = scene;
    const before = (await ana.history()).records.at(-1)?.n ?? 0;
    const eve = await world.join("eve");
    // The first attempt is refused, because the group has changed meanwhile.
    const sending = album(ana, "both");
    await ben.addMember(eve).catch(() => undefined);
    const { posted, files } = await sending;
    const message = await ben.until("the album", () => filesOf(ben)[0]);
    expect(message).toMatchObject({ seq: posted[0]?.seq ?? 0, body: { text: "both" } });
    expect(message.body?.["mentions"]).toEqual(["ben"]);
    const ids = files.map((file) => ("id" in file ? file.id : ""));
    expect(filesIn(message.body).map(({ file }) => file)).toEqual(ids as FileId[]);
    for (const id of ids) expect((await get(ben, id)).digest).toBe(digestHex(content(9)));
    const { records } = await ana.history();
    const own = records.filter(
      ({ n, kind }) => n > before && (kind === "file" || kind === "sealed"),
    );
    expect(own).toHaveLength(1);
    expect(await ana.sealed(({ files: index }) => index.uploads())).toEqual(new Set());
  });

  const CHANGES: Readonly<Record<string, (listed: Entries, earlier: Entries) => Entries>> = {
    swapped: ([first, second]) => [second ?? {}, first ?? {}],
    missing: ([first]) => [first ?? {}],
    none: () => [],
    doubled: ([first]) => [first ?? {}, first ?? {}],
    longer: (listed) => [...listed, listed[0] ?? {}],
    foreign: ([first], [, other]) => [first ?? {}, other ?? {}],
    "of other content": ([first, second]) => [
      first ?? {},
      { ...second, digest: String(first?.["digest"]) },
    ],
    "without its preview": ([{ preview: _, ...first } = {}, second]) => [first, second ?? {}],
    "with the preview of another": ([first, second], [other]) => [
      { ...first, preview: other?.["preview"] },
      second ?? {},
    ],
    "with a preview more": ([first, second]) => [
      first ?? {},
      { ...second, preview: first?.["preview"] },
    ],
  };

  two("is refused if the record lists other files, or in another order", async ({ ana, ben }) => {
    const earlier: Entries[] = [];
    let change = (listed: Entries, _earlier: Entries) => listed;
    ben.tamperingLink.tampering = replaceSealed((record) => {
      const listed = entriesOf(record);
      if (listed.length === 0) return [record];
      const files = change(listed, earlier[0] ?? []);
      earlier.push(listed);
      return [forged(record, {}, { files })];
    });
    await album(ana, "as sent");
    await ben.until("the album", () => filesOf(ben)[0]);
    for (const [name, changed] of Object.entries(CHANGES)) {
      change = changed;
      const { files } = await album(ana, name);
      await ana.postTo(`after ${name}`, ben);
      const shown = ben.records.filter(({ kind }) => kind === "file" || kind === "sealed");
      expect([name, shown.at(-1)?.sealed, shown.at(-1)?.body]).toEqual([
        name,
        "closed",
        { reason: "sender" },
      ]);
      // Without a list, the file may be one of an open room with this name.
      const [file] = name === "none" ? [] : files;
      const id = file && "id" in file ? file.id : undefined;
      const code = id && (await codeOf(get(ben, id)));
      expect([name, code]).toEqual([name, id && "seal-refused"]);
    }
    expect(filesOf(ben)).toHaveLength(1);
    expect((await ben.status()).status).toBe("in");
  });

  two("makes the room suspect for its sender if the record lists others", async ({ ana }) => {
    ana.tamperingLink.tampering = replaceSealed((record) => {
      const listed = entriesOf(record);
      return [listed.length === 0 ? record : forged(record, {}, { files: listed.slice(1) })];
    });
    await album(ana, "mine");
    await ana.until("the message", () => ana.records.find(({ sealed }) => sealed === "closed"));
    expect((await ana.status()).status).toBe("suspect");
  });

  two("is not posted if the room is not encrypted any more", async ({ world, ana }) => {
    const stop = new AbortController();
    const source = new MemorySource(content(9), { name: "canary.txt" });
    source.onRead = () => void Object.assign(ana.room(), { isSealed: false });
    const request = { to: ["vault"], body: { text: "canary" }, files: [{ source }] };
    const { refused } = await world.wait(
      ana.client.transfers.sendMessage({ ...request, signal: stop.signal }),
    );
    expect(refused).toMatchObject([{ fault: { code: "seal-refused" } }]);
    expect(hasOnDisk(world, "canary")).toBe(false);
  });
});

describe("a file that was sent but not posted", () => {
  two("is posted once, by the next run of the command", async ({ world, ana, ben }) => {
    const source = plan();
    // Simulates a kill after the upload, before the post.
    const posted = Promise.withResolvers<void>();
    const post = () => {
      posted.resolve();
      return new Promise(() => {});
    };
    Object.assign(ana.client.member.session.posts, { post });
    void sendFile(ana.client.transfers, { source, to: ["vault"] }).catch(() => {});
    await world.wait(posted.promise);
    const restarted = await ana.restart();
    const sent = await send(restarted, source);
    const observed = await ben.until("the file", () => filesOf(ben)[0]);
    expect(fileOf(observed)).toMatchObject({ file: sent.id, name: "plan.txt", size: 9 });
    expect(sent.posted).toMatchObject([{ seq: observed.seq }]);
    expect((await get(ben, sent.id)).digest).toBe(digestHex(source.bytes));
    await restarted.postTo("behind it", ben);
    expect(filesOf(ben)).toHaveLength(1);
    expect(world.site.disk.list("/d/files")).toEqual([sent.id]);
  });
});
