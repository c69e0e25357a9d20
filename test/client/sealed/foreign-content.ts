/** Content of another device under a key of one's own, as a modified program makes it. */

import { createCipheriv } from "node:crypto";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import { type PrivateContentAAD, privateContentAADEncoder } from "ts-mls/privateMessage.js";
import { concatBytes, fromBase64Url, toBase64Url, utf8Encode } from "../../../src/base/bytes.ts";
import { type ArchivedRow, contentKey } from "../../../src/client/sealed/rows.ts";
import { readSealHeader } from "../../../src/crypto/seal/header.ts";
import { writeMessage } from "../../../src/crypto/seal/mls.ts";
import { packValue } from "../../../src/wire/codec.ts";
import { replacePosts, type WireMessage } from "./liar.ts";
import type { Person } from "./sealed-site.ts";

export interface ForeignContent {
  /** Application data of the original message: body, counters and the author's signature. */
  readonly bytes: Uint8Array;
  readonly row: Extract<ArchivedRow, { readonly kind: "said" }>;
  readonly epoch: number;
  readonly id: string;
}

async function rowAt(
  person: Person,
  seq: number,
  room = "vault",
): Promise<ArchivedRow | undefined> {
  return person.sealed((rooms) =>
    rooms.get(person.room(room)).run((tx) => tx.vault.find(contentKey(tx.room, seq))),
  );
}

export async function changeRow(
  person: Person,
  seq: number,
  change: (row: ArchivedRow | undefined) => ArchivedRow | object,
  room = "vault",
): Promise<void> {
  await person.sealed((rooms) =>
    rooms.get(person.room(room)).run(async (tx) => {
      const key = contentKey(tx.room, seq);
      await tx.vault.put(key, change(await tx.vault.find<ArchivedRow>(key)));
    }),
  );
}

/** Opens a message with the key that the person's device has stored. */
export async function contentOf(person: Person, seq: number): Promise<ForeignContent> {
  const row = await rowAt(person, seq);
  if (row?.kind !== "said" || row.key === undefined) throw new Error(`no key of message ${seq}`);
  const { key, device } = row;
  return person.sealed(async (rooms) => {
    const room = rooms.get(person.room());
    const { group } = await room.run((tx) => tx);
    const { records } = await room.queryPage({ after: seq - 1, before: seq + 1 });
    const { id = "", body = {} } = records[0] ?? {};
    const member = group?.members.find((one) => one.device === device);
    if (group === undefined || member === undefined) throw new Error("the author is a member");
    const epoch = Number(body["epoch"]);
    const { sentAtUnixMs, count, checkpoint, unconfirmed, signature, ...rest } =
      await room.parts.device.engine.openWithKey(
        fromBase64Url(String(body["ciphertext"])),
        fromBase64Url(key),
        {
          bound: utf8Encode(id),
          gid: group.gid,
          room: group.policy.room,
          epoch,
          device,
          account: fromBase64Url(member.account),
        },
      );
    const bytes = packValue({
      body: rest.body,
      ts: sentAtUnixMs,
      c: count,
      open: unconfirmed,
      checkpoint: checkpoint && {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root,
        signature: checkpoint.signature,
      },
      sig: signature,
    });
    return { bytes, row, epoch, id };
  });
}

export const OWN_KEY = new Uint8Array(28).fill(7);

interface Place {
  readonly gid: Uint8Array;
  readonly epoch: number;
  readonly bound: Uint8Array;
}

/** A message with this content, which only `OWN_KEY` opens. */
export function sealedUnderOwnKey({ gid, epoch, bound }: Place, content: Uint8Array): Uint8Array {
  const head: PrivateContentAAD = {
    groupId: gid,
    epoch: BigInt(epoch),
    contentType: "application",
    authenticatedData: bound,
  };
  const cipher = createCipheriv("aes-128-gcm", OWN_KEY.slice(0, 16), OWN_KEY.slice(16));
  cipher.setAAD(encode(privateContentAADEncoder)(head));
  const encrypted = concatBytes(cipher.update(content), cipher.final(), cipher.getAuthTag());
  return writeMessage({
    wireformat: "mls_private_message",
    privateMessage: { ...head, encryptedSenderData: new Uint8Array(28), ciphertext: encrypted },
  });
}

/** PrivateMessageContent of the bytes: their length, an empty MLS signature and no padding. */
export function applicationContent(bytes: Uint8Array): Uint8Array {
  const length = bytes.length;
  const prefix = length < 64 ? [length] : [0x40 | (length >> 8), length & 0xff];
  return concatBytes(Uint8Array.from(prefix), bytes, Uint8Array.of(0));
}

interface Posting {
  /** Changes the epoch in the ciphertext's header. */
  readonly epoch?: number;
  /** Posts under this id instead of the next one. */
  readonly id?: string;
  readonly room?: string;
}

/** Posts a record whose ciphertext contains these bytes below its key. */
export async function postUnderOwnKey(
  person: Person,
  content: Uint8Array,
  { epoch, id, room = "vault" }: Posting = {},
): Promise<number> {
  let isDone = false;
  const replaced = (post: WireMessage): WireMessage => {
    if (isDone) return post;
    isDone = true;
    const { body } = post as unknown as {
      readonly body: {
        readonly sealed: { readonly epoch: number; readonly ciphertext: Uint8Array };
      };
    };
    const place = readSealHeader(body.sealed.ciphertext);
    const [outbox = "", counter = ""] = (id ?? "").split(".");
    const bound = id === undefined ? place.bound : utf8Encode(id);
    const at = { gid: place.gid, epoch: epoch ?? place.epoch, bound };
    const ciphertext = sealedUnderOwnKey(at, content);
    const named = id === undefined ? {} : { outbox, counter: Number(counter) };
    return { ...post, ...named, body: { ...body, sealed: { ...body.sealed, ciphertext } } };
  };
  person.tamperingLink.tampering = replacePosts(replaced);
  const { seq } = await person.postText("to be replaced", room);
  person.tamperingLink.tampering = {};
  // The program finds that the server has altered its message, which a modified one would not.
  await person.until("the record", () => person.records.find((record) => record.seq === seq));
  await person.sealed((rooms) =>
    rooms.get(person.room(room)).run((tx) => tx.change({ status: "in" })),
  );
  return seq;
}

/** Makes the person's device hand a record over as this message. */
export function handOverAs(
  person: Person,
  seq: number,
  { row }: Pick<ForeignContent, "row">,
  room = "vault",
): Promise<void> {
  const { device, user, body, sentAtUnixMs } = row;
  const said = { kind: "said", device, user, body, sentAtUnixMs, key: toBase64Url(OWN_KEY) };
  return changeRow(person, seq, (stored) => ({ ...stored, ...said, reason: undefined }), room);
}

/** Sends bytes as a part of a hand-over, as a modified program does. */
export async function sendPart(from: Person, to: string, part: Uint8Array): Promise<void> {
  const { device, box } = await from.sealed((rooms) => {
    const room = rooms.get(from.room());
    return room.run(async ({ group }) => {
      const member = group?.members.find(({ user }) => user === to);
      if (group === undefined || member === undefined) throw new Error("both are in the group");
      const { engine } = room.parts.device;
      return { device: member.device, box: await engine.sealFor(group, member.device, part) };
    });
  });
  await sendUpload(from, to, { device, bytes: box });
}

export async function sendUpload(
  from: Person,
  to: string,
  { device, bytes }: { readonly device: string; readonly bytes: Uint8Array },
): Promise<void> {
  const own = from.client.transfers.ownUploads(from.name);
  await from.world.wait(own.send(device, bytes, to));
}
