/** Recipients that a sender has specified for a file. */

import type { UserId } from "../../base/ids.ts";
import { boxNames, foldName, parseTarget } from "../../base/names.ts";
import { checkMayCreate } from "../../core/rooms/drafts.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import { checkFileSealing } from "../../core/rooms/group.ts";
import { checkMayPost, moderates } from "../../core/rooms/moderation.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { checkPoster } from "../../core/rooms/rules.ts";
import { checkMaySendFiles, checkMayWrite, companyOf } from "../../core/rooms/server-rules.ts";
import { type TargetOptions, TargetResolver } from "../../core/rooms/targets.ts";
import type { BlobMetadata } from "../../io/blob/interfaces.ts";
import type { UploadPurpose } from "../../wire/messages-files.ts";

/** Fields of the future record that an offer contains. */
export interface RecipientFile {
  readonly name: string;
  readonly folder?: FileBody["folder"] | undefined;
  readonly details?: FileBody["details"] | undefined;
  readonly purpose?: UploadPurpose | undefined;
}

interface HandoverMetadata extends Pick<BlobMetadata, "by" | "to"> {
  readonly purpose?: UploadPurpose | undefined;
}

export class Recipients {
  readonly #targets;

  constructor(private readonly options: TargetOptions) {
    this.#targets = new TargetResolver(options);
  }

  checkMaySend(by: UserId, to: string, unixMs: number, about: RecipientFile): void {
    const { rooms, directory } = this.options;
    const target = this.#targets.resolve(by, to);
    const { room, peer } = target;
    const rights = { rooms, policy: directory.policy };
    const company = peer === undefined ? room && companyOf(room) : [by, peer];
    checkMayWrite(rights, company ?? []);
    checkMaySendFiles(rights, by, room, company);
    if (room === undefined) return checkMayCreate(rooms, { user: by, unixMs }, target);
    checkMayPost(room, by, unixMs);
    // Otherwise all members would see the name of a file that will be refused.
    const isOperator = directory.policy?.isOperator(by) === true;
    if (!moderates(room, { user: by, isOperator })) checkPoster(room, directory.nameOf?.(by));
    const { purpose, ...file } = about;
    // Messages of another room, which the peer's device alone can decrypt.
    if (purpose !== "handover") checkFileSealing(room, file);
  }

  canRead(user: UserId, to: readonly string[]): boolean {
    const { rooms, directory } = this.options;
    return to.some((recipient) => {
      const { kind, name } = parseTarget(recipient);
      if (kind === "person") return directory.find(name)?.id === user;
      if (boxNames(name) !== undefined) return this.#targets.find(user, recipient) !== undefined;
      return rooms.find(name, user)?.members.has(user) === true;
    });
  }

  /**
   * Returns the user to whom another account hands messages of an encrypted room over; `undefined`
   * if the upload has another purpose.
   */
  addresseeOf(about: HandoverMetadata): UserId | undefined {
    const [to, ...others] = about.to;
    if (about.purpose !== "handover" || to === undefined || others.length > 0) return undefined;
    const { kind, name } = parseTarget(to);
    const id = kind === "person" ? this.options.directory.find(name)?.id : undefined;
    return id === about.by ? undefined : id;
  }

  /** Reports whether another account has handed messages of an encrypted room over to the user. */
  isHanded(user: UserId, about: HandoverMetadata): boolean {
    return this.addresseeOf(about) === user;
  }

  rooms(by: UserId, to: readonly string[]): Room[] {
    const rooms = to.map((recipient) => this.#targets.find(by, recipient)?.room);
    return [...new Set(rooms.filter((room) => room !== undefined))];
  }
}

export function distinctRecipients(to: readonly string[]): string[] {
  const seen = new Set<string>();
  return to.filter((recipient) => {
    const key = targetKey(recipient);
    return seen.has(key) ? false : seen.add(key);
  });
}

export function sameRecipients(recipient: readonly string[], other: readonly string[]): boolean {
  const keys = new Set(recipient.map(targetKey));
  return keys.symmetricDifference(new Set(other.map(targetKey))).size === 0;
}

function targetKey(to: string): string {
  const { kind, name } = parseTarget(to);
  return `${kind} ${foldName(name)}`;
}
