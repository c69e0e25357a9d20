/**
 * Messages of sealed rooms (MLS, RFC 9420). The server puts commits in one order and keeps what
 * devices need that are away; it holds no key, and what it is told of who is in the group is only
 * for its own use: clients read that from the group itself.
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
  moment,
  name,
  positive,
  postsIn,
  type RequestRow,
  target,
} from "./field.ts";

/** What a sealed file is called on the server: its own name is inside a message. */
export const SEALED_FILE_NAME = "sealed";

const groupId = exactBytes(GROUP_ID_BYTES);
/** Random, made by the device. */
const lease = exactBytes(LEASE_BYTES);
/** A PublicMessage with a commit. */
const commit = bytes(GROUP_COMMIT_BYTES_MAX);
/** A GroupInfo with its ratchet tree. */
const info = bytes(GROUP_INFO_BYTES_MAX);

/** What a post to a sealed room says instead of a text: a PrivateMessage, and its epoch. */
export const sealedBody = v.object({
  epoch: count,
  ciphertext: v.pipe(
    bytes(SEALED_BYTES_MAX),
    v.check((value) => value.length > 0),
  ),
});

export const SEALED_REQUESTS = {
  /** Gives key packages of this device for others to take; none: only asks how many are left. */
  "key-packages": {
    posts: ({ packages }: { readonly packages: readonly Uint8Array[] }) =>
      packages.length === 0 ? 0 : postsIn(packages.reduce((sum, { length }) => sum + length, 0)),
    fields: {
      packages: v.pipe(v.array(bytes(KEY_PACKAGE_BYTES_MAX)), v.maxLength(KEY_PACKAGES_MAX)),
      /** Given out, more than once, when no other is left. It replaces the one before. */
      lastResort: v.optional(bytes(KEY_PACKAGE_BYTES_MAX)),
    },
    answer: v.object({
      left: count,
      /** Whether there is one that nobody has taken. Left out by servers that keep none. */
      lastResort: v.optional(v.boolean()),
    }),
  },
  /** Takes one key package of each of a user's devices. None is given out twice. */
  "key-package": {
    fields: { user: name },
    answer: v.object({
      packages: v.array(v.object({ device: KEY, keyPackage: bytes(KEY_PACKAGE_BYTES_MAX) })),
      /** Devices of the user that have none left. */
      missing: count,
    }),
  },
  /** The first epoch of a room made with `sealed`, or of a direct conversation. */
  "group-create": {
    posts: ({ info }: { readonly info: Uint8Array }) => postsIn(info.length),
    fields: { target, group: groupId, commitId: id, info },
    answer: v.object({ seq: positive, epoch: count, time: moment }),
  },
  /**
   * The next epoch. Refused as `stale-epoch` when another commit came first; told again with the
   * same `commitId`, it is answered as the first time.
   */
  "group-commit": {
    posts: (one: { commit: Uint8Array; welcome?: Uint8Array | undefined; info: Uint8Array }) =>
      postsIn(one.commit.length + (one.welcome?.length ?? 0) + one.info.length),
    fields: {
      target,
      group: groupId,
      /** The one that the commit was made in. */
      epoch: count,
      commitId: id,
      commit,
      welcome: v.optional(bytes(GROUP_WELCOME_BYTES_MAX)),
      info,
      added: v.pipe(v.array(v.object({ user: name, device: KEY })), v.maxLength(GROUP_DEVICES_MAX)),
      removed: v.pipe(v.array(KEY), v.maxLength(GROUP_DEVICES_MAX)),
      /** Puts this user out of the room by the same step. */
      kick: v.optional(name),
      /**
       * `seq` of the commit in whose place it comes: the last one, which members had to refuse. It
       * is made in the epoch before. Only for a moderator, or one of the two.
       */
      instead: v.optional(positive),
    },
    answer: v.object({ seq: positive, epoch: count, time: moment }),
  },
  /**
   * Takes the next lease of this device in place of the one that its folder has. Asked again, it is
   * answered as the first time.
   */
  "seal-lease": {
    fields: {
      /** Leases that this device has had. */
      count,
      /** Left out: the folder has none, and the device comes anew. */
      lease: v.optional(lease),
      next: lease,
    },
    answer: v.object({
      count,
      /** False: nothing has changed, and `count` leases were given; the folder has an older one. */
      isLatest: v.boolean(),
    }),
  },
  /** What a device needs that comes in, or comes back, by itself. */
  group: {
    fields: { target },
    answer: v.object({
      /** The room, or the conversation that nobody has begun. */
      room: id,
      /** Left out: there is no group yet. */
      made: v.optional(
        v.object({
          group: groupId,
          epoch: count,
          info,
          /** Of the record that began the epoch. */
          seq: positive,
        }),
      ),
    }),
  },
} as const satisfies Readonly<Record<string, RequestRow>>;

export const SEALED_NOTICES = {
  /** Few key packages of this device are left: it gives some more. */
  "key-packages-low": { left: count },
  /** Somebody let this account into a sealed room, which it has not joined. */
  invited: { room: name, by: v.optional(name) },
} as const;
