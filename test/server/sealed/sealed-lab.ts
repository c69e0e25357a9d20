import type { Lifetime } from "../../../src/crypto/seal/header.ts";
import type { Answer } from "../../../src/wire/messages.ts";
import type { Guest } from "../guest.ts";
import { type Site, type SiteOptions, siteWith } from "../site.ts";

export const GROUP = new Uint8Array(16).fill(7);
export const INFO = new TextEncoder().encode("the first GroupInfo");

export interface SealedLab {
  readonly site: Site;
  readonly ana: Guest;
  readonly ben: Guest;
  readonly eve: Guest;
}

export async function sealedLab(options: SiteOptions = {}): Promise<SealedLab> {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"], options);
  await createVault(ana);
  await site.quiet();
  return { site, ana, ben, eve };
}

/** Creates the encrypted room "vault" with its group. */
export async function createVault(by: Guest): Promise<void> {
  await by.request("join", { room: "vault", create: true, sealed: true });
  const group = { group: GROUP, commitId: "first", info: INFO };
  await by.request("group-create", { target: "vault", ...group });
}

interface Commit {
  readonly epoch: number;
  readonly commitId?: string;
  readonly added?: readonly (readonly [Guest, string])[];
  readonly removed?: readonly Guest[];
  readonly kick?: string;
  readonly info?: string;
  readonly target?: string;
}

export function commitFields({ added = [], removed = [], ...rest }: Commit) {
  const { epoch, commitId = `to-${epoch}`, info = `GroupInfo after ${epoch}`, kick } = rest;
  return {
    target: rest.target ?? "vault",
    group: GROUP,
    epoch,
    commitId,
    commit: commitBytes(epoch, commitId),
    ...(added.length > 0 ? { welcome: Uint8Array.of(9, 9) } : {}),
    info: new TextEncoder().encode(info),
    added: added.map(([{ keys }, user]) => ({ user, device: keys.device.publicKey })),
    removed: removed.map(({ keys }) => keys.device.publicKey),
    ...(kick === undefined ? {} : { kick }),
  };
}

export function commitBytes(epoch: number, commitId: string, leaf = 0): Uint8Array {
  const bound = new TextEncoder().encode(commitId);
  const number = (value: number, size: number) => {
    return Uint8Array.from({ length: size }, (_, at) => (value / 256 ** (size - 1 - at)) % 256);
  };
  const parts = [Uint8Array.of(0, 1, 0, 1, GROUP.length), GROUP, number(epoch, 8)];
  const sender = Uint8Array.of(1, ...number(leaf, 4), bound.length, ...bound, 3);
  return new Uint8Array([...parts, sender].flatMap((part) => [...part]));
}

export function commit(by: Guest, what: Commit): Promise<Answer<"group-commit">> {
  return by.request("group-commit", commitFields(what));
}

/** Begins like a key package (RFC 9420, section 10), with a number in place of its signature. */
export function keyPackageBytes({ fromUnixMs, untilUnixMs }: Lifetime, id: number): Uint8Array {
  const seconds = (unixMs: number) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.floor(unixMs / 1_000)));
    return bytes;
  };
  const keys = [1, 5, 1, 6, 1, 7];
  const capabilities = [2, 0, 1, 2, 0, 1, 0, 0, 2, 0, 1];
  const head = [0, 1, 0, 5, 0, 1, 0, 1, ...keys, 0, 1, 2, 8, 8, ...capabilities, 1];
  return Uint8Array.from([...head, ...seconds(fromUnixMs), ...seconds(untilUnixMs), id]);
}

let counter = 0;

export function sealedPost(epoch: number, to = "vault") {
  const sealed = { epoch, ciphertext: Uint8Array.of(4, 5, 6) };
  return { outbox: "BBBBBBBBBBB", counter: ++counter, to, body: { text: "", sealed } };
}

export async function letIn(
  { ana, ben, site }: SealedLab,
  epoch = 0,
  [guest, name]: readonly [Guest, string] = [ben, "ben"],
): Promise<void> {
  await commit(ana, { epoch, added: [[guest, name]] });
  await guest.request("join", { room: "vault" });
  await site.quiet();
}

export async function groupOf(guest: Guest, target = "vault") {
  const { made } = await guest.request("group", { target });
  if (made === undefined) throw new Error("there is no group");
  return made;
}
