/**
 * Attacks by a member with a modified program, or with the stored state of a removed device. Uses
 * the library without the engine's checks.
 */

import type { ClientConfig } from "ts-mls/clientConfig.js";
import type { ClientState } from "ts-mls/clientState.js";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import {
  createCommit,
  createGroupInfoWithExternalPubAndRatchetTree,
  joinGroupExternal,
} from "ts-mls/createCommit.js";
import { createApplicationMessage } from "ts-mls/createMessage.js";
import type { Credential } from "ts-mls/credential.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { decryptWithLabel, type PublicKey } from "ts-mls/crypto/hpke.js";
import { groupContextEncoder } from "ts-mls/groupContext.js";
import { generateKeyPackageWithKey, type KeyPackage } from "ts-mls/keyPackage.js";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { decryptSenderData } from "ts-mls/privateMessage.js";
import type { Proposal, ProposalExternalInit } from "ts-mls/proposal.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import type { SealedGroup } from "../../../src/crypto/seal/group.ts";
import { readMessage, writeMessage } from "../../../src/crypto/seal/mls.ts";
import { POLICY_EXTENSION } from "../../../src/crypto/seal/policy.ts";
import { KEY_HANDLE, makeConfig, makeSuite, SUITE } from "../../../src/crypto/seal/suite.ts";
import { POST, type TestDevice } from "./devices.ts";

const ANYONE = { validateCredential: async () => true };

function laxConfig(isSame: (leafKey: Uint8Array) => boolean = () => false): ClientConfig {
  return {
    ...makeConfig(ANYONE),
    keyPackageEqualityConfig: {
      compareKeyPackages: () => false,
      compareKeyPackageToLeafNode: (_, leaf) => isSame(leaf.signaturePublicKey),
    },
  };
}

function suiteOf(device: TestDevice): Promise<CiphersuiteImpl> {
  return makeSuite(device.key);
}

export function adding(keyPackage: Uint8Array): Proposal {
  return addingPackage(readMessage("mls_key_package", keyPackage).keyPackage);
}

export function addingPackage(keyPackage: KeyPackage): Proposal {
  return { proposalType: "add", add: { keyPackage } };
}

export function removing(removed: number): Proposal {
  return { proposalType: "remove", remove: { removed } };
}

export async function rawCommit(
  device: TestDevice,
  group: SealedGroup,
  proposals: Proposal[],
  { state = group.mls, bound = POST }: { state?: ClientState; bound?: Uint8Array } = {},
) {
  const suite = await suiteOf(device);
  const cipherSuite = { ...suite, signature: { ...suite.signature, verify: async () => true } };
  const made = await createCommit(
    { state: { ...state, clientConfig: laxConfig() }, cipherSuite },
    {
      wireAsPublicMessage: true,
      extraProposals: proposals,
      ratchetTreeExtension: true,
      authenticatedData: bound,
    },
  );
  return { ...made, bytes: writeMessage(made.commit) };
}

export interface RawKeyPackage {
  readonly credential?: Credential;
  readonly lifetime?: { readonly notBefore: bigint; readonly notAfter: bigint };
  readonly extensions?: number[];
  /** Encryption key of the leaf, which may be another device's. */
  readonly leafKey?: Uint8Array;
}

export async function rawKeyPackage(device: TestDevice, raw: RawKeyPackage = {}) {
  const second = BigInt(Math.floor(Date.now() / 1000));
  const suite = await suiteOf(device);
  const { exportPublicKey } = suite.hpke;
  // The library exports the key of the leaf before that of the Welcome.
  const leafKeys = raw.leafKey === undefined ? [] : [raw.leafKey];
  const hpke = {
    ...suite.hpke,
    exportPublicKey: async (key: PublicKey) => leafKeys.pop() ?? exportPublicKey(key),
  };
  const made = await generateKeyPackageWithKey(
    raw.credential ?? { credentialType: "basic", identity: device.cert },
    {
      versions: ["mls10"],
      ciphersuites: [SUITE],
      extensions: raw.extensions ?? [POLICY_EXTENSION],
      proposals: [],
      credentials: ["basic"],
    },
    raw.lifetime ?? { notBefore: second - 10n, notAfter: second + 1000n },
    [],
    { signKey: KEY_HANDLE, publicKey: device.key.publicKey },
    { ...suite, hpke },
  );
  return {
    ...made,
    bytes: writeMessage({ wireformat: "mls_key_package", keyPackage: made.publicPackage }),
  };
}

