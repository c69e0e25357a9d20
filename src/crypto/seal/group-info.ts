/**
 * Checks for a GroupInfo before the library uses it. A leaf index outside of the tree would make
 * the library loop forever, and a tree of blank nodes would make it derive keys for hours.
 */

import type { GroupInfo } from "ts-mls/groupInfo.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { GROUP_DEVICES_MAX, GROUP_ID_BYTES } from "../../base/limits-sealed.ts";
import { type CommitCheck, isOtherAccount, refusedFault } from "./commit-check.ts";
import { memberAt, type SealDevice, type SealMember } from "./members.ts";
import { readTree } from "./mls.ts";
import { readPolicy, type SealPolicy } from "./policy.ts";
import { SUITE } from "./suite.ts";

export interface ExpectedGroup {
  readonly room: string;
  readonly gid?: Uint8Array | undefined;
  readonly epochMin?: number | undefined;
}

export interface CheckedGroup {
  readonly tree: RatchetTree;
  readonly policy: SealPolicy;
  readonly epoch: number;
  readonly signer: SealMember;
}

/**
 * @throws {Fault} frame-malformed if the tree is invalid, seal-refused if the group is not the
 * expected one
 */
export async function checkGroupInfo(
  info: GroupInfo,
  expected: ExpectedGroup,
  check: CommitCheck,
): Promise<CheckedGroup> {
  const { groupContext, extensions, signer: signerLeaf } = info;
  const { groupId, epoch, cipherSuite, version } = groupContext;
  const policy = readPolicy(groupContext.extensions);
  const isSupported = version === "mls10" && cipherSuite === SUITE;
  if (policy === undefined || !isSupported || policy.room !== expected.room)
    throw refusedFault("policy");
  if (groupId.length !== GROUP_ID_BYTES || epoch > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw malformed();
  }
  if (expected.gid !== undefined && !equalBytes(expected.gid, groupId)) throw refusedFault("bound");
  if (Number(epoch) < (expected.epochMin ?? 0)) throw refusedFault("bound");
  const trees = extensions.filter(({ extensionType }) => extensionType === "ratchet_tree");
  const [treeExtension] = trees;
  if (treeExtension === undefined || trees.length > 1) throw malformed();
  const tree = readTree(treeExtension.extensionData);
  checkShape(tree);
  const checkedDevices: SealDevice[] = [];
  for (const node of tree) {
    if (node?.nodeType !== "leaf") continue;
    const device = await check.checkDevice(node.leaf);
    if (typeof device === "string") throw refusedFault(device);
    if (checkedDevices.some(({ device: other }) => other === device.device))
      throw refusedFault("device-twice");
    if (isOtherAccount(checkedDevices, device)) throw refusedFault("identity-changed");
    checkedDevices.push(device);
  }
  const signer = memberAt(tree, signerLeaf);
  if (signer === undefined) throw malformed();
  return { tree, policy, epoch: Number(epoch), signer };
}

function checkShape(tree: RatchetTree): void {
  const leaves = (tree.length + 1) / 2;
  if (leaves > GROUP_DEVICES_MAX) throw refusedFault("too-many");
  for (const [at, node] of tree.entries()) {
    if (node === undefined) continue;
    if ((at % 2 === 0) !== (node.nodeType === "leaf")) throw malformed();
    if (node.nodeType !== "parent") continue;
    const { unmergedLeaves } = node.parent;
    if (unmergedLeaves.length > leaves) throw malformed();
    if (unmergedLeaves.some((leaf) => leaf >= leaves)) throw malformed();
  }
}

function malformed(): Fault {
  return new Fault("frame-malformed", "the server's state of an encrypted room is malformed");
}
