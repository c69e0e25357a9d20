/** Refuses requests for which the server is too old, so that none is half done or ignored. */

import { Fault, msg } from "../../base/fault.ts";
import { isKnownKind } from "../../wire/kinds.ts";
import type { NoticeOf, RequestFields, RequestKind } from "../../wire/messages.ts";
import {
  announcedVersion,
  FIRST_VERSION,
  newerOf,
  newestVersion,
  type Version,
  versionOf,
  versionOfRequest,
} from "../../wire/since.ts";

/** Newest version whose requests and fields the server knows, as far as this program does. */
export function serverVersion({ knows }: NoticeOf<"welcome">): Version {
  return announcedVersion(knows);
}

/** Newest version whose records all servers of the server's cluster know. */
export function clusterVersion(welcome: NoticeOf<"welcome">): Version {
  const { clusterKnows } = welcome;
  return clusterKnows === undefined ? serverVersion(welcome) : announcedVersion(clusterKnows);
}

/** @returns `undefined` if a server of this version knows the request and what the user asks for */
export function unsupported<Kind extends RequestKind>(
  version: Version,
  kind: Kind,
  fields: Partial<RequestFields<Kind>>,
): Fault | undefined {
  if (version === newestVersion()) return undefined;
  const given = fields as Readonly<Record<string, unknown>>;
  const needed = versionOfRequest(kind, given);
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
  const needed = isKnownKind(kind) ? versionOf({ kind, body: undefined }) : FIRST_VERSION;
  if (newerOf(cluster, needed) === cluster) return undefined;
  const message = msg`not all servers of this cluster support this yet`;
  return new Fault("kind-unknown", message, { remedy: msg`upgrade them to chat ${needed} first` });
}
