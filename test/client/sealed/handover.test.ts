import { describe, expect } from "bun:test";
import { fromBase64Url, toBase64Url } from "../../../src/base/bytes.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { RETENTION_MS_MIN } from "../../../src/base/limits.ts";
import { HANDOVER_CERTS_MAX } from "../../../src/base/limits-sealed.ts";
import { checkName } from "../../../src/base/names.ts";
import {
  type HandedKey,
  type HandoverPart,
  packPart,
} from "../../../src/client/sealed/handover-part.ts";
import { type ArchivedRow, contentKey, memberCertKey } from "../../../src/client/sealed/rows.ts";
import { makeDeviceCert } from "../../../src/crypto/device-cert.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type Fingerprint, formatFingerprint } from "../../../src/wire/fingerprint.ts";
import { content, MemoryFolder, MemorySource } from "../contents.ts";
import { sendFile } from "../send-file.ts";
import type { WireMessage } from "./liar.ts";
import { type Device, type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { operatorToken: "operator token" });
const three = vaultTest(["ben", "eve"]);
const proved = vaultTest(["ben", "eve"], { signs: true });
const withHistory = vaultTest(["ben"], { history: true });
const threeWithHistory = vaultTest(["ben", "eve"], { history: true });

function steps({ events }: Person): string[] {
  return events.flatMap((event) =>
    event.kind === "handover" ? [`${event.step} ${event.messages}`] : [],
  );
}

/** Parts are looked for every second at first, and every minute later. */
async function handedOver(person: Person, step = "read"): Promise<void> {
  for (let s = 0; s < 90 && !steps(person).some((one) => one.startsWith(step)); s++)
    await person.world.pass(1_000);
}

async function uploads(person: Person): Promise<string[]> {
  return (await person.request("uploads", {})).uploads.map(({ name }) => name);
}

async function untilUploads(person: Person, count: number): Promise<void> {
  for (let s = 0; s < 90 && (await uploads(person)).length !== count; s++)
    await person.world.pass(1_000);
  expect(await uploads(person)).toHaveLength(count);
}

async function lies(person: Person, seq: number, change: (row: ArchivedRow) => object) {
  await person.sealed((rooms) =>
    rooms.get(person.room()).run(async ({ vault, room }) => {
      const row = await vault.get<ArchivedRow>(contentKey(room, seq));
      if (row !== undefined) await vault.put(contentKey(room, seq), { ...row, ...change(row) });
    }),
  );
}

function revoke(person: Person, { identity }: Device) {
  return person.request("revoke", { device: deviceIdOf(identity.publicKey, sha256) });
}

function contentAt(person: Person, seq: number): Promise<ArchivedRow | undefined> {
  return person.sealed((rooms) =>
    rooms.get(person.room()).run(({ vault, room }) => vault.find(contentKey(room, seq))),
  );
}

