import { describe, expect } from "bun:test";
import { fromBase64Url, toBase64Url } from "../../../src/base/bytes.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { checkName } from "../../../src/base/names.ts";
import { type ArchivedRow, contentKey, memberCertKey } from "../../../src/client/sealed/rows.ts";
import { makeDeviceCert } from "../../../src/crypto/device-cert.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type Fingerprint, formatFingerprint } from "../../../src/wire/fingerprint.ts";
import { content, MemoryFolder, MemorySource } from "../contents.ts";
import type { WireMessage } from "./liar.ts";
import { type Device, type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"]);
const three = vaultTest(["ben", "eve"]);

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
    const sent = await world.wait(ana.client.transfers.send({ source, to: ["vault"] }));
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

  three("can issue no certificate in another name", async ({ world, ana, ben, eve }) => {
    const { seq } = await eve.postText("by eve");
    await ana.postTo("by ana", ben);
    await ana.kick("eve");
    await ben.until("the removal", () => ben.changes.includes("remove"));
    const { device = "" } = { device: "", ...(await contentAt(ben, seq)) };
    const server = formatFingerprint(ben.client.fingerprint as Fingerprint);
    const subject = { server, user: checkName("ana"), kind: "cli", signedAtUnixMs: 1 } as const;
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
  });

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
