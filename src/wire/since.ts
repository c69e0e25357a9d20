/** Version that introduced each record kind, request and field, and what programs without it do. */

import type { RecordKind } from "./kinds.ts";
import type { RequestKind } from "./messages.ts";
import type { Draft } from "./record.ts";

/** Version of the program in which something was introduced, such as 0.4.0. */
export type Version = `${number}.${number}.${number}`;

/**
 * Behaviour of a program that does not know a kind or a field. A field that restricts access has
 * `server: "stops"`.
 */
export interface Since {
  readonly since: Version;
  /**
   * `skipped`: skips it as the server asks, because it would show a line for each. `plain`: shows
   * the record as if the field were absent. `unsent`: does not receive it.
   */
  readonly client: "skipped" | "plain" | "unsent";
  /**
   * `stops`: opens no data folder with it, and stops at it in the stream of a cluster. A cluster
   * records it only when all servers know it. `ignores`: works as if the field were absent.
   */
  readonly server: "stops" | "ignores";
}

type Table<Name extends string, Row> = Readonly<Partial<Record<Name, Row>>>;
type Fields<Row> = Readonly<Record<string, Row>>;

/** Kinds, fields and requests that 0.4.0 lacks. */
export interface Additions {
  /** Versions that introduced kinds or fields of records, oldest first. */
  readonly versions: readonly [Version, ...Version[]];
  readonly kinds: Table<RecordKind, Since>;
  readonly fields: Table<RecordKind, Fields<Since>>;
  /** Servers without a request answer it with `kind-unknown`. */
  readonly requests: Table<RequestKind, Version>;
  /** Servers without a field of a request ignore it. `post` has the fields of its body. */
  readonly requestFields: Table<RequestKind, Fields<Version>>;
  /** Fields of requests for which a user asks, so that an older server must not ignore them. */
  readonly reliedOn: Table<RequestKind, readonly string[]>;
}

/** Version 0.4.0 has no rows. Tests add some, as a later version will. */
export const ADDITIONS: Additions = {
  versions: ["0.4.0"],
  kinds: {},
  fields: {},
  requests: {},
  requestFields: {},
  reliedOn: {},
};

/** Oldest version whose records and requests this program knows. */
export const FIRST_VERSION: Version = ADDITIONS.versions[0];
/** Newest version whose records this program knows. */
export function newestVersion(): Version {
  return ADDITIONS.versions.at(-1) ?? FIRST_VERSION;
}

/** First version whose servers may record the draft. */
export function versionOf({ kind, body }: Pick<Draft, "kind" | "body">): Version {
  const row = ADDITIONS.kinds[kind];
  if (row !== undefined) return row.since;
  const fields = ADDITIONS.fields[kind];
  if (fields === undefined || typeof body !== "object" || body === null) return FIRST_VERSION;
  let version = FIRST_VERSION;
  for (const name in fields) {
    const field = fields[name];
    if (field?.server !== "stops" || !Object.hasOwn(body, name)) continue;
    version = newerOf(version, field.since);
  }
  return version;
}

/** First version whose servers neither refuse the request nor ignore a field the user relies on. */
export function versionOfRequest(
  kind: RequestKind,
  fields: Readonly<Record<string, unknown>>,
): Version {
  const { requests, requestFields, reliedOn } = ADDITIONS;
  const own = requests[kind];
  if (own !== undefined) return own;
  const values: unknown = kind === "post" ? fields["body"] : fields;
  if (typeof values !== "object" || values === null) return FIRST_VERSION;
  let version = FIRST_VERSION;
  for (const name of reliedOn[kind] ?? []) {
    const since = requestFields[kind]?.[name];
    const isUsed = (values as Readonly<Record<string, unknown>>)[name] !== undefined;
    if (isUsed && since !== undefined) version = newerOf(version, since);
  }
  return version;
}

export function newerOf(a: Version, b: Version): Version {
  const { versions } = ADDITIONS;
  return versions.indexOf(a) < versions.indexOf(b) ? b : a;
}

/** `undefined` for a version that this program does not know. */
export function knownVersion(value: unknown): Version | undefined {
  return ADDITIONS.versions.find((version) => version === value);
}

/**
 * Newest version whose records another program knows, as it announced. Later programs also know
 * what this one knows. A program that announces nothing counts as the oldest.
 */
export function announcedVersion(knows: unknown): Version {
  if (typeof knows !== "string") return FIRST_VERSION;
  return knownVersion(knows) ?? newestVersion();
}

/** Reports whether a program that knows the records of `version` knows the kind. */
export function isKnownIn(version: Version, kind: RecordKind): boolean {
  return newerOf(version, versionOf({ kind, body: undefined })) === version;
}