describe("a linked device", () => {
  two("reads what was posted before it was linked", async ({ world, ana, ben }) => {
    await ana.postTo("from ana", ben);
    await ben.postTo("from ben", ana);
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone);
    await handedOver(ben, "sent");
    expect(await phone.past()).toEqual(["from ana", "from ben"]);
    expect(steps(ben)).toEqual(["sending 2", "sent 2"]);
    expect(steps(phone)).toEqual(["receiving 2", "read 2"]);
    expect(await uploads(ben)).toEqual([]);
    const found = await phone.history({ grep: "from ben" });
    expect(found.records.map(({ body }) => body?.["text"])).toEqual(["from ben"]);
  });

  two("hands over what it has received", async ({ world, ana, ben }) => {
    await ana.postTo("once", ben);
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone);
    await ben.quit();
    const tablet = await world.join("ben", await world.link(phone));
    await handedOver(tablet);
    expect(await tablet.past()).toEqual(["once"]);
  });

  two("reads what its user posted on another device", async ({ world, ana, ben }) => {
    const desk = await ben.restart();
    await desk.postTo("own words", ana);
    const phone = await world.join("ben", await world.link(desk));
    await handedOver(phone);
    expect(await phone.past()).toEqual(["own words"]);
  });

  two("shows edits from before and after it was linked", async ({ world, ana, ben }) => {
    const first = await ana.postText("frist");
    const second = await ana.postText("secnd");
    await ana.edit(first.seq, "first");
    await ben.waitForText("secnd");
    const phone = await world.join("ben", await world.link(ben));
    await ana.edit(second.seq, "second");
    await phone.until("the edit", () => phone.records.some(({ sealed }) => sealed === "closed"));
    await handedOver(phone);
    const { records } = await phone.history();
    const edits = records.filter(({ kind }) => kind === "edit").map(({ body }) => body);
    expect(edits).toEqual([
      { seq: first.seq, text: "first" },
      { seq: second.seq, text: "second" },
    ]);
  });

  two("downloads earlier files", async ({ world, ana, ben }) => {
    const source = new MemorySource(content(9), { name: "plan.txt" });
    const sent = await world.wait(sendFile(ana.client.transfers, { source, to: ["vault"] }));
    await ben.until("the file", () => ben.records.find(({ kind }) => kind === "file"));
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone);
    const folder = new MemoryFolder();
    const request = { file: sent.id as FileId, into: "/inbox", openSink: folder.open };
    expect(await world.wait(phone.client.transfers.get(request))).toMatchObject({
      name: "plan.txt",
      digest: sent.digest,
    });
  });

  two("does not get back what was erased", async ({ world, ana, ben }) => {
    const { seq } = await ana.postText("a secret");
    await ana.edit(seq, "a worse secret");
    await ana.postTo("a remark", ben);
    const phone = await world.join("ben", await world.link(ben));
    // The other device is stopped after it has sent the keys, and knows nothing of the erasure.
    await phone.quit();
    await handedOver(ben, "sending");
    await ben.quit();
    await ana.request("erase", { seq });
    const again = await world.join("ben", phone.device);
    await handedOver(again);
    expect(await again.past()).toEqual(["a remark"]);
    expect(await contentAt(again, seq)).toBeUndefined();
    expect(await contentAt(again, seq + 1)).toBeUndefined();
    expect(steps(again)).toEqual(["receiving 3", "read 1"]);
  });

  two("does not get back what retention has erased", async ({ world, ana, ben }) => {
    const { seq } = await ana.postText("too old");
    await ana.postTo("also old", ben);
    const phone = await world.join("ben", await world.link(ben));
    // The other device is stopped after it has sent the keys, and knows nothing of the retention.
    await phone.quit();
    await untilUploads(ben, 1);
    await ben.quit();
    const operator = await world.join("olga");
    await operator.request("operate", { token: "operator token" });
    await operator.request("clock", { accept: true }); // The site's clock has jumped.
    await world.pass(RETENTION_MS_MIN);
    await operator.request("retention", { room: "vault", keepMs: RETENTION_MS_MIN });
    await ana.until("the erasure", () => ana.records.some(({ kind }) => kind === "erase"));
    await ana.postText("recent");
    const again = await world.join("ben", phone.device);
    await again.waitForText("recent");
    await handedOver(again, "hidden");
    expect(steps(again)).toEqual(["receiving 2"]);
    expect(await again.past()).toEqual(["recent"]);
    expect(await contentAt(again, seq)).toBeUndefined();
    expect(await uploads(ana)).toEqual([]);
  });

  two("reads everything again after it has lost its data", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone);
    await phone.quit();
    phone.device.forget();
    const again = await world.join("ben", phone.device);
    await handedOver(again);
    expect(await again.past()).toEqual(["before"]);
  });

  two("continues after both devices were interrupted", async ({ world, ana, ben }) => {
    for (const text of ["one", "two", "three"]) await ana.postTo(text, ben);
    const phone = await world.join("ben", await world.link(ben));
    await phone.quit();
    await handedOver(ben, "sending");
    const desk = await ben.restart();
    expect(await uploads(desk)).toHaveLength(1);
    const again = await world.join("ben", phone.device);
    await again.loseLink();
    await handedOver(again);
    await handedOver(desk, "sent");
    expect(await again.past()).toEqual(["one", "two", "three"]);
    expect(await uploads(desk)).toEqual([]);
  });
});

