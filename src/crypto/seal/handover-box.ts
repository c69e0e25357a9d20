/**
 * Boxes that one device seals for another of its account, or of a new member, in a group to which
 * both belong: encrypted with HPKE for the receiver's leaf, and signed by the sender's device key.
 */

import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { concatBytes, equalBytes, fromBase64Url, isBytes, toBase64Url } from "../../base/bytes.ts";
import { Fault, ignoreFault } from "../../base/fault.ts";
import { packValue, unpackValue } from "../../wire/codec.ts";
import { sealedHandoverBytes } from "../signed-bytes.ts";
import { hasAdminRights } from "./commit-check.ts";
import type { SealedGroup } from "./group.ts";
import { leafAt, type SealDevice, type SealMember } from "./members.ts";
import { mls } from "./mls.ts";
import { type SealSigner, verifyEd25519 } from "./suite.ts";

const LABEL = "chat handover";
const BOX_VERSION = 1;

interface Sealer {
  readonly suite: CiphersuiteImpl;
  readonly signer: SealSigner;
}

/** Returns the key in the device's leaf, which changes when the device renews its keys. */
export function leafKeyOf(
  { mls: state, members }: SealedGroup,
  device: string,
): Uint8Array | undefined {
  const member = members.find((one) => one.device === device);
  return member && leafAt(state.ratchetTree, member.leaf)?.hpkePublicKey;
}

/**
 * Reports whether `by` may hand messages over to the device `to`. Between accounts, only admins may
 * do so, and only if the room was created with history for new members.
 */
export function mayHandOver({ policy, members }: SealedGroup, by: SealDevice, to: SealDevice) {
  if (by.device === to.device) return false;
  if (by.account === to.account) return true;
  return policy.history && hasAdminRights(policy, members, by);
}

/** Reports whether this device hands messages over to the device. */
export function handsOverTo(group: SealedGroup, device: string): boolean {
  const member = group.members.find((one) => one.device === device);
  return member !== undefined && mayHandOver(group, group.self, member);
}

/**
 * @throws {Fault} seal-refused if the device is not in the group, seal-broken if nothing can be
 * encrypted for the key that it has chosen
 */
export async function sealBox(
  { suite, signer }: Sealer,
  group: SealedGroup,
  device: string,
  plain: Uint8Array,
): Promise<Uint8Array> {
  const leafKey = leafKeyOf(group, device);
  if (leafKey === undefined) throw refused();
  const by = signer.publicKey;
  const context = contextOf(group, by, device);
  const { ct, enc } = await mls.encryptFor(suite, leafKey, LABEL, context, plain);
  const digest = await suite.hash.digest(concatBytes(enc, ct));
  const sig = await signer.sign(sealedHandoverBytes(context, digest));
  return packValue({ v: BOX_VERSION, group: group.gid, by, enc, ct, sig });
}

export interface SealedBox {
  readonly gid: Uint8Array;
  readonly by: Uint8Array;
  readonly enc: Uint8Array;
  readonly ct: Uint8Array;
  readonly sig: Uint8Array;
}

/** @throws {Fault} frame-malformed */
export function parseBox(bytes: Uint8Array): SealedBox {
  const value = unpackValue(bytes);
  const { v, group: gid, by, enc, ct, sig } = Object(value) as Readonly<Record<string, unknown>>;
  const isValid = isBytes(gid) && isBytes(by) && isBytes(enc) && isBytes(ct) && isBytes(sig);
  if (v === BOX_VERSION && isValid) return { gid, by, enc, ct, sig };
  throw new Fault("frame-malformed", "a hand-over of messages is malformed");
}

export interface OpenedBox {
  readonly by: SealMember;
  /** `undefined` if the box is for a key that this device does not have any more. */
  readonly plain: Uint8Array | undefined;
}

/**
 * @throws {Fault} seal-refused unless a device in the group that may do so has sealed the box for
 * this device
 */
export async function openBox(
  { suite, signer }: Sealer,
  group: SealedGroup,
  { gid, by: sender, enc, ct, sig }: SealedBox,
): Promise<OpenedBox> {
  const device = toBase64Url(signer.publicKey);
  const by = group.members.find((one) => one.device === toBase64Url(sender));
  const mayRead = by !== undefined && mayHandOver(group, by, group.self);
  if (!mayRead || !equalBytes(gid, group.gid)) throw refused();
  const context = contextOf(group, sender, device);
  const digest = await suite.hash.digest(concatBytes(enc, ct));
  if (!(await verifyEd25519(sender, sealedHandoverBytes(context, digest), sig))) throw refused();
  const { leafIndex, privateKeys } = group.mls.privatePath;
  const privateKey = privateKeys[2 * leafIndex];
  if (privateKey === undefined) return { by, plain: undefined };
  const key = await mls.importPrivateKey(suite, privateKey);
  const plain = await mls
    .decryptWithLabel(key, LABEL, context, enc, ct, suite.hpke)
    .catch(ignoreFault);
  return { by, plain };
}

function contextOf({ gid, policy }: SealedGroup, by: Uint8Array, device: string): Uint8Array {
  const room = new TextEncoder().encode(policy.room);
  return concatBytes(gid, by, fromBase64Url(device), room);
}

function refused(): Fault {
  return new Fault("seal-refused", "a hand-over is from a device that may not send it");
}
