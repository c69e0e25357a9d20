/**
 * Rules for commits, checked before the library applies a commit. All members must reach the same
 * verdict from the same bytes, so the rules never use the local clock. MLS does not define who may
 * add or remove whom.
 */

import type { Commit } from "ts-mls/commit.js";
import type { KeyPackage } from "ts-mls/keyPackage.js";
import type { LeafNode } from "ts-mls/leafNode.js";
import type { Proposal } from "ts-mls/proposal.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { Fault } from "../../base/fault.ts";
import {
  GROUP_DEVICES_MAX,
  KEY_PACKAGE_MS,
  KEY_PACKAGE_SKEW_MS,
} from "../../base/limits-sealed.ts";
import { type FoldedName, foldName } from "../../base/names.ts";
import {
  isCapable,
  isSameDevice,
  leafAt,
  type MemberCertificates,
  membersOf,
  type SealDevice,
  type SealMember,
} from "./members.ts";
import { readPolicy, type SealPolicy } from "./policy.ts";
import { SUITE } from "./suite.ts";

export const REFUSALS = {
  mixed: "a change both adds and removes devices",
  "proposal-kind": "a change contains something that encrypted rooms do not support",
  "not-allowed": "the device that made the change is not allowed to make it",
  certificate: "a device has no valid certificate from an account on this server",
  "identity-changed": "a user's account key has changed",
  "device-twice": "a device is already in the room",
  "leaf-changed": "a device changed its key or its certificate",
  stranger: "a device that belongs to no member tried to join",
  "other-removed": "a joining device tried to remove a different device",
  "key-package": "a key package has an unsupported format",
  clock: "a key package has expired, or the clock of a device is wrong",
  "web-barred": "browsers are not allowed in this room",
  "too-many": `an encrypted room can have at most ${GROUP_DEVICES_MAX} devices`,
  policy: "this program does not support the room's policy",
  bound: "the change was made for a different room or request",
  unverified: "a signature, a key or a confirmation is wrong",
} as const satisfies Record<string, string>;

export type CommitRefusal = keyof typeof REFUSALS;

export interface SealChange {
  readonly kind: "add" | "remove" | "update" | "policy" | "join" | "resync";
  readonly by: SealMember | SealDevice;
  readonly added: readonly SealDevice[];
  readonly removed: readonly SealMember[];
  readonly policy: SealPolicy;
  readonly epoch: number;
}

export interface AccountChecks {
  readonly accountOf: (user: FoldedName) => string | undefined | Promise<string | undefined>;
  readonly onOtherAccount?: (device: SealDevice) => void | Promise<void>;
  readonly hasLeft?: (member: SealMember) => boolean;
  /** Time at which key packages must be valid; `undefined` skips the check of their dates. */
  readonly atUnixMs?: number;
}

export interface GroupView {
  readonly tree: RatchetTree;
  readonly policy: SealPolicy;
  readonly epoch: number;
}

export type Verdict =
  | { readonly ok: true; readonly change: SealChange }
  | { readonly ok: false; readonly reason: CommitRefusal };

export type Committer = { readonly leaf: number } | "newcomer";

export class CommitCheck {
  constructor(
    private readonly certificates: MemberCertificates,
    private readonly checks: AccountChecks,
  ) {}

  async verify(group: GroupView, committer: Committer, commit: Commit): Promise<Verdict> {
    if (commit.proposals.length > GROUP_DEVICES_MAX) return refused("too-many");
    const proposals: Proposal[] = [];
    for (const one of commit.proposals) {
      // Clients never send proposals separately, so a reference cannot be resolved.
      if (one.proposalOrRefType !== "proposal") return refused("proposal-kind");
      proposals.push(one.proposal);
    }
    const leaf = commit.path?.leafNode;
    if (committer !== "newcomer") return this.#checkMember(group, committer.leaf, proposals, leaf);
    const inits = proposals.filter(({ proposalType }) => proposalType === "external_init");
    const remaining = proposals.filter(({ proposalType }) => proposalType !== "external_init");
    const [removeProposal] = remaining;
    if (leaf === undefined || inits.length !== 1 || remaining.length > 1) {
      return refused("proposal-kind");
    }
    if (removeProposal === undefined) return this.checkExternalCommit(group, leaf, undefined);
    if (removeProposal.proposalType !== "remove") return refused("proposal-kind");
    return this.checkExternalCommit(group, leaf, removeProposal.remove.removed);
  }

