/**
 * Messages for sealed rooms (MLS, RFC 9420). The server orders commits and stores messages for
 * offline devices, but has no keys; clients determine the members from the group itself.
 */

import * as v from "valibot";
import {
  GROUP_COMMIT_BYTES_MAX,
  GROUP_DEVICES_MAX,
  GROUP_ID_BYTES,
  GROUP_INFO_BYTES_MAX,
  GROUP_WELCOME_BYTES_MAX,
  KEY_PACKAGE_BYTES_MAX,
  KEY_PACKAGES_MAX,
  LEASE_BYTES,
  SEALED_BYTES_MAX,
} from "../base/limits-sealed.ts";
import {
  bytes,
  count,
  exactBytes,
  id,
  KEY,
  list,
  name,
  positive,
  postCountOf,
  type RequestRow,
  target,
  unixMs,
} from "./field.ts";

/** Name of every sealed file on the server. The real name is encrypted. */
export const SEALED_FILE_NAME = "sealed";

const groupId = exactBytes(GROUP_ID_BYTES);
const lease = exactBytes(LEASE_BYTES);
const commit = bytes(GROUP_COMMIT_BYTES_MAX);
const info = bytes(GROUP_INFO_BYTES_MAX);

export const sealedBody = v.object({
  epoch: count,
  ciphertext: v.pipe(
    bytes(SEALED_BYTES_MAX),
    v.check((value) => value.length > 0),
  ),
});

export const SEALED_REQUESTS = {
  /**
   * Adds key packages. An empty list only queries the number of remaining packages. `time` is the
   * device's time.
   */
  "key-packages": {
    postCount: ({ packages }: { readonly packages: readonly Uint8Array[] }) =>
      packages.length === 0
        ? 0
        : postCountOf(packages.reduce((sum, { length }) => sum + length, 0)),
    fields: {
      packages: list(bytes(KEY_PACKAGE_BYTES_MAX), KEY_PACKAGES_MAX),
      lastResort: v.optional(bytes(KEY_PACKAGE_BYTES_MAX)),
      time: v.optional(unixMs),
    },
    answer: v.object({ left: count, lastResort: v.optional(v.boolean()) }),
  },
  /**
   * Claims a key package for each device of a user, except the requesting device and those in
   * `except`. `time` is the requesting device's time.
   */
  "key-package": {
    fields: {
      user: name,
      except: v.optional(list(KEY, GROUP_DEVICES_MAX)),
      time: v.optional(unixMs),
    },
    answer: v.object({
      packages: v.array(v.object({ device: KEY, keyPackage: bytes(KEY_PACKAGE_BYTES_MAX) })),
      missing: count,
    }),
  },
  "group-create": {
    postCount: ({ info }: { readonly info: Uint8Array }) => postCountOf(info.length),
    fields: { target, group: groupId, commitId: id, info },
    answer: v.object({ seq: positive, epoch: count, time: unixMs }),
  },
  /**
   * Creates the next epoch. The server refuses the request with `stale-epoch` if another commit
   * came first, and repeats its answer for the same `commitId`.
   */
  "group-commit": {
    postCount: (item: { commit: Uint8Array; welcome?: Uint8Array | undefined; info: Uint8Array }) =>
      postCountOf(item.commit.length + (item.welcome?.length ?? 0) + item.info.length),
    fields: {
      target,
      group: groupId,
      epoch: count,
      commitId: id,
      commit,
      welcome: v.optional(bytes(GROUP_WELCOME_BYTES_MAX)),
      info,
      added: list(v.object({ user: name, device: KEY }), GROUP_DEVICES_MAX),
      removed: list(KEY, GROUP_DEVICES_MAX),
      kick: v.optional(name),
      /**
       * `seq` of the last commit, which members had to reject and which this commit replaces. Only
       * a moderator, or a user of the direct conversation, may replace a commit.
       */
      instead: v.optional(positive),
    },
    answer: v.object({ seq: positive, epoch: count, time: unixMs }),
  },
  /** Claims this device's next lease. The server answers a repetition like the first request. */
  "seal-lease": {
    fields: { count, lease: v.optional(lease), next: lease },
    answer: v.object({
      count,
      /** False if the folder's lease is outdated. In that case, the server changes nothing. */
      isLatest: v.boolean(),
    }),
  },
  /** Returns the state with which a device can join or rejoin without another device's help. */
  group: {
    fields: { target },
    answer: v.object({
      room: id,
      made: v.optional(v.object({ group: groupId, epoch: count, info, seq: positive })),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export const SEALED_NOTICES = {
  "key-packages-low": { left: count },
  /** The server lacks the state for devices that join the room. */
  "group-info-lost": { room: id },
  /** The room's group contains a revoked device of the user. */
  "group-device-revoked": { room: id, user: name },
  /** `sealed`: false if the room is not sealed; true if omitted. */
  invited: { room: name, by: v.optional(name), sealed: v.optional(v.boolean()) },
  /** A kick has ended an invitation, if there was one. */
  uninvited: { room: name },
} as const;
