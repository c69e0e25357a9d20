import * as v from "valibot";
import { FILE_BYTES_MAX, MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { mayReceive, type Phase, phaseOf, type Role } from "../../src/core/session/phase.ts";
import { fileId, id, name, recordFields, target, unixMs } from "../../src/wire/field.ts";
import { fileDetails } from "../../src/wire/file-details.ts";
import {
  NOTICES,
  type NoticeKind,
  REQUESTS,
  type RequestKind,
  requestRow,
} from "../../src/wire/messages.ts";
import { ADDITIONS } from "../../src/wire/since.ts";
import { type Parts, requirements } from "./any-message.ts";

export function requestTable(): string {
  const rows = (Object.keys(REQUESTS) as RequestKind[]).map((kind) => {
    const { fields, answer, role, needsAccount, postCount } = requestRow(kind);
    const phase = phaseOf(kind);
    const posts = typeof postCount === "function" ? "posts by size" : `${postCount} post`;
    const notes = [
      ...(phase === "member" ? [] : [phase]),
      ...(role === undefined ? [] : [role]),
      ...(needsAccount === false ? ["token"] : []),
      ...(postCount === undefined ? [] : [posts]),
    ];
    return [label(kind, notes), fieldsText(fields as unknown as Entries), answerText(answer)];
  });
  return table([["kind", "fields", "answer"], ...rows]);
}

export function recordText(): string {
  return `{${fieldsText(recordFields as unknown as Entries, ", ")}}`;
}

export function noticeTable(): string {
  const rows = Object.entries(NOTICES).map(([kind, fields]) => {
    const isFromBoth = isReceivedBy("client", kind) && isReceivedBy("server", kind);
    const from = isReceivedBy("client", kind) ? [] : ["client"];
    const fieldList = fieldsText(fields as unknown as Entries);
    return [label(kind, isFromBoth ? ["both"] : from), fieldList];
  });
  return table([["kind", "fields"], ...rows]);
}

/** Everything that 0.4.0 lacks. */
export function sinceTables(): string {
  const { kinds, fields, requests, requestFields } = ADDITIONS;
  const rowsOf = Object.entries(fields).flatMap(([kind, rows]) =>
    Object.entries(rows).map(([field, row]) => [`${kind}.${field}`, row] as const),
  );
  const records = [...Object.entries(kinds), ...rowsOf].map(([name, row]) => {
    return [`\`${name}\``, row.since, row.client, row.server];
  });
  const asked = Object.entries(requests).map(([kind, since]) => [`\`${kind}\``, since, "refuses"]);
  const askedFields = Object.entries(requestFields).flatMap(([kind, rows]) =>
    Object.entries(rows).map(([field, since]) => [`\`${kind}.${field}\``, since, "ignores"]),
  );
  return [
    table([["record or field", "since", "client without it", "server without it"], ...records]),
    table([["request or field", "since", "server without it"], ...asked, ...askedFields]),
  ].join("\n\n");
}

/** Formats a kind and its properties that differ from the usual ones: `kick` (1 post). */
function label(kind: string, notes: readonly string[]): string {
  return `\`${kind}\`${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`;
}

const EXACT_BYTES_MAX = 65;

type Entries = Readonly<Record<string, Parts>>;

function isReceivedBy(role: Role, kind: string): boolean {
  const phases: readonly Phase[] = ["greeting", "entering", "member", "lane"];
  return phases.some((phase) => mayReceive(role, phase, kind as NoticeKind));
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function answerText(answer: v.GenericSchema): string {
  return fieldsText((answer as unknown as Parts).entries ?? {});
}

/** Formats fields; neighbours of one type are combined: `a`, `b`? count. */
function fieldsText(entries: Entries, separator = "; "): string {
  const groups: { names: string[]; type: string }[] = [];
  for (const [field, schema] of Object.entries(entries)) {
    const isOptional = schema.type === "optional";
    const type = typeText((isOptional ? schema.wrapped : schema) as Parts);
    const label = `\`${field}\`${isOptional ? "?" : ""}`;
    const last = groups.at(-1);
    if (last?.type === type) last.names.push(label);
    else groups.push({ names: [label], type });
  }
  return groups.map(({ names, type }) => `${names.join(", ")} ${type}`).join(separator);
}

const NAMED = new Map<unknown, string>([
  [name, "name"],
  [id, "id"],
  [target, "target"],
  [fileId, "file"],
  [unixMs, "moment"],
  [recordFields, "record"],
  [NOTICES.event, "event"],
  [REQUESTS.pins.answer.entries.rooms.item.entries, "room"],
  [NOTICES.offered.folder.wrapped, "folder"],
  [fileDetails, "details"],
  [NOTICES.fault.template.wrapped, "template"],
]);

function typeText(schema: Parts): string {
  const named = NAMED.get(schema) ?? NAMED.get(schema.entries);
  if (named !== undefined) return named;
  switch (schema.type) {
    case "boolean":
      return "flag";
    case "picklist":
      return (schema.options ?? []).map((option) => `"${option}"`).join(" or ");
    case "number":
      return numberText(requirements(schema, "min_value"), requirements(schema, "max_value"));
    case "string":
      return `text${range(requirements(schema, "min_length"), requirements(schema, "max_bytes"))}`;
    case "custom":
      return `bytes${bytesRange(schema as unknown as v.GenericSchema)}`;
    case "array": {
      const size = range(requirements(schema, "min_length"), requirements(schema, "max_length"));
      return `list of${size} ${plural(typeText(schema.item as Parts))}`;
    }
    default:
      return `{${fieldsText(schema.entries ?? {}, ", ")}}`;
  }
}

function plural(type: string): string {
  return [...NAMED.values(), "count"].includes(type) ? `${type}s` : type;
}

function numberText(mins: readonly number[], maxs: readonly number[]): string {
  const [min, max] = [Math.max(...mins), Math.min(...maxs)];
  if (max === FILE_BYTES_MAX) return "size";
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? "count" : "positive";
  return min === 0 ? `count ≤${max}` : `${min} to ${max}`;
}

function range(mins: readonly number[], maxs: readonly number[]): string {
  const [min, max] = [Math.max(0, ...mins), Math.min(...maxs)];
  if (max === Number.POSITIVE_INFINITY) return "";
  return min === 0 ? ` ≤${max}` : ` ${min} to ${max}`;
}

/** Searches for the limits of a bytes schema, which does not expose them. */
function bytesRange(schema: v.GenericSchema): string {
  const takes = (size: number) => v.is(schema, new Uint8Array(size));
  const min = Array.from({ length: EXACT_BYTES_MAX + 1 }, (_, size) => size).findIndex(takes);
  let [max, over] = [min, MESSAGE_BYTES_MAX + 1];
  while (over - max > 1) {
    const middle = (max + over) >>> 1;
    if (takes(middle)) max = middle;
    else over = middle;
  }
  return min === max ? ` ${min}` : range([min], [max]);
}
