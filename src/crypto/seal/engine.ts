/**
 * End-to-end encryption for sealed rooms with MLS (RFC 9420), without sockets, files or databases,
 * so that it runs in a browser. A group is immutable: each step takes a group and returns a new
 * one. Two steps from the same group would reuse a key, so a caller runs one step at a time, makes
 * the new state durable, and only then sends the step's output. Afterwards the caller overwrites
 * `consumed` with `wipe` and discards the previous group.
 */

import type { ClientConfig } from "ts-mls/clientConfig.js";
import type { ClientState } from "ts-mls/clientState.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { Proposal } from "ts-mls/proposal.js";
import type { PublicMessage } from "ts-mls/publicMessage.js";
import { assert } from "../../base/assert.ts";
import { equalBytes, fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import { GROUP_DEVICES_MAX, GROUP_ID_BYTES } from "../../base/limits-sealed.ts";
import { parseDeviceCert } from "../cert-payload.ts";
import { type SealedPlace, sealedLeaveBytes } from "../signed-bytes.ts";
import {
  type AccountChecks,
  CommitCheck,
  type CommitRefusal,
  type Committer,
  hasAdminRights,
  refusedFault,
  type SealChange,
} from "./commit-check.ts";
import { readContent, type SealedContent, type SignedContent, writeContent } from "./content.ts";
import { SealedGroup } from "./group.ts";
import { type CheckedGroup, checkGroupInfo, type ExpectedGroup } from "./group-info.ts";
import { type OpenedBox, openBox, type SealedBox, sealBox } from "./handover-box.ts";
import {
  type KeyPackagePair,
  KeyPackages,
  type KeyPackageVerdict,
  readPackageSecret,
} from "./key-packages.ts";
import {
  MemberCertificates,
  memberAt,
  membersOf,
  type SealDevice,
  type SealMember,
} from "./members.ts";
import { type HandedMessage, openWithKey, watchSuite } from "./message-key.ts";
import { mls, NO_PSKS, readGroupState, readMessage, writeGroupState, writeMessage } from "./mls.ts";
import { paddedBytes } from "./padding.ts";
import { policyExtensions, type SealPolicy } from "./policy.ts";
import type { SealPrimitives } from "./primitives.ts";
import { type Consumed, droppedSecrets, withoutHistory } from "./secrets.ts";
import { type BoxContext, decryptState, encryptState, unreadable } from "./state-box.ts";
import { makeConfig, makeSuite, type SealSigner, verifyEd25519 } from "./suite.ts";

const SEALED_BOUND_BYTES_MAX = 128;

export interface SealEngineOptions {
  readonly signer: SealSigner;
  readonly cert: Uint8Array;
  readonly servers: readonly string[];
  readonly unixMs: () => number;
  readonly primitives?: SealPrimitives | undefined;
}

export type SealIntent =
  | { readonly kind: "add"; readonly keyPackages: readonly Uint8Array[] }
  | { readonly kind: "remove"; readonly devices: readonly string[] }
  | { readonly kind: "update" }
  | { readonly kind: "policy"; readonly policy: SealPolicy };

export interface Binding {
  readonly bound: Uint8Array;
}

export interface SealStep {
  readonly group: SealedGroup;
  readonly consumed: Consumed;
}

/**
 * Pending commit. If the server accepts the commit, the caller makes `group` the current group, and
 * wipes `consumed` when that group is durable. If the server refuses the commit, the caller
 * discards everything, wipes nothing, and keeps the previous group.
 */
export interface SealCommit extends SealStep {
  readonly commit: Uint8Array;
  readonly welcome?: Uint8Array;
  readonly groupInfo: Uint8Array;
  readonly change: SealChange;
}

export type SealProcessed =
  | ({ readonly kind: "applied"; readonly change: SealChange } & SealStep)
  | { readonly kind: "removed"; readonly change: SealChange; readonly consumed: Consumed }
  /** The caller switches to the group that it stored with the commit, or rejoins if it has none. */
  | { readonly kind: "own" }
  | { readonly kind: "rejected"; readonly reason: CommitRefusal; readonly cause?: unknown };

export interface SealedMessage extends SignedContent {
  readonly sender: SealMember;
}

export class SealEngine {
  readonly #config: ClientConfig;
  readonly #keyPackages: KeyPackages;

  private constructor(
    private readonly options: SealEngineOptions,
    private readonly suite: CiphersuiteImpl,
    private readonly certificates: MemberCertificates,
    private readonly account: string,
  ) {
    this.#config = makeConfig(certificates);
    this.#keyPackages = new KeyPackages(options, suite);
  }

  /**
   * @throws {Fault} not-allowed if WebCrypto is unavailable or the certificate belongs to a
   * different device
   */
  static async open(options: SealEngineOptions): Promise<SealEngine> {
    if (globalThis.crypto?.subtle === undefined) {
      throw new Fault(
        "not-allowed",
        "encrypted rooms do not work here, because this page cannot encrypt",
        { remedy: "open it over HTTPS" },
      );
    }
    const certificates = new MemberCertificates(options.servers);
    const credential = { credentialType: "basic", identity: options.cert } as const;
    const signaturePublicKey = options.signer.publicKey;
    const self = await certificates.deviceOf({ credential, signaturePublicKey });
    if (self === undefined) {
      throw new Fault("not-allowed", msg`this device has no certificate for encrypted rooms`, {
        remedy: msg`link it on a device that has one: ${"chat link-device"}`,
      });
    }
    const suite = await makeSuite(options.signer, options.primitives);
    return new SealEngine(options, suite, certificates, self.account);
  }

  get device(): string {
    return toBase64Url(this.options.signer.publicKey);
  }

  makeKeyPackages(count: number): Promise<KeyPackagePair[]> {
    return this.#keyPackages.makePairs(count);
  }

  /**
   * Checks whether a key package can be used now.
   * @throws {Fault} frame-malformed if the bytes cannot be parsed, too-large if they exceed the
   * maximum size
   */
  inspect(bytes: Uint8Array, checks: AccountChecks): Promise<KeyPackageVerdict> {
    const atUnixMs = this.options.unixMs();
    return this.#keyPackages.inspect(bytes, this.#check({ atUnixMs, ...checks }));
  }

  async create(policy: SealPolicy, gid = this.#random(GROUP_ID_BYTES)) {
    assert(gid.length === GROUP_ID_BYTES, "a group id has 16 bytes");
    const { publicPackage, privatePackage } = await this.#keyPackages.make();
    const extensions = policyExtensions(policy);
    const [suite, config] = [this.suite, this.#config];
    const group = this.#toGroup(
      await mls.createGroup(gid, publicPackage, privatePackage, extensions, suite, config),
    );
    return { group, groupInfo: await this.groupInfo(group) };
  }

  /**
   * Prepares a change, which takes effect when the server accepts the commit.
   * @throws {Fault} seal-refused if the room's policy forbids the change, frame-malformed or
   * too-large if a key package is invalid
   */
  async commit(
    group: SealedGroup,
    intent: SealIntent,
    { bound, ...checks }: AccountChecks & Binding,
  ): Promise<SealCommit> {
    const authenticatedData = checkedBinding(bound);
    const proposals = this.#proposalsOf(group, intent);
    const verdict = await this.#check({ atUnixMs: this.options.unixMs(), ...checks }).verify(
      viewOf(group),
      { leaf: group.self.leaf },
      {
        proposals: proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal })),
        path: undefined,
      },
    );
    if (!verdict.ok) throw refusedFault(verdict.reason);
    const context = { state: group.mls, cipherSuite: this.suite };
    await this.#validateAdds(group, proposals, true);
    const made = await mls.createCommit(context, {
      wireAsPublicMessage: true,
      extraProposals: proposals,
      ratchetTreeExtension: true,
      authenticatedData,
    });
    const next = this.#toGroup(made.newState);
    if (!hasUniqueKeys(next)) throw refusedFault("unverified");
    const { welcome } = made;
    return {
      group: next,
      commit: writeMessage(made.commit),
      welcome:
        welcome === undefined ? undefined : writeMessage({ wireformat: "mls_welcome", welcome }),
      groupInfo: await this.groupInfo(next),
      change: verdict.change,
      consumed: [...made.consumed, ...droppedSecrets(group.mls, next.mls)],
    };
  }

  /**
   * Applies a commit that the server has accepted, by any device.
   * @throws {Fault} stale-epoch if the commit belongs to a different epoch; frame-malformed or
   * too-large, which the caller treats as rejected
   */
  async process(
    group: SealedGroup,
    bytes: Uint8Array,
    { bound, ...checks }: AccountChecks & Binding,
  ): Promise<SealProcessed> {
    const message = readMessage("mls_public_message", bytes).publicMessage;
    const { content } = message;
    if (content.contentType !== "commit") return rejected("proposal-kind");
    if (!equalBytes(content.groupId, group.gid)) return rejected("bound");
    checkEpoch(content.epoch, group);
    if (!equalBytes(content.authenticatedData, bound)) return rejected("bound");
    const { sender } = content;
    let committer: Committer = "newcomer";
    if (sender.senderType === "member") committer = { leaf: sender.leafIndex };
    else if (sender.senderType !== "new_member_commit") return rejected("proposal-kind");
    const isOwn = committer !== "newcomer" && committer.leaf === group.self.leaf;
    if (isOwn) return this.#checkOwn(group, message);
    const verdict = await this.#check(checks).verify(viewOf(group), committer, content.commit);
    if (!verdict.ok) return rejected(verdict.reason);
    if (verdict.change.by.device === this.device) return this.#checkOwn(group, message);
    const proposals = content.commit.proposals.flatMap((one) =>
      one.proposalOrRefType === "proposal" ? [one.proposal] : [],
    );
    return this.#apply(group, message, { proposals, change: verdict.change });
  }

  /**
   * Validates each added key package on its own: if one of several is invalid, the library leaves a
   * rejected promise unhandled, which ends the program.
   */
  async #validateAdds(
    { mls: state }: SealedGroup,
    proposals: readonly Proposal[],
    isOwn: boolean,
  ): Promise<void> {
    const added = proposals.filter(({ proposalType }) => proposalType === "add");
    if (added.length < 2) return;
    for (const proposal of added) {
      const single = [{ proposalOrRefType: "proposal", proposal } as const];
      await mls.applyProposals(state, single, undefined, NO_PSKS, isOwn, this.suite);
    }
  }

  /** Verifies the signature, because a forged commit can name this device as its sender. */
  async #checkOwn({ mls: state }: SealedGroup, message: PublicMessage): Promise<SealProcessed> {
    const { groupContext, keySchedule, ratchetTree } = state;
    const { membershipKey } = keySchedule;
    const { suite } = this;
    return mls
      .unprotectPublicMessage(membershipKey, groupContext, ratchetTree, message, suite)
      .then((): SealProcessed => ({ kind: "own" }), unverified);
  }

  async #apply(
    group: SealedGroup,
    message: PublicMessage,
    { proposals, change }: { readonly proposals: readonly Proposal[]; readonly change: SealChange },
  ): Promise<SealProcessed> {
    try {
      const { self } = group;
      await this.#validateAdds(group, proposals, false);
      const done = await mls.processPublicMessage(group.mls, message, NO_PSKS, this.suite);
      const isRemoved = done.newState.groupActiveState.kind === "removedFromGroup";
      if (isRemoved !== change.removed.some(({ leaf }) => leaf === self.leaf)) {
        return rejected("unverified");
      }
      if (isRemoved) return { kind: "removed", change, consumed: droppedSecrets(group.mls) };
      const next = this.#toGroup(done.newState);
      if (!isExpected(group, next, change) || !hasUniqueKeys(next)) return rejected("unverified");
      const consumed = [...done.consumed, ...droppedSecrets(group.mls, next.mls)];
      return { kind: "applied", change, group: next, consumed };
    } catch (error) {
      return unverified(error);
    }
  }

  /**
   * @param secretOf returns the stored secret for a key package's reference; `undefined` if unknown
   * @throws {Fault} frame-malformed, too-large, seal-broken or seal-refused if the Welcome is not
   * acceptable
   */
  async join(
    bytes: Uint8Array,
    secretOf: (ref: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
    { room, gid, epochMin, ...checks }: ExpectedGroup & AccountChecks,
  ): Promise<SealStep & { readonly by: SealMember; readonly ref: string }> {
    const { welcome } = readMessage("mls_welcome", bytes);
    if (welcome.secrets.length > GROUP_DEVICES_MAX) throw refusedFault("too-many");
    for (const { newMember } of welcome.secrets) {
      const ref = toBase64Url(newMember);
      const secret = await secretOf(ref);
      if (secret === undefined) continue;
      const { keyPackage, privateKeys } = readPackageSecret(secret);
      const expected = { room, gid, epochMin };
      const [suite, config] = [this.suite, this.#config];
      const init = await mls.importPrivateKey(suite, privateKeys.initPrivateKey);
      const secrets = await mls.decryptGroupSecrets(init, newMember, welcome, suite.hpke);
      // Group checks come before the library's expensive derivations.
      if (secrets === undefined || secrets.psks.length > 0) throw refusedFault("proposal-kind");
      const zeros = new Uint8Array(suite.kdf.size);
      const { joinerSecret } = secrets;
      const groupInfo = await mls.decryptGroupInfo(welcome, joinerSecret, zeros, suite);
      if (groupInfo === undefined) throw refusedFault("unverified");
      const checkedGroup = await checkGroupInfo(groupInfo, expected, this.#check(checks));
      const { signer } = checkedGroup;
      if (!this.#isSignerAllowedToAdd(checkedGroup, welcome.secrets.length))
        throw refusedFault("not-allowed");
      const joined = await mls.joinGroup(
        welcome,
        keyPackage,
        privateKeys,
        NO_PSKS,
        suite,
        undefined,
        undefined,
        config,
      );
      const consumed = [joinerSecret, privateKeys.initPrivateKey, secret];
      return { group: this.#toGroup(joined), by: signer, ref, consumed };
    }
    throw refusedFault("unverified");
  }

  #isSignerAllowedToAdd({ policy, signer, tree }: CheckedGroup, added: number): boolean {
    if (policy.adders === "members" || signer.account === this.account) return true;
    const members = membersOf(tree);
    const others = members.filter(({ account }) => account !== this.account);
    // An account with more devices than were just added was already a member and may have admin
    // rights.
    const wasMember = members.length - others.length > added;
    return hasAdminRights(policy, wasMember ? members : others, signer);
  }

  /**
   * Rejoins the group, or joins it as an additional device of a member's account. Takes effect when
   * the server accepts the commit.
   * @param signers accounts that may have signed the group info; any member by default
   * @throws {Fault} frame-malformed, too-large or seal-broken if the group info is invalid;
   * seal-refused if this account is not a member
   */
  async rejoin(
    bytes: Uint8Array,
    {
      room,
      gid,
      epochMin,
      bound,
      signers,
      ...checks
    }: ExpectedGroup &
      AccountChecks &
      Binding & { readonly signers?: readonly string[] | undefined },
  ): Promise<SealCommit> {
    const authenticatedData = checkedBinding(bound);
    const groupInfo = readMessage("mls_group_info", bytes).groupInfo;
    const check = this.#check(checks);
    const expected = { room, gid, epochMin };
    const { tree, policy, epoch, signer } = await checkGroupInfo(groupInfo, expected, check);
    if (signers !== undefined && !signers.includes(signer.account)) {
      throw refusedFault("not-allowed");
    }
    const { publicPackage, privatePackage } = await this.#keyPackages.make();
    // If this device were absent, the library would loop forever.
    const before = membersOf(tree).find(({ device }) => device === this.device);
    const view = { tree, policy, epoch };
    const verdict = await check.checkExternalCommit(view, publicPackage.leafNode, before?.leaf);
    if (!verdict.ok) throw refusedFault(verdict.reason);
    const { publicMessage, newState } = await mls.joinGroupExternal(
      groupInfo,
      publicPackage,
      privatePackage,
      before !== undefined,
      this.suite,
      undefined,
      this.#config,
      authenticatedData,
    );
    const group = this.#toGroup(newState);
    return {
      group,
      commit: writeMessage({ wireformat: "mls_public_message", publicMessage }),
      groupInfo: await this.groupInfo(group),
      change: verdict.change,
      consumed: [privatePackage.initPrivateKey, privatePackage.hpkePrivateKey],
    };
  }

  async groupInfo(group: SealedGroup): Promise<Uint8Array> {
    const groupInfo = await mls.createGroupInfo(group.mls, [], this.suite);
    return writeMessage({ wireformat: "mls_group_info", groupInfo });
  }

  async encrypt(
    group: SealedGroup,
    content: SealedContent,
    { bound }: Binding,
  ): Promise<SealStep & { readonly message: Uint8Array; readonly key: Uint8Array }> {
    const authenticatedData = checkedBinding(bound);
    const bytes = await writeContent(
      content,
      placeOf(group, bound, this.account),
      this.options.signer,
    );
    const padUntilLength = paddedBytes(bytes.length);
    const clientConfig: ClientConfig = {
      ...this.#config,
      paddingConfig: { kind: "padUntilLength", padUntilLength },
    };
    const state = { ...group.mls, clientConfig };
    const { suite, keyOf } = watchSuite(this.suite);
    const made = await mls.createApplicationMessage(state, bytes, suite, authenticatedData);
    const { privateMessage, newState, consumed } = made;
    return {
      group: this.#toGroup(newState),
      message: writeMessage({ wireformat: "mls_private_message", privateMessage }),
      key: keyOf(consumed),
      consumed,
    };
  }

  /**
   * Identifies the sending device by the leaf in the tree. A message by this device itself can be
   * decrypted only if a newer state created it, so this state is then an outdated copy.
   * @throws {Fault} frame-malformed or too-large if the bytes are invalid; stale-epoch if the
   * message belongs to a different epoch; seal-broken if the message is forged, already decrypted,
   * or created by this state
   */
  async decrypt(
    group: SealedGroup,
    bytes: Uint8Array,
    { bound }: Binding,
  ): Promise<SealStep & { readonly message: SealedMessage; readonly key: Uint8Array }> {
    const message = readMessage("mls_private_message", bytes).privateMessage;
    const errorText = "cannot decrypt a message in an encrypted room";
    if (message.contentType !== "application") throw new Fault("seal-broken", errorText);
    if (!equalBytes(message.groupId, group.gid)) throw new Fault("seal-broken", errorText);
    checkEpoch(message.epoch, group);
    if (!equalBytes(message.authenticatedData, bound)) throw new Fault("seal-broken", errorText);
    const state = group.mls;
    const { senderDataSecret } = state.keySchedule;
    const from = await mls.decryptSenderData(message, senderDataSecret, this.suite);
    const sender = memberAt(state.ratchetTree, from?.leafIndex ?? -1);
    if (sender === undefined) {
      throw new Fault("seal-broken", "a message in an encrypted room has no valid sender");
    }
    const { suite, keyOf } = watchSuite(this.suite);
    const { tree, content, consumed } = await mls.unprotectPrivateMessage(
      senderDataSecret,
      message,
      state.secretTree,
      state.ratchetTree,
      state.groupContext,
      this.#config.keyRetentionConfig,
      suite,
    );
    if (content.content.contentType !== "application") throw new Fault("seal-broken", errorText);
    const { applicationData } = content.content;
    const place = placeOf(group, bound, sender.account);
    const opened = await readContent(applicationData, place, fromBase64Url(sender.device));
    const next = this.#toGroup({ ...state, secretTree: tree });
    return { group: next, message: { ...opened, sender }, key: keyOf(consumed), consumed };
  }

  /** @throws {Fault} frame-malformed, too-large or seal-broken if the key does not open it */
  openWithKey(bytes: Uint8Array, key: Uint8Array, message: HandedMessage): Promise<SignedContent> {
    return openWithKey(this.suite, bytes, key, message);
  }

  /** @throws {Fault} seal-refused if the device is not in the group */
  sealFor(group: SealedGroup, device: string, plain: Uint8Array): Promise<Uint8Array> {
    return sealBox(this.#sealer, group, device, plain);
  }

  /** @throws {Fault} seal-refused if the box is not by a device that may send it */
  openBox(group: SealedGroup, box: SealedBox): Promise<OpenedBox> {
    return openBox(this.#sealer, group, box);
  }

  get #sealer() {
    return { suite: this.suite, signer: this.options.signer };
  }

  /** @returns `undefined` unless the account that it names has signed it for this server */
  async certified(cert: Uint8Array): Promise<SealDevice | undefined> {
    const { dev } = parseDeviceCert(cert)?.cert ?? {};
    if (dev === undefined) return undefined;
    const credential = { credentialType: "basic", identity: cert } as const;
    return this.certificates.deviceOf({ credential, signaturePublicKey: fromBase64Url(dev) });
  }

  async signLeave({
    gid,
    epoch,
    policy,
  }: Pick<SealedGroup, "gid" | "epoch"> & {
    readonly policy: Pick<SealPolicy, "room">;
  }): Promise<Uint8Array> {
    return this.options.signer.sign(sealedLeaveBytes(gid, epoch, policy.room));
  }

  async hasSignedLeave(
    group: Pick<SealedGroup, "gid" | "policy">,
    {
      member,
      epoch,
      signature,
    }: { readonly member: SealMember; readonly epoch: number; readonly signature: Uint8Array },
  ): Promise<boolean> {
    const signed = sealedLeaveBytes(group.gid, epoch, group.policy.room);
    return verifyEd25519(fromBase64Url(member.device), signed, signature);
  }

  async save(group: SealedGroup, context: Omit<BoxContext, "gid">): Promise<Uint8Array> {
    const plain = writeGroupState(group.mls);
    const box = { ...context, gid: group.gid };
    const bytes = await encryptState(plain, group.epoch, box, this.#random(12));
    plain.fill(0);
    return bytes;
  }

  /**
   * @throws {Fault} seal-state if the bytes are damaged, or belong to a different group, lease, key
   * or device
   */
  async load(bytes: Uint8Array, context: BoxContext): Promise<SealedGroup> {
    const { plain, epoch } = await decryptState(bytes, context);
    try {
      const state = readGroupState(plain);
      plain.fill(0);
      const group = this.#toGroup({ ...state, clientConfig: this.#config });
      const isSame =
        group.epoch === epoch &&
        equalBytes(group.gid, context.gid) &&
        group.self.device === this.device &&
        Object.keys(state.unappliedProposals).length === 0;
      if (isSame) return group;
    } catch (cause) {
      throw unreadable(cause);
    }
    throw unreadable();
  }

  #check(checks: AccountChecks): CommitCheck {
    return new CommitCheck(this.certificates, checks);
  }

  #toGroup(state: ClientState): SealedGroup {
    return new SealedGroup(withoutHistory({ ...state, clientConfig: this.#config }));
  }

  #random(count: number): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(count));
  }

  #proposalsOf(group: SealedGroup, intent: SealIntent): Proposal[] {
    switch (intent.kind) {
      case "update":
        return [];
      case "add":
        assert(intent.keyPackages.length > 0, "at least one device is added");
        return intent.keyPackages.map((bytes) => ({
          proposalType: "add",
          add: { keyPackage: readMessage("mls_key_package", bytes).keyPackage },
        }));
      case "remove": {
        assert(intent.devices.length > 0, "at least one device is removed");
        const { members } = group;
        return intent.devices.map((device) => {
          const removed = members.find((member) => member.device === device)?.leaf;
          if (removed === undefined) throw refusedFault("unverified");
          return { proposalType: "remove", remove: { removed } };
        });
      }
      case "policy": {
        const extensions = policyExtensions(intent.policy);
        return [
          { proposalType: "group_context_extensions", groupContextExtensions: { extensions } },
        ];
      }
      default:
        return intent satisfies never;
    }
  }
}

function viewOf({ mls: state, policy, epoch }: SealedGroup) {
  return { tree: state.ratchetTree, policy, epoch };
}

function placeOf(
  { gid, policy, epoch }: SealedGroup,
  bound: Uint8Array,
  account: string,
): SealedPlace {
  return { gid, room: policy.room, epoch, bound, account: fromBase64Url(account) };
}

function unverified(cause: unknown): SealProcessed {
  return { kind: "rejected", reason: "unverified", cause: asFault(cause) };
}

function rejected(reason: CommitRefusal): SealProcessed {
  return { kind: "rejected", reason };
}

function checkedBinding(bound: Uint8Array): Uint8Array {
  assert(bound.length <= SEALED_BOUND_BYTES_MAX, "the bound id is short");
  return bound;
}

function checkEpoch(epoch: bigint, group: SealedGroup): void {
  if (epoch === BigInt(group.epoch)) return;
  throw new Fault(
    "stale-epoch",
    msg`an encrypted room is at epoch ${group.epoch} on this device, not ${epoch}`,
  );
}

/** With two equal keys in the tree, the library refuses all later changes and newcomers. */
function hasUniqueKeys({ mls: state }: SealedGroup): boolean {
  const keys = state.ratchetTree.flatMap((node) => {
    if (node === undefined) return [];
    const { hpkePublicKey } = node.nodeType === "leaf" ? node.leaf : node.parent;
    return [toBase64Url(hpkePublicKey)];
  });
  return new Set(keys).size === keys.length;
}

function isExpected(before: SealedGroup, after: SealedGroup, change: SealChange): boolean {
  const keyOf = ({ device, account }: SealDevice) => `${device} ${account}`;
  const removedLeaves = new Set(change.removed.map(({ leaf }) => leaf));
  const remaining = before.members.filter(({ leaf }) => !removedLeaves.has(leaf));
  const expected = [...remaining, ...change.added].map(keyOf).sort();
  const actual = after.members.map(keyOf).sort();
  return expected.length === actual.length && expected.every((id, i) => id === actual[i]);
}
