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
  const labels = new Labels(channels);
  if (match === undefined) {
    const listed = labels.listOf(channels);
    const message = `no channel ${quoteText(wanted)} in the export; channels: ${listed}`;
    throw new Fault("not-found", message, { remedy: "choose one with --channel" });
  }
  const isTeamNamed =
    match.team === undefined ||
    labels.teamCount <= 1 ||
    fullLabelsOf(match).some((label) => folded(label) === folded(wanted));
  if (matches.length === 1 && isTeamNamed) return match;
  const reason = isTeamNamed
    ? `the export has several channels named ${quoteText(wanted)}`
    : `the export has ${labels.teamCount} teams`;
  const listed = labels.listOf(matches.length > 1 ? matches : channels);
  throw new Fault("usage", `${reason}: ${listed}`, {
    remedy: `choose one with --channel, such as --channel ${quoteText(labels.labelOf(match))}`,
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

/** Lists the first labels, and counts the others. */
function firstOf(labels: readonly string[]): string {
  const moreCount = labels.length - LISTED_MAX;
  const more = moreCount > 0 ? ` and ${moreCount} more` : "";
  return labels.slice(0, LISTED_MAX).join(", ") + more;
}

/** Names of the channels by which a user can tell them apart. */
class Labels {
  readonly teamCount: number;
  readonly #isOnlyTeam: boolean;
  /** Number of channels that have each label. */
  readonly #counts = new Map<string, number>();

  constructor(channels: readonly ExportChannel[]) {
    const teams = new Set(channels.map(({ team }) => team));
    this.teamCount = teams.size - (teams.has(undefined) ? 1 : 0);
    this.#isOnlyTeam = this.teamCount <= 1;
    for (const channel of channels)
      for (const label of new Set(labelsOf(channel).map(composed)))
        this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }

  listOf(channels: readonly ExportChannel[]): string {
    const labels = channels.map((channel) => cleanText(this.labelOf(channel))).sort();
    return firstOf(labels) || "none";
  }

  /** Returns the shortest of the channel's names that looks different from those of the others. */
  labelOf({ name, team, group, aliases = [] }: ExportChannel): string {
    const prefix = team === undefined || this.#isOnlyTeam ? "" : `${team}/`;
    const candidates = [`${prefix}${name}`]
      .concat(group === undefined ? [] : [`${prefix}${group}/${name}`])
      .concat(aliases.map((alias) => `${prefix}${alias}`));
    const isOwn = (label: string) => this.#counts.get(composed(label)) === 1;
    return candidates.find(isOwn) ?? candidates[0] ?? name;
  }
}