  async checkDevice(leaf: LeafNode): Promise<SealDevice | CommitRefusal> {
    const device = await this.certificates.deviceOf(leaf);
    if (device === undefined) return "certificate";
    if (!isCapable(leaf)) return "key-package";
    const pinned = await this.checks.accountOf(foldName(device.user));
    if (pinned === undefined || pinned === device.account) return device;
    await this.checks.onOtherAccount?.(device);
    return "identity-changed";
  }

  async checkKeyPackage(keyPackage: KeyPackage): Promise<SealDevice | CommitRefusal> {
    const { cipherSuite, version, extensions, leafNode } = keyPackage;
    const isSupported = cipherSuite === SUITE && version === "mls10" && extensions.length === 0;
    const isAcceptable = isSupported && isShortLived(leafNode);
    if (!isAcceptable) return "key-package";
    if (!this.#isValidNow(leafNode)) return "clock";
    return this.checkDevice(leafNode);
  }

  async #checkMember(
    group: GroupView,
    leaf: number,
    proposals: readonly Proposal[],
    renewed: LeafNode | undefined,
  ): Promise<Verdict> {
    const members = membersOf(group.tree);
    const by = members.find((member) => member.leaf === leaf);
    const currentLeaf = leafAt(group.tree, leaf);
    if (by === undefined || currentLeaf === undefined) return refused("unverified");
    if (renewed !== undefined && (!isSameDevice(currentLeaf, renewed) || !isCapable(renewed))) {
      return refused("leaf-changed");
    }
    const [first] = proposals;
    const kinds = new Set(proposals.map(({ proposalType }) => proposalType));
    const { policy } = group;
    const change = { by, added: [], removed: [], policy, epoch: group.epoch + 1 };
    if (first === undefined) return accepted({ ...change, kind: "update" });
    if (kinds.has("add") && kinds.has("remove")) return refused("mixed");
    switch (first.proposalType) {
      case "add": {
        const added = await this.#checkAdds(members, by, policy, proposals);
        return Array.isArray(added) ? accepted({ ...change, kind: "add", added }) : refused(added);
      }
      case "remove": {
        const removed = this.#checkRemoves(members, by, policy, proposals);
        return Array.isArray(removed)
          ? accepted({ ...change, kind: "remove", removed })
          : refused(removed);
      }
      case "group_context_extensions": {
        const next = readPolicy(first.groupContextExtensions.extensions);
        if (proposals.length > 1 || next === undefined) return refused("policy");
        if (next.room !== policy.room || next.history !== policy.history) return refused("policy");
        if (!hasAdminRights(policy, members, by)) return refused("not-allowed");
        return accepted({ ...change, kind: "policy", policy: next });
      }
      default:
        return refused("proposal-kind");
    }
  }

