/** Immutable view of a group in one epoch, as one device sees it. */

import type { ClientState } from "ts-mls/clientState.js";
import { assert } from "../../base/assert.ts";
import { memberAt, membersOf, type SealMember } from "./members.ts";
import { readPolicy, type SealPolicy } from "./policy.ts";

export class SealedGroup {
  readonly gid: Uint8Array;
  readonly epoch: number;
  readonly policy: SealPolicy;

  constructor(readonly mls: ClientState) {
    const { groupId, epoch, extensions } = mls.groupContext;
    const policy = readPolicy(extensions);
    assert(policy !== undefined, "the policy was validated when the group was created or joined");
    this.gid = groupId;
    this.epoch = Number(epoch);
    this.policy = policy;
  }

  get members(): readonly SealMember[] {
    return membersOf(this.mls.ratchetTree);
  }

  get self(): SealMember {
    const self = memberAt(this.mls.ratchetTree, this.mls.privatePath.leafIndex);
    assert(self !== undefined, "the group contains this device");
    return self;
  }
}
