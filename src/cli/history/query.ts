/** Flags of `chat history`. */

import { GREP_BYTES_MAX } from "../../base/limits.ts";
import { checkName, type Name, type Target } from "../../base/names.ts";
import { READ_KINDS, type RecordKind } from "../../wire/kinds.ts";
import type { Context } from "../context.ts";
import { usageFault } from "../errors.ts";
import { timeFlag } from "../flags.ts";

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

export interface HistoryFlags {
  readonly room: string | undefined;
  readonly with: string | undefined;
  readonly from: string | undefined;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly last: number | undefined;
  readonly grep: string | undefined;
  readonly exact: boolean;
  readonly ignoreCase: boolean;
  readonly kind: string | undefined;
  readonly files: boolean;
}

/** @throws {Fault} usage, name-invalid */
export function historyOptions(context: Context, flags: HistoryFlags): HistoryOptions {
  const target = targetOf(flags);
  const from =
    flags.from === undefined ? undefined : checkName(flags.from.replace(/^@/, ""), "person's name");
  const { last, grep, exact, ignoreCase } = flags;
  if (exact && ignoreCase) {
    throw usageFault("--exact and --ignore-case cannot be combined", "use only one of them");
  }
  const kinds = kindsOf(flags);
  if (Buffer.byteLength(grep ?? "") > GREP_BYTES_MAX) {
    throw usageFault(`search text can have at most ${GREP_BYTES_MAX} bytes`, "shorten it");
  }
  const sinceMs = timeFlag(context, flags.since, "start");
  const untilMs = timeFlag(context, flags.until, "end");
  const isOverview =
    target === undefined &&
    from === undefined &&
    sinceMs === undefined &&
    untilMs === undefined &&
    grep === undefined &&
    last === undefined &&
    kinds === undefined;
  return { target, from, sinceMs, untilMs, grep, ignoreCase: !exact, kinds, last, isOverview };
}

function kindsOf({ kind, files }: HistoryFlags): ReadonlySet<RecordKind> | undefined {
  if (kind === undefined) return files ? new Set(["file"]) : undefined;
  if (files) {
    throw usageFault("--files and --kind cannot be combined", "use only one of them");
  }
  return new Set([...READ_KINDS].filter((known) => kind.split(",").includes(known)));
}

function targetOf({ room, with: person }: HistoryFlags): Target | undefined {
  if (room !== undefined && person !== undefined) {
    throw usageFault("--room and --with cannot be combined", "use only one of them");
  }
  if (room !== undefined) {
    return { kind: "room", name: checkName(room.replace(/^#/, ""), "room's name") };
  }
  if (person === undefined) return undefined;
  return { kind: "person", name: checkName(person.replace(/^@/, ""), "person's name") };
}
