/** Refuses requests for which the server is too old, so that none is half done or ignored. */

import { Fault, msg } from "../../base/fault.ts";
import { EVERYWHERE } from "../../core/rooms/prefs.ts";
import { isKnownKind } from "../../wire/kinds.ts";
import type { NoticeOf, RequestFields, RequestKind } from "../../wire/messages.ts";
import {
  announcedVersion,
  KNOWN_VERSION,
  newerOf,
  POST_BODY_SINCE,
  REQUEST_FIELDS_SINCE,
  REQUESTS_SINCE,
  VERSIONS,
  type Version,
  versionOf,
} from "../../wire/since.ts";

/** Newest version whose requests and fields the server knows, as far as this program does. */
export function serverVersion({ knows, early }: NoticeOf<"welcome">): Version {
  // Programs between the two versions send `early`, but not `knows`.
  if (knows === undefined && early === true) return "0.3.0";
  return announcedVersion(knows);
}

/** Newest version whose records all servers of the server's cluster know. */
export function clusterVersion(welcome: NoticeOf<"welcome">): Version {
  const { clusterKnows } = welcome;
  return clusterKnows === undefined ? serverVersion(welcome) : announcedVersion(clusterKnows);
}

/** Fields of requests that a user asks for. An older server may ignore all others. */
const RELIED_ON: Readonly<Record<string, readonly string[]>> = {
  "prefs-set": ["notify", "status", "statusUntil", "keywords", "unreadFirst"],
  join: ["assignment", "topic"],
  kick: ["reason"],
  leave: ["reason"],
  offer: ["re", "thread"],
  finish: ["re", "thread"],
};
/** Likewise in posts. Text that mentions everyone is a message even without the mention. */
const RELIED_ON_IN_POSTS = ["notice", "poll", "thread"] as const;

/** @returns `undefined` if a server of this version knows the request and what the user asks for */
export function unsupported<Kind extends RequestKind>(
  version: Version,
  kind: Kind,
  fields: Partial<RequestFields<Kind>>,
): Fault | undefined {
  if (version === KNOWN_VERSION) return undefined;
  const needed = versionNeeded(kind, fields as Readonly<Record<string, unknown>>);
  if (newerOf(version, needed) === version) return undefined;
  return new Fault("kind-unknown", msg`the server runs an older chat than this needs (${needed})`, {
    remedy: msg`ask the server's operator to upgrade chat`,
  });
}

/**
 * Returns the fault of a request that the server would refuse, so that a command checks all of its
 * requests before it sends the first.
 * @returns `undefined` unless the cluster has servers that do not know the record of that name
 */
export function unsupportedRecord(cluster: Version, kind: RequestKind): Fault | undefined {
  const needed = isKnownKind(kind) ? versionOf({ kind, body: undefined }) : VERSIONS[0];
  if (newerOf(cluster, needed) === cluster) return undefined;
  const message = msg`not all servers of this cluster support this yet`;
  return new Fault("kind-unknown", message, { remedy: msg`upgrade them to chat ${needed} first` });
}

function versionNeeded(kind: string, fields: Readonly<Record<string, unknown>>): Version {
  const since: Readonly<Record<string, Version>> = REQUESTS_SINCE;
  const own = since[kind];
  if (own !== undefined) return own;
  let needed: Version = "0.2.0";
  const add = (
    table: Readonly<Record<string, Version>> | undefined,
    names: readonly string[],
    values: Readonly<Record<string, unknown>>,
  ) => {
    for (const name of names) {
      if (values[name] !== undefined) needed = newerOf(needed, table?.[name] ?? needed);
    }
  };
  const ofFields: Readonly<Record<string, Readonly<Record<string, Version>>>> =
    REQUEST_FIELDS_SINCE;
  add(ofFields[kind], RELIED_ON[kind] ?? [], fields);
  if (kind === "post" && typeof fields["body"] === "object" && fields["body"] !== null) {
    add(POST_BODY_SINCE, RELIED_ON_IN_POSTS, fields["body"] as Readonly<Record<string, unknown>>);
  }
  // 0.2.0 stores settings for all rooms as those of a room of this name.
  if (kind === "prefs-set" && fields["room"] === EVERYWHERE) needed = newerOf(needed, "0.3.0");
  return needed;
}
