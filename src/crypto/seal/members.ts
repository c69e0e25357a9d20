/**
 * Members of a group. Each leaf of the tree is one device, with a device certificate as its
 * credential.
 */

import type { Credential } from "ts-mls/credential.js";
import type { LeafNode } from "ts-mls/leafNode.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { equalBytes, fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import type { DeviceCert, DeviceKind } from "../cert-payload.ts";
import { parseDeviceCert } from "../cert-payload.ts";
import { deviceCertBytes } from "../signed-bytes.ts";
import { POLICY_EXTENSION } from "./policy.ts";
import { SUITE, verifyEd25519 } from "./suite.ts";

const GROUP_CAPABILITIES_MAX = 64;
const DEVICE_CERTS_KNOWN_MAX = 1_024;

export interface SealMember {
  readonly leaf: number;
  readonly device: string;
  readonly user: DeviceCert["user"];
  readonly kind: DeviceKind;
  readonly account: string;
  readonly cert: Uint8Array;
}

export type SealDevice = Omit<SealMember, "leaf">;

export class MemberCertificates {
  readonly #servers: ReadonlySet<string>;
  readonly #cached = new Set<string>();

  constructor(servers: readonly string[]) {
    this.#servers = new Set(servers);
  }

  /** @returns `undefined` if the certificate was issued for a different device or server */
  async deviceOf(
    leaf: Pick<LeafNode, "credential" | "signaturePublicKey">,
  ): Promise<SealDevice | undefined> {
    const device = deviceIn(leaf);
    if (device === undefined) return undefined;
    const id = toBase64Url(device.cert);
    if (this.#cached.has(id)) return device;
    const parsed = parseDeviceCert(device.cert);
    if (parsed === undefined || !this.#servers.has(parsed.cert.server)) return undefined;
    const { cert, payload, signature } = parsed;
    const signed = deviceCertBytes(payload);
    if (!(await verifyEd25519(fromBase64Url(cert.uik), signed, signature))) return undefined;
    const [oldest] = this.#cached;
    if (this.#cached.size >= DEVICE_CERTS_KNOWN_MAX) this.#cached.delete(oldest ?? "");
    this.#cached.add(id);
    return device;
  }

  async validateCredential(credential: Credential, signaturePublicKey: Uint8Array) {
    return (await this.deviceOf({ credential, signaturePublicKey })) !== undefined;
  }
}

function deviceIn(
  leaf: Pick<LeafNode, "credential" | "signaturePublicKey">,
): SealDevice | undefined {
  if (leaf.credential.credentialType !== "basic") return undefined;
  const { identity } = leaf.credential;
  const { cert } = parseDeviceCert(identity) ?? {};
  const device = toBase64Url(leaf.signaturePublicKey);
  if (cert === undefined || cert.dev !== device) return undefined;
  return { device, user: cert.user, kind: cert.kind, account: cert.uik, cert: identity };
}

export function membersOf(tree: RatchetTree): SealMember[] {
  return tree.flatMap((node, at) => {
    const device = node?.nodeType === "leaf" ? deviceIn(node.leaf) : undefined;
    return device === undefined ? [] : [{ ...device, leaf: at / 2 }];
  });
}

export function leafAt(tree: RatchetTree, leaf: number): LeafNode | undefined {
  if (!Number.isSafeInteger(leaf) || leaf < 0) return undefined;
  const node = tree[2 * leaf];
  return node?.nodeType === "leaf" ? node.leaf : undefined;
}

export function memberAt(tree: RatchetTree, leaf: number): SealMember | undefined {
  const node = leafAt(tree, leaf);
  const device = node === undefined ? undefined : deviceIn(node);
  return device === undefined ? undefined : { ...device, leaf };
}

export function isCapable({ capabilities }: LeafNode): boolean {
  const { versions, ciphersuites, extensions, proposals, credentials } = capabilities;
  const lists = [versions, ciphersuites, extensions, proposals, credentials];
  return (
    lists.every((list) => list.length <= GROUP_CAPABILITIES_MAX) &&
    versions.includes("mls10") &&
    ciphersuites.includes(SUITE) &&
    extensions.includes(POLICY_EXTENSION) &&
    credentials.includes("basic")
  );
}

export function isSameDevice(one: LeafNode, other: LeafNode): boolean {
  return (
    one.credential.credentialType === "basic" &&
    other.credential.credentialType === "basic" &&
    equalBytes(one.credential.identity, other.credential.identity) &&
    equalBytes(one.signaturePublicKey, other.signaturePublicKey)
  );
}
