/** Selects one channel of an export, so that messages of several rooms are never mixed. */

import { Fault } from "../../base/fault.ts";
import { cleanText, quoteText } from "../../base/text.ts";
import type { ReadOptions } from "./entry.ts";

export interface ExportChannel {
  readonly name: string;
  /** Team, workspace or server; absent if the export has none, as for direct messages. */
  readonly team?: string | undefined;
  /** Folder of channels within the team. */
  readonly group?: string | undefined;
  /** Other names under which the channel can be chosen, such as its id. */
  readonly aliases?: readonly string[];
}

const LISTED_MAX = 20;

/**
 * @returns the only channel that the name can mean
 * @throws {Fault} not-found if there is none; usage, with a list, if there are several, or if the
 * export has several teams and the name does not say which
 */
export function selectChannel<Channel extends ExportChannel>(
  channels: readonly Channel[],
  { channel: wanted }: ReadOptions,
): Channel {
  const found = [exact, composed, folded].map((form) =>
    channels.filter((channel) => labelsOf(channel).some((label) => form(label) === form(wanted))),
  );
  const matches = found.find((some) => some.length > 0) ?? [];
  const [match] = matches;
  if (match === undefined) {
    const message = `no channel ${quoteText(wanted)} in the export; channels: ${listOf(channels)}`;
    throw new Fault("not-found", message, { remedy: "choose one with --channel" });
  }
  const teams = new Set(channels.flatMap(({ team }) => team ?? []));
  const isTeamNamed =
    match.team === undefined ||
    teams.size <= 1 ||
    fullLabelsOf(match).some((label) => folded(label) === folded(wanted));
  if (matches.length === 1 && isTeamNamed) return match;
  const reason = isTeamNamed
    ? `the export has several channels named ${quoteText(wanted)}`
    : `the export has ${teams.size} teams`;
  throw new Fault("usage", `${reason}: ${listOf(matches.length > 1 ? matches : channels)}`, {
    remedy: `choose one with --channel, such as --channel ${quoteText(labelOf(match, channels))}`,
  });
}

const exact = (text: string) => text;
const composed = (text: string) => text.normalize("NFC");
const folded = (text: string) => text.normalize("NFC").toLowerCase();

/** Names that mean the channel in an export of one team. */
function labelsOf(channel: ExportChannel): readonly string[] {
  const { name, group, aliases = [] } = channel;
  const inGroup = group === undefined ? [] : [`${group}/${name}`];
  return [name, ...inGroup, ...aliases, ...fullLabelsOf(channel)];
}

function fullLabelsOf({ name, team, group, aliases = [] }: ExportChannel): readonly string[] {
  if (team === undefined) return [];
  const inGroup = group === undefined ? [] : [`${team}/${group}/${name}`];
  return [`${team}/${name}`, ...inGroup, ...aliases.map((alias) => `${team}/${alias}`)];
}

function listOf(channels: readonly ExportChannel[]): string {
  const labels = channels.map((channel) => cleanText(labelOf(channel, channels))).sort();
  return firstOf(labels) || "none";
}

/** Lists the first labels, and counts the others. */
function firstOf(labels: readonly string[]): string {
  const moreCount = labels.length - LISTED_MAX;
  const more = moreCount > 0 ? ` and ${moreCount} more` : "";
  return labels.slice(0, LISTED_MAX).join(", ") + more;
}

/** Returns the shortest of the channel's names that looks different from those of the others. */
function labelOf(channel: ExportChannel, channels: readonly ExportChannel[]): string {
  const { name, team, group, aliases = [] } = channel;
  const isOnlyTeam = channels.every((other) => other.team === undefined || other.team === team);
  const prefix = team === undefined || isOnlyTeam ? "" : `${team}/`;
  const candidates = [`${prefix}${name}`]
    .concat(group === undefined ? [] : [`${prefix}${group}/${name}`])
    .concat(aliases.map((alias) => `${prefix}${alias}`));
  const others = channels.filter((other) => other !== channel);
  const isOwn = (label: string) =>
    others.every((other) => labelsOf(other).every((used) => composed(used) !== composed(label)));
  return candidates.find(isOwn) ?? candidates[0] ?? name;
}
