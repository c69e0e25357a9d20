/** `chat admin log`, which prints events and operators' decisions. */

import { Fault } from "../../base/fault.ts";
import { formatUtc } from "../../base/time.ts";
import { stringFlag } from "../../cli/command.ts";
import { operatorList } from "../../cli/connect/operator.ts";
import type { Context } from "../../cli/context.ts";
import { timeFlag } from "../../cli/flags.ts";
import type { JsonOutput } from "../../cli/output/render.ts";
import { timeCell } from "../../cli/output/result.ts";
import type { Client } from "../../client/client.ts";
import { namesOfFiles } from "../../core/client/grep.ts";
import type { Answer } from "../../wire/messages.ts";
import { parseObject } from "../../wire/record.ts";

type EventEntry = Answer<"events">["events"][number];

export const log = operatorList({
  summary: "Show events and decisions",
  examples: ["chat admin log", "chat admin log --since 30d --json"],
  args: {
    since: stringFlag("T", "ISO 8601, or 10m, 2h, 3d ago"),
    until: stringFlag("T", "ISO 8601, or 10m, 2h, 3d ago"),
  },
  details:
    "Shows recent events since the server started. With --since, also earlier decisions: " +
    "bans, kicks, roles, resets, invites. chat serve --json prints everything live.",
  check: boundsOf,
  async fetch(args, { client, context }) {
    const { since = 0, until = Number.MAX_SAFE_INTEGER } = boundsOf(args, context);
    const { events } = await client.request("events", {});
    const latest = Math.min(until, (events[0]?.time ?? Number.MAX_SAFE_INTEGER) - 1);
    const isOlder = args.since !== undefined && since <= latest;
    const earlier = isOlder ? await fetchDecisions(client, { since, until: latest }) : [];
    return [...earlier, ...events].filter(({ time }) => time >= since && time <= until);
  },
  json: eventJson,
  columns: {
    time: ({ time }, style) => timeCell(time, style),
    what: kindOf,
    about: (entry) => detailsOf(entry).join(", "),
  },
});

interface TimeFlags {
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** @throws {Fault} usage */
function boundsOf({ since, until }: TimeFlags, context: Context) {
  return { since: timeFlag(context, since, "start"), until: timeFlag(context, until, "end") };
}

async function fetchDecisions(
  client: Client,
  bounds: { readonly since: number; readonly until: number },
): Promise<readonly EventEntry[]> {
  const pages: (readonly EventEntry[])[] = [];
  let earlier: Answer<"decisions">["next"];
  for (;;) {
    const query = earlier === undefined ? bounds : { ...bounds, before: earlier };
    const { events, next } = await client.request("decisions", query);
    pages.unshift(events);
    if (next === undefined) return pages.flat();
    // Protects against a malicious server that returns pages endlessly.
    if (
      earlier !== undefined &&
      next.accounts + next.history >= earlier.accounts + earlier.history
    ) {
      throw new Fault("frame-malformed", "the server repeats the same decisions");
    }
    earlier = next;
  }
}

function recordOf({ record }: EventEntry) {
  return {
    head: (record?.head && parseObject(record.head)) ?? {},
    body: (record?.body && parseObject(record.body)) ?? {},
  };
}

function kindOf(entry: EventEntry): string {
  const { head, body } = recordOf(entry);
  const { kind } = head;
  if (typeof kind !== "string") return entry.decision ?? entry.event;
  return body["on"] === false ? `${kind} off` : kind;
}

function detailsOf(entry: EventEntry): string[] {
  const { body } = recordOf(entry);
  const { by, whom, user, until, record, room, between, name, to, address, program, reason } =
    entry;
  const names = namesOfFiles(body);
  const files = names.length === 0 ? undefined : names.join(", ");
  const texts = [body["text"], body["topic"], body["name"], files, body["react"]];
  const details = [
    ...[by, user, record?.from, whom, room?.name === undefined ? undefined : `#${room.name}`],
    ...[between?.join(" and "), texts.find((word) => typeof word === "string"), name],
    ...[to?.join(" "), address, program, reason ?? body["reason"]],
    until === undefined ? undefined : `until ${formatUtc(until)}`,
  ];
  return details.filter((detail): detail is string => typeof detail === "string" && detail !== "");
}

function eventJson(entry: EventEntry): JsonOutput {
  const { record, room, time, until, file: id, ...fields } = entry;
  const { head, body } = recordOf(entry);
  return {
    kind: "event",
    ...fields,
    time: formatUtc(time),
    until: until === undefined ? undefined : formatUtc(until),
    id,
    room: room?.name,
    record: record === undefined ? undefined : head["kind"],
    seq: record === undefined ? undefined : head["seq"],
    from: record?.from,
    body: record?.body === undefined ? undefined : body,
  };
}