/**
 * Posts messages that the person stores as those of as many devices as one part can name, so that
 * the first and the last message travel in different parts.
 */
async function fillParts(from: Person, to: Person): Promise<void> {
  await from.postTo("first", to);
  const seqs: number[] = [];
  for (let i = 0; i < HANDOVER_CERTS_MAX; i++) seqs.push((await from.postText(`filler ${i}`)).seq);
  await from.postTo("last", to);
  for (const [i, seq] of seqs.entries()) {
    const device = toBase64Url(new Uint8Array(32).fill(i));
    await lies(to, seq, () => ({ device }));
  }
}

describe("a hand-over in several parts", () => {
  two("is complete, and names what is missing", async ({ world, ana, ben }) => {
    await fillParts(ana, ben);
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone, "hidden");
    expect(await phone.past()).toEqual(["first", "last"]);
    expect(steps(phone)).toEqual(["receiving 34", "part 1", "read 2", "hidden 32"]);
    await handedOver(ben, "sent");
    expect(await uploads(ben)).toEqual([]);
  });

  two("continues when both devices end between two parts", async ({ world, ana, ben }) => {
    await fillParts(ana, ben);
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone, "part");
    await phone.quit();
    const desk = await ben.restart();
    const again = await world.join("ben", phone.device);
    await handedOver(again);
    expect(await again.past()).toEqual(["first", "last"]);
    expect(steps(again)).toEqual(["read 2", "hidden 32"]);
    await handedOver(desk, "sent");
    expect(steps(desk)).toEqual(["sent 34"]);
  });
});

describe("two devices that are linked at once", () => {
  two("both read what was posted before", async ({ world, ana, ben }) => {
    await ana.postTo("for both", ben);
    const devices = [await world.link(ben), await world.link(ben)];
    const [phone, tablet] = [
      await world.join("ben", devices[0]),
      await world.join("ben", devices[1]),
    ];
    await handedOver(phone);
    await handedOver(tablet);
    expect([await phone.past(), await tablet.past()]).toEqual([["for both"], ["for both"]]);
  });
});

describe("a device that lies", () => {
  two("can invent no message", async ({ world, ana, ben }) => {
    const first = await ana.postText("true");
    const second = await ana.postText("also true");
    await ana.postTo("and this", ben);
    await lies(ben, first.seq, () => ({ key: toBase64Url(new Uint8Array(28)) }));
    await lies(ben, second.seq, () => ({ body: { kind: "text", text: "forged" } }));
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone, "hidden");
    expect(await phone.past()).toEqual(["also true", "and this"]);
    expect(steps(phone)).toEqual(["receiving 3", "read 2", "hidden 1"]);
  });

  three("can attribute no message to another user", async ({ world, ana, ben, eve }) => {
    const { seq } = await ana.postText("by ana");
    await eve.postTo("by eve", ben);
    const [device = ""] = (await ben.status()).members
      .filter(({ user }) => user === "eve")
      .flatMap(({ devices }) => devices.map((one) => one.device));
    await lies(ben, seq, () => ({ device, user: "eve" }));
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone, "hidden");
    expect(await phone.past()).toEqual(["by eve"]);
  });

  for (const [run, about, name] of [
    [three, "in another name", "ana"],
    [proved, "for somebody who has left", "eve"],
  ] as const)
    run(`can issue no certificate ${about}`, (scene) => certifies(scene, name));

  /** Ben's device certifies that eve's device belongs to this user, with a key of its own. */
  async function certifies(
    { world, ana, ben, eve }: Parameters<Parameters<typeof three>[1]>[0],
    name: string,
  ): Promise<void> {
    const { seq } = await eve.postText("by eve");
    await ana.postTo("by ana", ben);
    await ana.kick("eve");
    await ben.until("the removal", () => ben.changes.includes("remove"));
    const { device = "" } = { device: "", ...(await contentAt(ben, seq)) };
    const server = formatFingerprint(ben.client.fingerprint as Fingerprint);
    const subject = { server, user: checkName(name), kind: "cli", signedAtUnixMs: 1 } as const;
    const forged = makeDeviceCert(Identity.generate(), {
      ...subject,
      deviceKey: fromBase64Url(device),
    });
    await ben.sealed((rooms) =>
      rooms
        .get(ben.room())
        .run(({ vault }) => vault.put(memberCertKey(device), toBase64Url(forged))),
    );
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone, "hidden");
    expect(await phone.past()).toEqual(["by ana"]);
  }

  two("cannot exchange two messages", async ({ world, ana, ben }) => {
    const first = await ana.postText("one");
    const second = await ana.postText("two");
    await ana.postTo("three", ben);
    const rows = [await contentAt(ben, first.seq), await contentAt(ben, second.seq)];
    await lies(ben, first.seq, () => rows[1] ?? {});
    await lies(ben, second.seq, () => rows[0] ?? {});
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone, "hidden");
    expect(await phone.past()).toEqual(["three"]);
  });
});

