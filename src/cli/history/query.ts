/** Flags of `chat history`. */

import { GREP_BYTES_MAX } from "../../base/limits.ts";
import type { Name, Target } from "../../base/names.ts";
import { READ_KINDS, type RecordKind } from "../../wire/kinds.ts";
import { type FlagDefs, type FlagValues, flag, stringFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { usageFault } from "../errors.ts";
import { parseRoomName, parseUserName, timeFlag } from "../flags.ts";

export interface HistoryOptions {
  readonly target: Target | undefined;
  readonly from: Name | undefined;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly grep: string | undefined;
  readonly ignoreCase: boolean;
  readonly kinds: ReadonlySet<RecordKind> | undefined;
  readonly last: number | undefined;
  readonly isOverview: boolean;
}

export const FILTER_FLAGS = {
  room: stringFlag("ROOM", "Only this room", { parse: parseRoomName }),
  with: stringFlag("@NAME", "Only direct messages with this user", { parse: parseUserName }),
  from: stringFlag("NAME", "Only messages from this user", { parse: parseUserName }),
  since: stringFlag("T", "ISO 8601, or 10m, 2h, 3d ago"),
  until: stringFlag("T", "ISO 8601, or 10m, 2h, 3d ago"),
  last: stringFlag("N", "Only the last N messages that match the other filters", {
    integer: { min: 1, max: Number.MAX_SAFE_INTEGER },
  }),
  grep: stringFlag("TEXT", "Only messages that contain this text"),
  exact: flag("Make --grep case-sensitive"),
  ignoreCase: flag("Ignore case (default)", { alias: "i" }),
  kind: stringFlag(
    "KIND,...",
    "Only these kinds: text, action, topic, file, join, leave, kick, ...",
    { choices: [...READ_KINDS], list: true },
  ),
  files: flag("Only files"),
} as const satisfies FlagDefs;

type FilterFlags = FlagValues<typeof FILTER_FLAGS>;

/** @throws {Fault} usage */
export function historyOptions(context: Context, flags: FilterFlags): HistoryOptions {
  const target = targetOf(flags);
  const { from, last, grep, exact, ignoreCase } = flags;
  if (exact && ignoreCase) {
    throw usageFault("--exact and --ignore-case cannot be combined", "use only one of them");
  }
  const kinds = kindsOf(flags);
  if (Buffer.byteLength(grep ?? "") > GREP_BYTES_MAX) {
    throw usageFault(`search text can have at most ${GREP_BYTES_MAX} bytes`, "shorten it");
  }
  const sinceMs = timeFlag(context, flags.since, "start");
  const untilMs = timeFlag(context, flags.until, "end");
  const isOverview = [target, from, sinceMs, untilMs, grep, last, kinds].every(
    (filter) => filter === undefined,
  );
  return { target, from, sinceMs, untilMs, grep, ignoreCase: !exact, kinds, last, isOverview };
}

function kindsOf({ kind, files }: FilterFlags): ReadonlySet<RecordKind> | undefined {
  if (kind === undefined) return files ? new Set(["file"]) : undefined;
  if (files) {
    throw usageFault("--files and --kind cannot be combined", "use only one of them");
  }
  return new Set([...READ_KINDS].filter((known) => kind.split(",").includes(known)));
}

function targetOf({ room, with: person }: FilterFlags): Target | undefined {
  if (room !== undefined && person !== undefined) {
    throw usageFault("--room and --with cannot be combined", "use only one of them");
  }
  if (room !== undefined) return { kind: "room", name: room };
  return person === undefined ? undefined : { kind: "person", name: person };
}