  async #checkAdds(
    members: readonly SealMember[],
    by: SealMember,
    policy: SealPolicy,
    proposals: readonly Proposal[],
  ): Promise<SealDevice[] | CommitRefusal> {
    if (members.length + proposals.length > GROUP_DEVICES_MAX) return "too-many";
    const isAllowedToAdd = policy.adders === "members" || hasAdminRights(policy, members, by);
    const devices = new Set(members.map(({ device }) => device));
    const added: SealDevice[] = [];
    for (const proposal of proposals) {
      if (proposal.proposalType !== "add") return "proposal-kind";
      const device = await this.checkKeyPackage(proposal.add.keyPackage);
      if (typeof device === "string") return device;
      if (!isSameUser(device, by) && !isAllowedToAdd) return "not-allowed";
      if (device.kind === "web" && !policy.web) return "web-barred";
      if (devices.has(device.device)) return "device-twice";
      if (isOtherAccount([...members, ...added], device)) return "identity-changed";
      devices.add(device.device);
      added.push(device);
    }
    return added;
  }

  #checkRemoves(
    members: readonly SealMember[],
    by: SealMember,
    policy: SealPolicy,
    proposals: readonly Proposal[],
  ): SealMember[] | CommitRefusal {
    const removed = new Set<SealMember>();
    for (const proposal of proposals) {
      if (proposal.proposalType !== "remove") return "proposal-kind";
      const member = members.find(({ leaf }) => leaf === proposal.remove.removed);
      if (member === undefined || member === by || removed.has(member)) return "unverified";
      const isAllowedToRemove =
        hasAdminRights(policy, members, by) ||
        isSameUser(member, by) ||
        this.checks.hasLeft?.(member) === true;
      if (!isAllowedToRemove) return "not-allowed";
      removed.add(member);
    }
    return [...removed];
  }

  /**
   * Checks a commit by a device that rejoins, or by an additional device of a member.
   * @param removed the device's previous leaf
   */
  async checkExternalCommit(
    group: GroupView,
    leaf: LeafNode,
    removed: number | undefined,
  ): Promise<Verdict> {
    const device = await this.checkDevice(leaf);
    if (typeof device === "string") return refused(device);
    const members = membersOf(group.tree);
    const { policy } = group;
    const change = { by: device, policy, epoch: group.epoch + 1 };
    const before = members.find((member) => member.device === device.device);
    if (removed !== undefined) {
      // A leaf index outside of the tree would make the library loop forever.
      if (before?.leaf !== removed) return refused("other-removed");
      if (before.account !== device.account) return refused("identity-changed");
      return accepted({ ...change, kind: "resync", added: [device], removed: [before] });
    }
    if (before !== undefined) return refused("device-twice");
    if (!members.some((member) => isSameUser(member, device))) return refused("stranger");
    if (device.kind === "web" && !policy.web) return refused("web-barred");
    if (members.length >= GROUP_DEVICES_MAX) return refused("too-many");
    return accepted({ ...change, kind: "join", added: [device], removed: [] });
  }

  #isValidNow(leaf: KeyPackage["leafNode"]): boolean {
    const [from, until] = lifetimeOf(leaf);
    const { atUnixMs } = this.checks;
    return atUnixMs === undefined || (from <= atUnixMs && atUnixMs <= until);
  }
}

function lifetimeOf({ lifetime }: KeyPackage["leafNode"]): readonly [number, number] {
  return [Number(lifetime.notBefore) * 1000, Number(lifetime.notAfter) * 1000];
}

function isShortLived(leaf: KeyPackage["leafNode"]): boolean {
  const [from, until] = lifetimeOf(leaf);
  return from <= until && until - from <= KEY_PACKAGE_MS + KEY_PACKAGE_SKEW_MS;
}

function isAdmin(policy: SealPolicy, { account }: SealDevice): boolean {
  return policy.admins.includes(account);
}

export function hasAdminRights(
  policy: SealPolicy,
  members: readonly SealDevice[],
  by: SealDevice,
): boolean {
  return isAdmin(policy, by) || !members.some((member) => isAdmin(policy, member));
}

/**
 * Devices with the former account key must be removed first, so that a name never stands for two
 * accounts.
 */
export function isOtherAccount(devices: readonly SealDevice[], device: SealDevice): boolean {
  return devices.some(
    ({ user, account }) => foldName(user) === foldName(device.user) && account !== device.account,
  );
}

/** Compares the name too, because an account key may sign certificates for several names. */
function isSameUser(one: SealDevice, other: SealDevice): boolean {
  return one.account === other.account && foldName(one.user) === foldName(other.user);
}

function accepted(change: SealChange): Verdict {
  return { ok: true, change };
}

export function refusedFault(reason: CommitRefusal): Fault {
  return new Fault("seal-refused", REFUSALS[reason]);
}

function refused(reason: CommitRefusal): Verdict {
  return { ok: false, reason };
}