describe("a hand-over", () => {
  two("is repeated when the device has new keys", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const phone = await world.join("ben", await world.link(ben));
    const onRequest = (request: WireMessage) => (request.kind === "uploads" ? undefined : request);
    phone.tamperingLink.tampering = { onRequest };
    await handedOver(ben, "sending");
    await world.pass(1_000);
    const [first] = (await ben.request("uploads", {})).uploads;
    await phone.sealed(async (rooms) => {
      const room = rooms.get(phone.room());
      await room.run((tx) => tx.change({ renewedUnixMs: 0 }));
      room.changes.connected();
      await room.changes.sync();
    });
    await ben.until("the new keys", () => ben.changes.includes("update"));
    for (let s = 0; s < 60 && (await uploads(ben)).length === 1; s++) {
      const [part] = (await ben.request("uploads", {})).uploads;
      if (part?.file !== first?.file) break;
      await world.pass(1_000);
    }
    phone.tamperingLink.tampering = {};
    await phone.loseLink();
    await handedOver(phone);
    expect(await phone.past()).toEqual(["before"]);
  });

  two("whose upload was interrupted does not hold up the next", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const phone = await world.join("ben", await world.link(ben));
    let isCut = false;
    const onMessage = (message: WireMessage, request: WireMessage | undefined) => {
      const { uploads: listed } = message as { uploads?: readonly object[] };
      if (request?.kind !== "uploads" || listed?.length !== 1 || isCut) return [message];
      isCut = true;
      return [{ ...message, uploads: listed.map((upload) => ({ ...upload, bytes: 0 })) }];
    };
    phone.tamperingLink.tampering = { onMessage };
    for (let s = 0; s < 20 && !steps(phone).includes("read 1"); s++) await world.pass(1_000);
    expect([isCut, await phone.past()]).toEqual([true, ["before"]]);
  });

  two("by a device that was revoked meanwhile is refused", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const phone = await world.join("ben", await world.link(ben));
    await phone.quit();
    await handedOver(ben, "sending");
    await world.pass(2_000);
    const tablet = await world.join("ben", await world.link(ben));
    await ben.quit();
    await revoke(tablet, ben.device);
    await ana.until("the removal", () => ana.changes.includes("remove"));
    const again = await world.join("ben", phone.device);
    await world.pass(10_000);
    expect(steps(again)).toEqual([]);
    expect(await again.past()).toEqual([]);
  });

  two("is not repeated for a device that has read it", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone);
    await handedOver(ben, "sent");
    const desk = await ben.restart();
    await world.pass(70_000);
    expect([steps(desk), await uploads(desk)]).toEqual([[], []]);
  });

  two("ends when the user leaves the room", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const phone = await world.join("ben", await world.link(ben));
    await ben.leavesRoom();
    await ana.postText("without ben");
    await world.pass(10_000);
    expect(steps(phone)).toEqual([]);
  });

  two("gives nothing to members who are added later", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await world.pass(10_000);
    expect([await dan.past(), await uploads(ana), steps(ana)]).toEqual([[], [], []]);
  });

  two("is listed for no other account", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const phone = await world.join("ben", await world.link(ben));
    await phone.quit();
    await handedOver(ben, "sending");
    await world.pass(2_000);
    expect(await uploads(ben)).toHaveLength(1);
    const [{ file } = { file: "" }] = (await ben.request("uploads", {})).uploads;
    expect(await uploads(ana)).toEqual([]);
    const fetching = ana.client.transfers.ownUploads("ana").fetch(file as FileId, 9);
    expect(await world.wait(fetching).catch(({ code }) => code)).toBe("file-unknown");
  });
});