export async function rawExternalCommit(
  device: TestDevice,
  groupInfo: Uint8Array,
  { victim, credential }: { victim?: Uint8Array; credential?: Credential } = {},
): Promise<Uint8Array> {
  const { publicPackage, privatePackage } = await rawKeyPackage(
    device,
    credential === undefined ? {} : { credential },
  );
  const { publicMessage } = await joinGroupExternal(
    readMessage("mls_group_info", groupInfo).groupInfo,
    publicPackage,
    privatePackage,
    victim !== undefined,
    await suiteOf(device),
    undefined,
    laxConfig((key) => victim?.toHex() === key.toHex()),
    POST,
  );
  return writeMessage({ wireformat: "mls_public_message", publicMessage });
}

export async function rawGroupInfo(device: TestDevice, group: SealedGroup, tree: RatchetTree) {
  const state = { ...group.mls, ratchetTree: tree };
  const suite = await suiteOf(device);
  const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(state, [], suite);
  return writeMessage({ wireformat: "mls_group_info", groupInfo });
}

export async function rawMessage(device: TestDevice, group: SealedGroup, content: Uint8Array) {
  const suite = await suiteOf(device);
  const { privateMessage } = await createApplicationMessage(group.mls, content, suite, POST);
  return writeMessage({ wireformat: "mls_private_message", privateMessage });
}

/** A commit and its public data, which a removed device can learn from any member. */
export interface NextEpoch {
  readonly commit: Uint8Array;
  readonly before: SealedGroup;
  readonly next: SealedGroup;
  readonly message: Uint8Array;
}

/**
 * Reports whether a stored state decrypts a message of the commit's epoch with any of its private
 * keys or path secrets, or because the commit adds no new secret.
 */
export async function opensNext(
  device: TestDevice,
  savedGroup: SealedGroup,
  { commit, before, next, message }: NextEpoch,
): Promise<boolean> {
  const suite = await suiteOf(device);
  if (await opensPath(suite, savedGroup, { commit, before, next })) return true;
  const secrets = [savedGroup.mls.keySchedule.senderDataSecret];
  for (const init of await initSecrets(suite, savedGroup, commit)) {
    const zeros = () => new Uint8Array(suite.kdf.size);
    const context = next.mls.groupContext;
    const guess = await initializeEpoch(init, zeros(), context, zeros(), suite.kdf);
    secrets.push(guess.keySchedule.senderDataSecret);
  }
  for (const secret of secrets) {
    if (
      await opens(() =>
        decryptSenderData(
          readMessage("mls_private_message", message).privateMessage,
          secret,
          suite,
        ),
      )
    )
      return true;
  }
  return false;
}

async function initSecrets(
  suite: CiphersuiteImpl,
  { mls }: SealedGroup,
  commit: Uint8Array,
): Promise<Uint8Array[]> {
  const found = [mls.keySchedule.initSecret];
  const { content } = readMessage("mls_public_message", commit).publicMessage;
  if (content.contentType !== "commit") return found;
  const { privateKey } = await suite.hpke.deriveKeyPair(mls.keySchedule.externalSecret);
  const label = new TextEncoder().encode("MLS 1.0 external init secret");
  for (const one of content.commit.proposals) {
    if (one.proposalOrRefType !== "proposal" || one.proposal.proposalType !== "external_init") {
      continue;
    }
    const { kemOutput } = (one.proposal as ProposalExternalInit).externalInit;
    const none = new Uint8Array(0);
    found.push(await suite.hpke.importSecret(privateKey, label, kemOutput, suite.kdf.size, none));
  }
  return found;
}

async function opensPath(
  suite: CiphersuiteImpl,
  savedGroup: SealedGroup,
  { commit, before, next }: Omit<NextEpoch, "message">,
): Promise<boolean> {
  const { content } = readMessage("mls_public_message", commit).publicMessage;
  if (content.contentType !== "commit") return false;
  // The group context of the new epoch, whose transcript does not contain the commit yet.
  const { confirmedTranscriptHash } = before.mls.groupContext;
  const info = encode(groupContextEncoder)({ ...next.mls.groupContext, confirmedTranscriptHash });
  const secrets = (content.commit.path?.nodes ?? []).flatMap((node) => node.encryptedPathSecret);
  for (const bytes of Object.values(savedGroup.mls.privatePath.privateKeys)) {
    const key = await suite.hpke.importPrivateKey(bytes);
    for (const { kemOutput, ciphertext } of secrets) {
      const work = () =>
        decryptWithLabel(key, "UpdatePathNode", info, kemOutput, ciphertext, suite.hpke);
      if (await opens(work)) return true;
    }
  }
  return false;
}

async function opens(work: () => Promise<unknown>): Promise<boolean> {
  try {
    return (await work()) !== undefined;
  } catch {
    return false;
  }
}
