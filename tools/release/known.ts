/** Record kinds, requests and their fields that a release knows. */

import { KINDS } from "../../src/wire/kinds.ts";
import { postBody, REQUESTS } from "../../src/wire/messages.ts";

/** Names of fields by kind. */
type FieldNames = Readonly<Record<string, readonly string[]>>;

export interface Known {
  readonly kinds: FieldNames;
  /** `post` has the fields of its body. */
  readonly requests: FieldNames;
}

/** Everything that this program knows. */
export function knownNow(): Known {
  const requests = Object.entries(REQUESTS).map(([kind, { fields }]) => {
    return [kind, Object.keys(kind === "post" ? postBody.entries : fields)] as const;
  });
  const kinds = Object.entries(KINDS).map(([kind, { body }]) => [kind, Object.keys(body)] as const);
  return { kinds: Object.fromEntries(kinds), requests: Object.fromEntries(requests) };
}

/** Names that only `now` knows, such as `record poll` and `request join.due`. */
export function additionsSince(before: Known, now: Known): string[] {
  return (["kinds", "requests"] as const).flatMap((table) => {
    const label = table === "kinds" ? "record" : "request";
    return Object.entries(now[table]).flatMap(([kind, fields]) => {
      const known = before[table][kind];
      if (known === undefined) return [`${label} ${kind}`];
      return fields.flatMap((field) =>
        known.includes(field) ? [] : [`${label} ${kind}.${field}`],
      );
    });
  });
}