describe("a member who is added to a room with history for new members", () => {
  withHistory("reads what was posted before, with edits and files", async ({ world, ana, ben }) => {
    const first = await ana.postText("frist");
    await ana.edit(first.seq, "first");
    const source = new MemorySource(content(9), { name: "plan.txt" });
    const sent = await world.wait(sendFile(ben.client.transfers, { source, to: ["vault"] }));
    await ana.until("the file", () => ana.records.find(({ kind }) => kind === "file"));
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await handedOver(dan);
    expect(steps(dan)).toEqual(["receiving 3", "read 3"]);
    const { records } = await dan.history();
    const edits = records.filter(({ kind }) => kind === "edit").map(({ body }) => body);
    expect(edits).toEqual([{ seq: first.seq, text: "first" }]);
    const folder = new MemoryFolder();
    const request = { file: sent.id as FileId, into: "/inbox", openSink: folder.open };
    expect(await world.wait(dan.client.transfers.get(request))).toMatchObject({
      name: "plan.txt",
      digest: sent.digest,
    });
    const from = dan.events.flatMap((event) => (event.kind === "handover" ? [event.user] : []));
    expect(from[0]).toBe("ana");
    await world.pass(2_000);
    expect([await uploads(ana), steps(ana), steps(ben)]).toEqual([[], [], []]);
    expect((await dan.status()).history).toBe(true);
  });

  withHistory("receives it on a device that is linked later", async ({ world, ana, ben }) => {
    await ben.postTo("before", ana);
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await handedOver(dan);
    const phone = await world.join("daniel", await world.link(dan));
    await dan.quit();
    await handedOver(phone);
    expect(await phone.past()).toEqual(["before"]);
  });

  withHistory("does not get back what was erased", async ({ world, ana, ben }) => {
    const { seq } = await ana.postText("a secret");
    await ana.postTo("a remark", ben);
    const dan = await world.join("daniel");
    await ana.request("erase", { seq });
    await ana.addMember(dan);
    await handedOver(dan);
    expect(await dan.past()).toEqual(["a remark"]);
  });

  withHistory("continues after both were interrupted", async ({ world, ana, ben }) => {
    for (const text of ["one", "two"]) await ana.postTo(text, ben);
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await dan.quit();
    await untilUploads(ana, 1);
    const desk = await ana.restart();
    const again = await world.join("daniel", dan.device);
    await handedOver(again);
    for (let s = 0; s < 90 && (await uploads(desk)).length > 0; s++) await world.pass(1_000);
    expect([await again.past(), await uploads(desk)]).toEqual([["one", "two"], []]);
  });

  withHistory("receives nothing after being removed", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await dan.quit();
    await untilUploads(ana, 1);
    await ana.kick("daniel");
    await untilUploads(ana, 0);
    const again = await world.join("daniel", dan.device);
    await world.pass(5_000);
    expect([steps(again), await uploads(ana)]).toEqual([[], []]);
  });

  threeWithHistory("is the only one to find and delete it", async ({ world, ana, ben, eve }) => {
    await ana.postTo("before", ben);
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await dan.quit();
    await untilUploads(ana, 1);
    const [{ file } = { file: "" }] = (await ana.request("uploads", {})).uploads;
    for (const other of [ben, eve]) {
      expect((await other.request("uploads", { handed: true })).uploads).toEqual([]);
      const own = other.client.transfers.ownUploads(other.name);
      const codeOf = (attempt: Promise<unknown>) =>
        world.wait(
          attempt.then(
            () => "",
            ({ code }) => code,
          ),
        );
      expect(await codeOf(own.fetch(file as FileId, 9))).toBe("file-unknown");
      expect(await codeOf(own.withdraw(file as FileId))).toBe("file-unknown");
    }
    const again = await world.join("daniel", dan.device);
    expect(await uploads(again)).toEqual([]);
    await handedOver(again);
    expect(await again.past()).toEqual(["before"]);
  });

  withHistory("reads no part that is cut off, and counts none twice", async (scene) => {
    const { world, ana, ben } = scene;
    const seqs: number[] = [];
    for (const text of ["one", "two", "three", "four"]) seqs.push((await ana.postText(text)).seq);
    await ana.postTo("end", ben);
    const rows = new Map<number, ArchivedRow | undefined>();
    for (const seq of seqs) rows.set(seq, await contentAt(ana, seq));
    // A modified program, which hands over what it likes, or a server that repeats and withholds.
    for (const seq of [...seqs, (seqs.at(-1) ?? 0) + 1])
      await lies(ana, seq, () => ({ key: undefined }));
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    const handOver = async (part: Pick<HandoverPart, "done" | "isLast">, ...at: number[]) => {
      const boxes = await ana.sealed((rooms) => {
        const room = rooms.get(ana.room());
        return room.run(async ({ group }) => {
          const own = group?.members.find(({ user }) => user === "ana");
          const to = group?.members.find(({ user }) => user === "daniel");
          if (group === undefined || own === undefined || to === undefined)
            throw new Error("both are in the group");
          const keys = at.flatMap((index): HandedKey[] => {
            const row = rows.get(seqs[index] ?? 0);
            const key = row?.kind === "said" ? fromBase64Url(row.key ?? "") : undefined;
            return key === undefined ? [] : [{ seq: seqs[index] ?? 0, sender: 0, key }];
          });
          const plain = packPart({ total: 4, certs: [own.cert], keys, ...part });
          const { engine } = room.parts.device;
          return {
            device: to.device,
            whole: await engine.sealFor(group, to.device, plain),
            cut: await engine.sealFor(group, to.device, plain.subarray(0, plain.length - 1)),
          };
        });
      });
      const { device, whole, cut } = boxes;
      const own = ana.client.transfers.ownUploads("ana");
      for (const box of [whole.subarray(0, whole.length - 1), cut, whole]) {
        await world.wait(own.send(device, box, "daniel"));
        await untilUploads(ana, 0);
      }
    };
    await handOver({ done: 0, isLast: false }, 3);
    await handOver({ done: 1, isLast: false }, 2);
    await handOver({ done: 1, isLast: false }, 2);
    await handOver({ done: 3, isLast: true }, 0);
    expect(steps(dan)).toEqual(["receiving 4", "part 1", "part 2", "read 3", "hidden 1"]);
    expect(await dan.past()).toEqual(["one", "three", "four"]);
  });

  threeWithHistory("accepts nothing from members without the role", async (scene) => {
    const { world, ana, ben, eve } = scene;
    await ana.postTo("before", ben);
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await dan.quit();
    await untilUploads(ana, 1);
    await ana.quit();
    // As a modified program of a member who is no admin.
    const [device = ""] = (await ben.status()).members
      .filter(({ user }) => user === "daniel")
      .flatMap(({ devices }) => devices.map((one) => one.device));
    const part = packPart({ total: 1, done: 0, isLast: true, certs: [], keys: [] });
    const box = await ben.sealed((rooms) => {
      const room = rooms.get(ben.room());
      return room.run(({ group }) => {
        if (group === undefined) throw new Error("ben is in the group");
        return room.parts.device.engine.sealFor(group, device, part);
      });
    });
    const own = ben.client.transfers.ownUploads("ben");
    await world.wait(own.send(device, box, "daniel"));
    const again = await world.join("daniel", dan.device);
    await handedOver(again);
    expect(await again.past()).toEqual(["before"]);
    const from = again.events.flatMap((event) => (event.kind === "handover" ? [event.user] : []));
    expect(new Set(from)).toEqual(new Set(["ana", undefined]));
    await world.pass(2_000);
    expect([await uploads(ben), await eve.past()]).toEqual([[], ["before"]]);
  });
});
