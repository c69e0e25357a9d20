import { describe, expect } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { type FileBody, filesIn } from "../../../src/core/rooms/files.ts";
import { rejection } from "../../rejection.ts";
import { content, digestHex, MemoryFolder, MemorySource } from "../contents.ts";
import { type FileToSend, type SentFile, sendFile } from "../send-file.ts";
import { codeOf } from "./liar.ts";
import { type Person, type SealedSite, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"]);
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
    expect(records.map(({ sealed }) => sealed)).toEqual(["carrier"]);
    await ana.kick("ben");
    expect(await codeOf(get(ben, sent.id))).toBe("file-unknown");
  });

  two("is erased with all its data on the server", async ({ ana, ben }) => {
    for (const which of ["message", "record"] as const) {
      const source = new MemorySource(content(9), { name: `${which}.txt`, path: `/${which}` });
      const sent = await send(ana, source);
      const posted = sent.posted[0]?.seq ?? -1;
      await ana.until("the file", () => filesOf(ana).find(({ seq }) => seq === posted));
      const carrier = (await ana.history()).records.findLast(({ sealed }) => sealed === "carrier");
      const orders = () => ana.records.filter(({ kind }) => kind === "erase").length;
      const before = orders();
      await ana.request("erase", { seq: which === "message" ? posted : (carrier?.seq ?? -1) });
      await ana.until("both orders", () => orders() === before + 2);
      const list = await ana.history({ files: true });
      const isLeft = ({ state, sealed }: ChatRecord) => state === "whole" && sealed === "open";
      expect(list.records.filter(isLeft)).toEqual([]);
      const { records } = await ana.history();
      expect(records.filter((one) => one.state === "whole" && one.kind === "file")).toEqual([]);
      expect(await codeOf(get(ben, sent.id))).toBe("file-unknown");
    }
  });

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
    await ben.until("both orders", () => ben.records.filter(({ kind }) => kind === "erase")[3]);
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

describe("a file that was sent but not posted", () => {
  two("is posted once, by the next run", async ({ world, ana, ben }) => {
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
    const observed = await ben.until("the file", () => filesOf(ben)[0]);
    expect(fileOf(observed)).toMatchObject({ name: "plan.txt", size: 9 });
    const downloaded = await get(ben, String(fileOf(observed)?.file));
    expect(downloaded.digest).toBe(digestHex(source.bytes));
    expect(await send(restarted, source)).toMatchObject({
      id: downloaded.id,
      posted: [{ seq: observed.seq }],
    });
    await restarted.postTo("behind it", ben);
    expect(filesOf(ben)).toHaveLength(1);
  });
});
